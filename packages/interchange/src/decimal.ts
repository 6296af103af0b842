/** A decimal number as an integer times 10^scaler. */
export interface ScaledInteger {
  readonly value: number;
  /** Digits beyond the scaler were there and were rounded away. */
  readonly rounded: boolean;
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads decimal text exactly as an integer times 10^scaler, without a float in between; half away from zero where digits
 * are left over. `undefined` for what is no number or does not fit a safe integer.
 */
export function parseScaled(text: string, scaler: number): ScaledInteger | undefined {
  const parts = digitsOf(text, scaler);
  if (parts === undefined) return undefined;
  const value = Number(parts.kept) + (parts.roundUp ? 1 : 0);
  if (!Number.isSafeInteger(value)) return undefined;
  return { value: parts.negative && value !== 0 ? -value : value, rounded: parts.rounded };
}

/** As `parseScaled`, for registers: they may be larger than a safe integer. */
export function parseScaledBig(text: string, scaler: number): bigint | undefined {
  const parts = digitsOf(text, scaler);
  if (parts === undefined) return undefined;
  const value = BigInt(parts.kept) + (parts.roundUp ? 1n : 0n);
  return parts.negative ? -value : value;
}

/** Longest integer that text may stand for (digits). */
const DIGITS_MAX = 40;

function digitsOf(text: string, scaler: number): { kept: string; negative: boolean; roundUp: boolean; rounded: boolean } | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const whole = (match[2] ?? "").replace(/^0+(?=\d)/, "");
  const fraction = match[3] ?? "";
  if (whole === "" && fraction === "") return undefined;
  const point = whole.length + Number(match[4] ?? 0) - scaler;
  if (point > DIGITS_MAX || whole.length + fraction.length > 4 * DIGITS_MAX) return undefined;
  const digits = whole + fraction;
  const kept = point <= 0 ? "0" : digits.slice(0, point).padEnd(point, "0");
  const left = point < 0 ? "0".repeat(-point) + digits : digits.slice(point);
  return { kept, negative: match[1] === "-", roundUp: left !== "" && left.charCodeAt(0) >= 0x35, rounded: /[1-9]/.test(left) };
}

/** Writes an integer times 10^scaler as plain decimal text, exactly, without trailing zeros. */
export function formatScaled(value: number | bigint, scaler: number): string {
  const integer = BigInt(value);
  if (scaler >= 0) return (integer * 10n ** BigInt(scaler)).toString();
  const digits = (integer < 0n ? -integer : integer).toString().padStart(1 - scaler, "0");
  const fraction = digits.slice(scaler).replace(/0+$/, "");
  return `${integer < 0n ? "-" : ""}${digits.slice(0, scaler)}${fraction === "" ? "" : `.${fraction}`}`;
}
