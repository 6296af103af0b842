import { UsageError } from "@amity/bytes";
import { unitOf } from "./units.ts";

/** Attribute 3 of registers: value = raw × 10^scaler, in `unit` (see `COSEM_UNITS`). */
export interface ScalerUnit {
  readonly scaler: number;
  readonly unit: number;
}

/** Beyond this no meter scales; it keeps the digits written bounded. */
const SCALER_MAX = 32;

/** raw × 10^scaler as an exact decimal, e.g. (1234, -2) is `12.34`: nothing passes through floating point. @throws UsageError. */
export function scaledText(raw: number | bigint, scaler: number): string {
  if (typeof raw === "number" && !Number.isInteger(raw)) {
    if (!Number.isFinite(raw)) return String(raw);
    // A float32 or float64 attribute: already approximate.
    return String(raw * 10 ** checked(scaler));
  }
  const value = BigInt(raw);
  const digits = (value < 0n ? -value : value).toString();
  const sign = value < 0n ? "-" : "";
  if (checked(scaler) >= 0) return value === 0n ? "0" : `${sign}${digits}${"0".repeat(scaler)}`;
  const padded = digits.padStart(1 - scaler, "0");
  return `${sign}${padded.slice(0, scaler)}.${padded.slice(scaler)}`;
}

/**
 * The same quantity as an integer with another scaler, or `undefined` where that would lose digits.
 * (1500, 0 to 3) is undefined, (2000, 0 to 3) is 2. @throws UsageError.
 */
export function rescale(raw: number | bigint, from: number, to: number): bigint | undefined {
  const shift = checked(from) - checked(to);
  const value = BigInt(raw);
  if (shift >= 0) return value * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return value % divisor === 0n ? value / divisor : undefined;
}

/** For people: `12.34 kWh` would be another unit's, this is `12340 Wh`. */
export function formatScaled(raw: number | bigint, { scaler, unit }: ScalerUnit): string {
  const { symbol } = unitOf(unit);
  return symbol === "" ? scaledText(raw, scaler) : `${scaledText(raw, scaler)} ${symbol}`;
}

function checked(scaler: number): number {
  if (Number.isInteger(scaler) && Math.abs(scaler) <= SCALER_MAX) return scaler;
  throw new UsageError(`scaler ${scaler} is outside -${SCALER_MAX} to ${SCALER_MAX}`, { code: "out-of-range" });
}
