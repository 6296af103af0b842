/** One thing that happens to a state machine: what (the machine's own table says), and the octets that come with it. */
export interface Happening {
  readonly kind: number;
  readonly octets: Uint8Array;
}

/** Longest octets of one happening: a short length would keep whole frames out, a long one lets a single change swallow the rest. */
const OCTETS_MAX = 0xffff;
const HEAD_OCTETS = 3;

/** Writes happenings as one input: kind, length (two octets), octets. Mutations of it lose, double, change and reorder them. */
export function sequence(happenings: readonly Happening[]): Uint8Array {
  const out: number[] = [];
  for (const { kind, octets } of happenings) {
    out.push(kind & 0xff, octets.length >> 8, octets.length & 0xff);
    for (const octet of octets.subarray(0, OCTETS_MAX)) out.push(octet);
  }
  return Uint8Array.from(out);
}

/** Reads any octets as happenings: a length beyond the end takes what is left. */
export function happenings(input: Uint8Array): Happening[] {
  const found: Happening[] = [];
  for (let at = 0; at < input.length;) {
    const length = ((input[at + 1] ?? 0) << 8) | (input[at + 2] ?? 0);
    const start = at + HEAD_OCTETS;
    found.push({ kind: input[at] ?? 0, octets: input.subarray(start, Math.min(input.length, start + length)) });
    at = start + length;
  }
  return found;
}
