const TOTAL_AT = 4;
const HALVES_AT = 8;
const MONTHS = 12;
const OCTETS = HALVES_AT + (MONTHS - 1) * 3 + 2;
/** Until this day the newest half month is the first of its month. */
const HALF = 15;

/**
 * Techem mk-radio 3a: the uses of 24 half months, newest first. Gives today (2 octets, as Techem writes dates), the total
 * (3), then the use of each month from January to December (2 each), all in 0.1 m³, little-endian.
 */
export function sumTechemHalfMonths(data: Uint8Array): Uint8Array | undefined {
  if (data.length < OCTETS) return undefined;
  const today = (data[2] ?? 0) | ((data[3] ?? 0) << 8);
  const [day, month] = [today & 0x1f, (today >> 5) & 0x0f];
  if (month < 1 || month > MONTHS) return undefined;
  const halves = Array.from({ length: MONTHS }, (_, pair) => [data[HALVES_AT + pair * 3] ?? 0, data[HALVES_AT + pair * 3 + 1] ?? 0]).flat();
  const out = new DataView(new ArrayBuffer(5 + MONTHS * 2));
  out.setUint16(0, today, true);
  for (let index = 0; index < 3; index++) out.setUint8(2 + index, data[TOTAL_AT + index] ?? 0);
  for (let back = 0; back < MONTHS; back++) {
    const last = day <= HALF ? back * 2 : back * 2 + 1;
    const use = (halves[last] ?? 0) + (last === 0 ? 0 : (halves[last - 1] ?? 0));
    out.setUint16(5 + ((month - 1 - back + MONTHS) % MONTHS) * 2, use, true);
  }
  return new Uint8Array(out.buffer);
}
