import type { Charge, Tariff } from "../tariff/index.ts";

interface TariffPlace {
  readonly zone: string;
  /** ISO 4217, default AUD. */
  readonly currency?: string;
}

/** The gas tariff of the demo utility: a standing charge and kWh in two daily tiers, converted from the metered volume; tax. */
export function residentialGas({ zone, currency = "AUD" }: TariffPlace): Tariff {
  return oneVersion({ id: "home-gas", name: "Home Gas", commodity: "gas", zone, currency }, [
    { kind: "fixed", id: "supply", label: "Daily supply charge", amount: "0.68", per: "day" },
    {
      kind: "energy",
      id: "gas",
      label: "Gas",
      flow: "import",
      tiers: {
        basis: "day",
        tiers: [
          { upTo: "14", rate: "0.1409" },
          { upTo: null, rate: "0.1024" },
        ],
      },
    },
    { kind: "percentage", id: "gst", label: "GST", percent: "10", isTax: true },
  ]);
}

/** The water tariff of the demo utility: a standing charge, cubic metres in two monthly tiers, sewage as a share of the water. */
export function residentialWater({ zone, currency = "AUD" }: TariffPlace): Tariff {
  return oneVersion({ id: "home-water", name: "Home Water", commodity: "water", zone, currency }, [
    { kind: "fixed", id: "service", label: "Water service charge", amount: "0.21", per: "day" },
    {
      kind: "energy",
      id: "water",
      label: "Water",
      flow: "volume",
      tiers: {
        basis: "day",
        tiers: [
          { upTo: "0.55", rate: "2.67" },
          { upTo: null, rate: "3.55" },
        ],
      },
    },
    { kind: "energy", id: "sewage", label: "Sewage, 75 % of the water", flow: "volume", share: "0.75", rate: "1.17" },
  ]);
}

/** The district-heating tariff of the demo utility: megawatt-hours, and capacity by the highest hour. */
export function districtHeating({ zone, currency = "AUD" }: TariffPlace): Tariff {
  return oneVersion({ id: "home-heat", name: "District Heating", commodity: "heat", zone, currency }, [
    { kind: "fixed", id: "metering", label: "Metering", amount: "0.18", per: "day" },
    { kind: "energy", id: "heat", label: "Heat", flow: "import", unit: "MWh", rate: "104.50" },
    { kind: "demand", id: "capacity", label: "Capacity, highest hour", measure: "kW", windowMinutes: 60, rate: "2.90" },
    { kind: "percentage", id: "gst", label: "GST", percent: "10", isTax: true },
  ]);
}

function oneVersion(tariff: Omit<Tariff, "versions">, charges: readonly Charge[]): Tariff {
  const cent = { places: 2, mode: "halfUp" } as const;
  return { ...tariff, versions: [{ version: 1, effectiveFrom: "2010-01-01", rounding: cent, totalRounding: cent, charges }] };
}
