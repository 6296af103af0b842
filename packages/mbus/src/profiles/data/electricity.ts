import type { MeterProfile, ProfileField } from "../profile.ts";

/** Schneider iEM3000: energy registers beyond the standard's VIFs. Subunit 1 counts reactive energy under the VIF of the active one. */
const IEM3000: readonly ProfileField[] = [
  { name: "reactiveEnergyImport", unit: "varh", codes: [0x03], subunit: 1 },
  { name: "reactiveEnergyExport", unit: "varh", codes: [0x83, 0xff, 0x09], subunit: 1 },
  { name: "reactiveEnergyImportPartial", unit: "varh", codes: [0x83, 0xff, 0x0d], subunit: 1 },
  { name: "powerFactor", codes: [0xff, 0x0a] },
  { name: "digitalOutput", codes: [0xff, 0x32] },
  { name: "powerSystemConfiguration", codes: [0xff, 0x34] },
];

/** IME (Nemo, Conto) electricity meters: everything behind manufacturer's VIFs; tariff numbers tell the phase. */
const IME: readonly ProfileField[] = [
  { name: "powerFactor", codes: [0xff, 0x8b, 0x28], divisor: 1000 },
  { name: "powerFactorSector", codes: [0xff, 0x8c, 0x2b] },
  { name: "averagePower", unit: "kW", codes: [0xff, 0x8d, 0x2b], divisor: 1000 },
  { name: "maximumPowerTariff1", unit: "kW", codes: [0xff, 0x8e, 0x2b], tariff: 1, divisor: 1000 },
  { name: "maximumPowerTariff2", unit: "kW", codes: [0xff, 0x8e, 0x2b], tariff: 2, divisor: 1000 },
  { name: "runTime", unit: "h", codes: [0xff, 0x8f, 0x21], tariff: 7, divisor: 60 },
  { name: "runTimeTariff1", unit: "h", codes: [0xff, 0x8f, 0x21], tariff: 1, divisor: 60 },
  { name: "runTimeTariff2", unit: "h", codes: [0xff, 0x8f, 0x21], tariff: 2, divisor: 60 },
  { name: "voltageL1", unit: "V", codes: [0xff, 0x87, 0x48], tariff: 8, divisor: 10 },
  { name: "voltageL2", unit: "V", codes: [0xff, 0x87, 0x48], tariff: 9, divisor: 10 },
  { name: "voltageL3", unit: "V", codes: [0xff, 0x87, 0x48], tariff: 10, divisor: 10 },
  { name: "voltageL1L2", unit: "V", codes: [0xff, 0x88, 0x48], tariff: 8, divisor: 10 },
  { name: "voltageL2L3", unit: "V", codes: [0xff, 0x88, 0x48], tariff: 9, divisor: 10 },
  { name: "voltageL3L1", unit: "V", codes: [0xff, 0x88, 0x48], tariff: 10, divisor: 10 },
  { name: "currentL1", unit: "A", codes: [0xff, 0x89, 0x59], tariff: 8, divisor: 1000 },
  { name: "currentL2", unit: "A", codes: [0xff, 0x89, 0x59], tariff: 9, divisor: 1000 },
  { name: "currentL3", unit: "A", codes: [0xff, 0x89, 0x59], tariff: 10, divisor: 1000 },
  { name: "frequency", unit: "Hz", codes: [0xff, 0x8a, 0x48], divisor: 10 },
  ...powers("activePower", "kW", 0x84),
  ...powers("reactivePower", "kvar", 0x85),
  ...powers("apparentPower", "kVA", 0x86),
  ...energies("active", 0x80),
  ...energies("reactive", 0x81),
];

/** Energies in hundredths of kWh and kvarh, as the tariff number says: 5 total, 6 partial, 1 and 2 tariffs; 3B positive, 3C negative. */
function energies(kind: string, code: number): ProfileField[] {
  const unit = kind === "active" ? "kWh" : "kvarh";
  return [0x3b, 0x3c].flatMap((sign) =>
    [1, 2, 5, 6].map((tariff) => ({
      name: `${kind}Energy${sign === 0x3b ? "Positive" : "Negative"}${tariff === 5 ? "Total" : tariff === 6 ? "Partial" : `Tariff${tariff}`}`,
      unit,
      codes: [0xff, code, 0x84, sign],
      tariff,
      divisor: 100,
    })),
  );
}

/** Powers in thousandths; tariff 7 is the sum, 8 to 10 the phases. */
function powers(name: string, unit: string, code: number): ProfileField[] {
  return ["", "L1", "L2", "L3"].map((phase, index) => ({
    name: `${name}${phase}`,
    unit,
    codes: [0xff, code, 0x2b],
    tariff: 7 + index,
    divisor: 1000,
  }));
}

export const ELECTRICITY_PROFILES = [
  { name: "iem3000", match: [{ manufacturers: ["SEC"] }], fields: IEM3000 },
  {
    name: "ime-nemo",
    match: [{ manufacturers: ["IME"] }],
    fields: [...IME, { name: "frequency", unit: "Hz", codes: [0xff, 0x5a], divisor: 10 }],
  },
] as const satisfies readonly MeterProfile[];
