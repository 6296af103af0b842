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
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const whole = match[2] ?? "";
  const fraction = match[3] ?? "";
  if (whole === "" && fraction === "") return undefined;
  const shift = Number(match[4] ?? 0) - scaler;
  const digits = whole + fraction;
  const point = whole.length + shift;
  if (point > 17) return Number(digits) === 0 ? { value: 0, rounded: false } : undefined;
  const kept = point <= 0 ? "0" : digits.slice(0, point).padEnd(point, "0");
  const left = point < 0 ? "0".repeat(-point) + digits : digits.slice(point);
  let value = Number(kept);
  if (left !== "" && left.charCodeAt(0) >= 0x35) value += 1;
  if (!Number.isSafeInteger(value)) return undefined;
  return { value: match[1] === "-" && value !== 0 ? -value : value, rounded: /[1-9]/.test(left) };
}
