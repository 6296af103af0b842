/** An exact decimal number: `value · 10^scaler`. */
export interface DecimalValue {
  readonly value: bigint;
  readonly scaler: number;
}

const DIGITS_MAX = 32;

/** Reads `0012.345`, `-0.5`, `+3`; `undefined` for what is no number. Nothing is rounded. */
export function parseDecimal(text: string): DecimalValue | undefined {
  const match = /^\s*([+-]?)(\d+)(?:[.,](\d+))?\s*$/.exec(text);
  if (match === null || text.length > DIGITS_MAX) return undefined;
  const [, sign, whole = "", fraction = ""] = match;
  const value = BigInt(whole + fraction);
  return { value: sign === "-" ? -value : value, scaler: fraction.length === 0 ? 0 : -fraction.length };
}

/** A data set's address: full OBIS `A-B:C.D.E*F`, or reduced (`1.8.0`, `C.1.0`, `6.8*01`). Groups stay text: some are letters. */
export interface DataAddress {
  readonly medium?: string;
  readonly channel?: string;
  readonly quantity: string;
  readonly type: string;
  readonly tariff?: string;
  /** Historical value: a number, or `255` for the current one. */
  readonly storage?: string;
}

/** `undefined` for addresses that are no identification code (`P.01` is one, `GET_CLOCK` is not). */
export function parseAddress(address: string): DataAddress | undefined {
  const match =
    /^(?:([0-9A-Z]{1,3})-)?(?:([0-9A-Z]{1,3}):)?([0-9A-Z]{1,3})\.([0-9A-Z]{1,3})(?:\.([0-9A-Z]{1,3}))?(?:[*&]([0-9A-Z]{1,3}))?$/i.exec(
      address,
    );
  if (match === null) return undefined;
  const [, medium, channel, quantity = "", type = "", tariff, storage] = match;
  return {
    ...(medium === undefined ? {} : { medium }),
    ...(channel === undefined ? {} : { channel }),
    quantity,
    type,
    ...(tariff === undefined ? {} : { tariff }),
    ...(storage === undefined ? {} : { storage }),
  };
}
