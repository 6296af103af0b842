import { ByteReader, ByteWriter, DecodeError } from "@amity/bytes";

/** Kinds of frames of the logical link. */
export const SEGMENT_KINDS = { open: 1, opened: 2, refused: 3, data: 4, acknowledge: 5, finish: 6, reset: 7, notify: 8 } as const;
export type SegmentKind = keyof typeof SEGMENT_KINDS;

/** One frame of the logical link: seven octets of head (kind and side, link, sequence, acknowledgement) and the payload. */
export interface Segment {
  readonly kind: SegmentKind;
  /** Whether the sender is the one that opened the link: both sides may use the same number. */
  readonly fromOpener: boolean;
  readonly link: number;
  /** Number of this segment, modulo 2^16. */
  readonly sequence: number;
  /** Number of the next segment that the sender waits for. */
  readonly expected: number;
  readonly payload: Uint8Array;
}

export const SEGMENT_HEAD_OCTETS = 7;
export const SEQUENCE_MODULUS = 0x1_0000;

export function encodeSegment(segment: Segment): Uint8Array {
  const writer = new ByteWriter({ capacity: SEGMENT_HEAD_OCTETS + segment.payload.length });
  writer.u8(SEGMENT_KINDS[segment.kind] | (segment.fromOpener ? OPENER : 0));
  return writer.u16(segment.link).u16(segment.sequence).u16(segment.expected).bytes(segment.payload).finish();
}

/** @throws DecodeError `truncated`, `unknown-kind`. */
export function decodeSegment(frame: Uint8Array): Segment {
  const reader = new ByteReader(frame);
  const first = reader.u8();
  const kind = KIND_OF.get(first & ~OPENER);
  if (kind === undefined) throw new DecodeError(`unknown segment kind ${first & ~OPENER}`, { offset: 0, code: "unknown-kind" });
  const [link, sequence, expected] = [reader.u16(), reader.u16(), reader.u16()];
  return { kind, fromOpener: (first & OPENER) !== 0, link, sequence, expected, payload: reader.bytes(reader.remaining) };
}

/** How far `to` lies ahead of `from`, modulo 2^16. */
export function sequenceDistance(from: number, to: number): number {
  return (to - from + SEQUENCE_MODULUS) % SEQUENCE_MODULUS;
}

const OPENER = 0x80;
const KIND_OF = new Map(Object.entries(SEGMENT_KINDS).map(([kind, code]) => [code as number, kind as SegmentKind]));
