import { joinedOctets } from "@amity/bytes";
import type { Random } from "@amity/runtime";

/** Numbers on which lengths and signs turn. */
const EDGES: readonly number[] = [0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0xfe, 0xff, 0x10, 0x20, 0x40];
const CHANGES_MAX = 6;
const BLOCK_MAX = 32;

/** What mutations draw from beside chance. */
export interface MutationSource {
  readonly corpus: readonly Uint8Array[];
  readonly dictionary: readonly Uint8Array[];
  readonly octetsMax: number;
}

/** A new input: `parent` with one to six changes, at most `octetsMax` long. */
export function mutate(parent: Uint8Array, source: MutationSource, random: Random): Uint8Array {
  let octets: Uint8Array = parent.slice();
  for (let left = 1 + random.below(CHANGES_MAX); left > 0; left--) octets = changed(octets, source, random);
  return octets.length > source.octetsMax ? octets.slice(0, source.octetsMax) : octets;
}

function changed(octets: Uint8Array, { corpus, dictionary }: MutationSource, random: Random): Uint8Array {
  const at = random.below(octets.length + 1);
  switch (random.below(10)) {
    case 0:
      return withOctet(octets, at, (octets[at] ?? 0) ^ (1 << random.below(8)));
    case 1:
      return withOctet(octets, at, random.below(256));
    case 2:
      return withOctet(octets, at, EDGES[random.below(EDGES.length)] ?? 0);
    case 3:
      return withOctet(octets, at, (octets[at] ?? 0) + random.below(17) - 8);
    case 4:
      return joinedOctets(octets.subarray(0, at), random.bytes(1 + random.below(8)), octets.subarray(at));
    case 5:
      return joinedOctets(octets.subarray(0, at), octets.subarray(at + 1 + random.below(BLOCK_MAX)));
    case 6:
      return joinedOctets(octets.subarray(0, at), octets.subarray(at, at + 1 + random.below(BLOCK_MAX)), octets.subarray(at));
    case 7:
      return spliced(octets, corpus[random.below(corpus.length)] ?? octets, random);
    case 8: {
      const word = dictionary[random.below(dictionary.length)] ?? random.bytes(2);
      const skipped = random.below(2) === 0 ? 0 : word.length;
      return joinedOctets(octets.subarray(0, at), word, octets.subarray(at + skipped));
    }
    default:
      return octets.slice(0, at);
  }
}

/** The head of one and a piece of another. */
function spliced(octets: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const from = random.below(other.length + 1);
  const piece = other.subarray(from, from + 1 + random.below(other.length + 1));
  const at = random.below(octets.length + 1);
  return random.below(2) === 0
    ? joinedOctets(octets.subarray(0, at), piece)
    : joinedOctets(octets.subarray(0, at), piece, octets.subarray(at + piece.length));
}

function withOctet(octets: Uint8Array, at: number, value: number): Uint8Array {
  if (at >= octets.length) return joinedOctets(octets, Uint8Array.of(value & 0xff));
  octets[at] = value & 0xff;
  return octets;
}
