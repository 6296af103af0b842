import type { Commodity, FlowDirection, MeasurementKind } from "./reading-type.ts";

/** What a channel counts, in words and in the parts of a reading type that do not depend on its resolution. */
export interface MeteredQuantity {
  readonly commodity: Commodity;
  readonly kind: MeasurementKind;
  readonly flow: FlowDirection;
  /** As people say it. */
  readonly name: string;
}

/**
 * The quantities that meters of the four commodities count or show, by the OBIS code of the channel (IEC 62056-6-1 for electricity,
 * EN 13757-1 and OMS volume 2 annex A for the others: A 5 cooling, 6 heat, 7 gas, 8 cold water, 9 hot water).
 */
export const METERED_QUANTITIES: Readonly<Record<string, MeteredQuantity>> = {
  "1-0:1.8.0": { commodity: "electricity", kind: "energy", flow: "forward", name: "Active energy import" },
  "1-0:2.8.0": { commodity: "electricity", kind: "energy", flow: "reverse", name: "Active energy export" },
  "1-0:3.8.0": { commodity: "electricity", kind: "reactiveEnergy", flow: "forward", name: "Reactive energy import" },
  "1-0:4.8.0": { commodity: "electricity", kind: "reactiveEnergy", flow: "reverse", name: "Reactive energy export" },
  "5-0:1.0.0": { commodity: "heat", kind: "energy", flow: "forward", name: "Cooling energy" },
  "6-0:1.0.0": { commodity: "heat", kind: "energy", flow: "forward", name: "Heat energy" },
  "6-0:2.0.0": { commodity: "heat", kind: "volume", flow: "forward", name: "Heating water volume" },
  "6-0:8.0.0": { commodity: "heat", kind: "power", flow: "forward", name: "Heat power" },
  "6-0:10.0.0": { commodity: "heat", kind: "temperature", flow: "forward", name: "Supply temperature" },
  "6-0:11.0.0": { commodity: "heat", kind: "temperature", flow: "reverse", name: "Return temperature" },
  "7-0:3.0.0": { commodity: "gas", kind: "volume", flow: "forward", name: "Gas volume, as metered" },
  "7-0:3.1.0": { commodity: "gas", kind: "volume", flow: "forward", name: "Gas volume, temperature converted" },
  "7-0:3.2.0": { commodity: "gas", kind: "volume", flow: "forward", name: "Gas volume, base conditions" },
  "8-0:1.0.0": { commodity: "water", kind: "volume", flow: "forward", name: "Water volume" },
  "8-0:2.0.0": { commodity: "water", kind: "volume", flow: "reverse", name: "Water volume, backwards" },
  "9-0:1.0.0": { commodity: "water", kind: "volume", flow: "forward", name: "Hot water volume" },
};

const MEDIA: Readonly<Record<string, Commodity>> = {
  "0": "electricity",
  "1": "electricity",
  "5": "heat",
  "6": "heat",
  "7": "gas",
  "8": "water",
  "9": "water",
};

/** The commodity that the value group A of a channel's OBIS code names; `undefined` for names that are no OBIS code. */
export function commodityOfChannel(channel: string): Commodity | undefined {
  const [medium = ""] = channel.split("-", 1);
  return channel.includes(":") ? MEDIA[medium] : undefined;
}
