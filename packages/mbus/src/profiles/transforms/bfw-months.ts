const MONTHS = 18;
/** Where the months begin, oldest first, two in three octets; behind them the date. */
const MONTHS_AT = 10;
const DATE_AT = MONTHS_AT + (MONTHS / 2) * 3;
const OCTETS = DATE_AT + 3;

/**
 * BFW heat cost allocators: big-endian counts, and months of twelve bits whose halves lie crosswise. Gives previous period and
 * current one, then 18 months, newest first (2 octets each, little-endian), then day, month, year (BCD).
 */
export function unpackBfwMonths(data: Uint8Array): Uint8Array | undefined {
  if (data.length < OCTETS) return undefined;
  const octet = (at: number): number => data[at] ?? 0;
  const out = new DataView(new ArrayBuffer(4 + MONTHS * 2 + 3));
  out.setUint16(0, octet(4) * 256 + octet(5), true);
  out.setUint16(2, octet(6) * 256 + octet(7), true);
  for (let pair = 0; pair < MONTHS / 2; pair++) {
    const at = DATE_AT - 3 * (pair + 1);
    const middle = octet(at + 1);
    out.setUint16(4 + pair * 4, (middle & 0x0f) * 256 + octet(at + 2), true);
    out.setUint16(6 + pair * 4, (middle >> 4) * 256 + octet(at), true);
  }
  for (let index = 0; index < 3; index++) out.setUint8(4 + MONTHS * 2 + index, octet(DATE_AT + index));
  return new Uint8Array(out.buffer);
}
