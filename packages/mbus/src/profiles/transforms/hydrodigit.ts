/** What the first octet announces, in the order in which it follows, with its octets and place in our layout. */
const PARTS = [
  { bit: 0x01, octets: 1, to: 1 },
  { bit: 0x02, octets: 3, to: 2 },
  { bit: 0x80, octets: 3, to: 5 },
  { bit: 0x04, octets: 4, to: 8 },
  { bit: 0x10, octets: 36, to: 12 },
] as const;
const OCTETS = 48;

/**
 * BMeters Hydrodigit behind DIF 0F: parts that are there or not. Gives them at fixed places, FF where absent: contents (1),
 * battery (1), day of tampering (3), day of a leak (3), backflow (4), totals at the ends of January to December (3 each).
 */
export function spreadHydrodigit(data: Uint8Array): Uint8Array | undefined {
  const contents = data[0];
  if (contents === undefined) return undefined;
  const out = new Uint8Array(OCTETS).fill(0xff);
  out[0] = contents;
  let at = 1;
  for (const { bit, octets, to } of PARTS) {
    if ((contents & bit) === 0) continue;
    if (at + octets > data.length) break;
    out.set(data.subarray(at, at + octets), to);
    at += octets;
  }
  return out;
}
