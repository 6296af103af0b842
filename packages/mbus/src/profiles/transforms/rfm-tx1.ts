/** Four octets to take off, by the low half of the access number (published with the analysis of the module). */
const MASKS: readonly (readonly [number, number, number, number])[] = [
  [122, 16, 26, 10],
  [112, 19, 34, 19],
  [185, 11, 142, 153],
  [121, 7, 74, 22],
  [7, 154, 203, 105],
  [50, 161, 57, 14],
  [156, 126, 96, 153],
  [180, 196, 128, 163],
  [10, 206, 25, 3],
  [240, 5, 165, 134],
  [22, 152, 17, 94],
  [12, 201, 125, 162],
  [74, 72, 228, 31],
  [119, 46, 138, 232],
  [189, 120, 87, 140],
  [57, 111, 40, 5],
];
const TOTAL_AT = 2;
const TIME_AT = 13;
const OCTETS = TIME_AT + 6;

/** BMeters RFM-TX1: takes the mask off the total. Gives the total (4 BCD, litres) and the time: second to year (6 BCD). */
export function unmaskRfmTx1(data: Uint8Array, accessNumber: number): Uint8Array | undefined {
  if (data.length < OCTETS) return undefined;
  const mask = MASKS[accessNumber & 0x0f] ?? [0, 0, 0, 0];
  const out = new Uint8Array(10);
  for (let index = 0; index < 4; index++) out[index] = (data[TOTAL_AT + index] ?? 0) ^ accessNumber ^ (mask[index] ?? 0);
  out.set(data.subarray(TIME_AT, OCTETS), 4);
  return out;
}
