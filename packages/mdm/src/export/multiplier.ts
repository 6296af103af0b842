import { UsageError } from "@amity/bytes";

/** The product of current and voltage transformer ratios, as decimal text. */
export type ExactMultiplier = string;

export interface Multiplied<Values> {
  readonly values: Values;
  readonly scaler: number;
}

/**
 * Secondary values as primary ones, exactly: a fraction in the multiplier makes the scaler finer.
 * @throws UsageError `multiplier` for text that is no number, or products beyond a safe integer.
 */
export function withMultiplier(values: Float64Array, scaler: number, multiplier: ExactMultiplier): Multiplied<Float64Array>;
export function withMultiplier(values: bigint, scaler: number, multiplier: ExactMultiplier): Multiplied<bigint>;
export function withMultiplier(
  values: Float64Array | bigint,
  scaler: number,
  multiplier: ExactMultiplier,
): Multiplied<Float64Array | bigint> {
  const match = /^(\d+)(?:\.(\d*?)0*)?$/.exec(multiplier);
  if (match === null) throw new UsageError(`"${multiplier}" is no multiplier`, { code: "multiplier" });
  const fraction = match[2] ?? "";
  const factor = BigInt(`${match[1] ?? ""}${fraction}`);
  const finer = scaler - fraction.length;
  if (typeof values === "bigint") return { values: values * factor, scaler: finer };
  if (factor === 1n) return { values: values.slice(), scaler: finer };
  const products = values.map((value) => value * Number(factor));
  if (!products.every(Number.isSafeInteger)) throw new UsageError("primary values do not fit safe integers", { code: "multiplier" });
  return { values: products, scaler: finer };
}
