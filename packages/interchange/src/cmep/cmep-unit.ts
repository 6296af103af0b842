import type { Unit } from "@amity/model";

/** What a CMEP unit field says of the values: a register that is read, or a quantity of each interval. */
export interface CmepUnit {
  readonly channel: string;
  readonly unit: Unit;
  /** One unit of the text is `factor` times 10^scaler of `unit`. */
  readonly factor: bigint;
  readonly scaler: number;
  readonly isRegister: boolean;
}

/** Per quantity: channel, unit, factor and scaler. Volumes are exact: a US gallon and a cubic foot are defined in metres. */
const QUANTITIES: Readonly<Record<string, readonly [string, Unit, bigint, number]>> = {
  KWH: ["1-0:1.8.0", "Wh", 1_000_000n, -3],
  // What the leading S of some head-ends means is not published: the name is kept, so that the flow is not guessed.
  SKWH: ["SKWH", "Wh", 1_000_000n, -3],
  KVARH: ["1-0:3.8.0", "varh", 1_000_000n, -3],
  KVAH: ["KVAH", "VAh", 1_000_000n, -3],
  GAL: ["GAL", "m3", 3_785_411_784n, -12],
  CF: ["CF", "m3", 28_316_846_592n, -12],
  CCF: ["CCF", "m3", 2_831_684_659_200n, -12],
  M3: ["M3", "m3", 1_000n, -3],
};

/** Reads a unit field (`KWH`, `KWHREG`, `GALREG`, ...). */
export function cmepUnitOf(text: string): CmepUnit | undefined {
  const isRegister = text.endsWith("REG");
  const found = QUANTITIES[isRegister ? text.slice(0, -3) : text];
  if (found === undefined) return undefined;
  const [channel, unit, factor, scaler] = found;
  return { channel, unit, factor, scaler, isRegister };
}

/** The name, commodity and terms to write a channel in; `undefined` where CMEP has none. */
export function cmepNameOf(channel: string, unit: Unit): { readonly name: string; readonly commodity: string } | undefined {
  for (const [name, [known, knownUnit]] of Object.entries(QUANTITIES)) {
    if (known === channel && knownUnit === unit) return { name, commodity: unit === "m3" ? "W" : "E" };
  }
  return undefined;
}
