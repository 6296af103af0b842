import { DecodeError } from "@amity/bytes";

/** One packet as a network card heard it. */
export interface CapturedPacket {
  /** Place of its octets in the file. */
  readonly offset: number;
  /** Registry of link types at tcpdump.org. */
  readonly linkType: number;
  /** What was kept of it. */
  readonly octets: Uint8Array;
  /** Whether it was longer than what was kept. */
  readonly isCut: boolean;
}

export interface CaptureFile {
  readonly packets: readonly CapturedPacket[];
  /** What ended the reading before the end of the file. */
  readonly problem?: DecodeError;
}

const PACKETS_MAX = 1_000_000;
const PACKET_OCTETS_MAX = 256 * 1024;

/** Magic numbers of the classic format, microseconds and nanoseconds, as they stand in the file: whether little-endian. */
const CLASSIC: ReadonlyMap<number, boolean> = new Map([
  [0xa1b2c3d4, false],
  [0xa1b23c4d, false],
  [0xd4c3b2a1, true],
  [0x4d3cb2a1, true],
]);
const NG_SECTION = 0x0a0d0d0a;
const NG_BYTE_ORDER = 0x1a2b3c4d;
const NG_BLOCK = { interface: 1, simplePacket: 3, enhancedPacket: 6 } as const;
const CLASSIC_HEADER_OCTETS = 24;
const RECORD_HEADER_OCTETS = 16;
const NG_BLOCK_OCTETS_MIN = 12;

/** Whether octets are a capture of a network: the formats pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng). */
export function isCapture(octets: Uint8Array): boolean {
  if (octets.length < CLASSIC_HEADER_OCTETS) return false;
  const magic = viewOf(octets).getUint32(0);
  return CLASSIC.has(magic) || magic === NG_SECTION;
}

/** Reads the packets of a capture; what is broken ends the reading and is told beside those before it. @throws DecodeError `not-capture`. */
export function readCapture(octets: Uint8Array): CaptureFile {
  if (!isCapture(octets)) throw new DecodeError("no capture of a network", { offset: 0, code: "not-capture" });
  const packets: CapturedPacket[] = [];
  try {
    const isLittle = CLASSIC.get(viewOf(octets).getUint32(0));
    if (isLittle === undefined) readBlocks(octets, packets);
    else readRecords(octets, isLittle, packets);
    return { packets };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { packets, problem: error };
  }
}

function readRecords(octets: Uint8Array, isLittle: boolean, packets: CapturedPacket[]): void {
  const view = viewOf(octets);
  // The upper bits tell of a check sequence behind each frame.
  const linkType = view.getUint32(20, isLittle) & 0xffff;
  let at = CLASSIC_HEADER_OCTETS;
  while (at < octets.length) {
    need(octets, at, RECORD_HEADER_OCTETS);
    const kept = view.getUint32(at + 8, isLittle);
    const length = view.getUint32(at + 12, isLittle);
    at += RECORD_HEADER_OCTETS;
    add(packets, octets, { at, kept, linkType, length });
    at += kept;
  }
}

function readBlocks(octets: Uint8Array, packets: CapturedPacket[]): void {
  const view = viewOf(octets);
  let isLittle = false;
  let interfaces: { readonly linkType: number; readonly keptMax: number }[] = [];
  let at = 0;
  while (at < octets.length) {
    need(octets, at, NG_BLOCK_OCTETS_MIN);
    const isSection = view.getUint32(at) === NG_SECTION;
    if (isSection) {
      isLittle = view.getUint32(at + 8) !== NG_BYTE_ORDER;
      interfaces = [];
    }
    const length = view.getUint32(at + 4, isLittle);
    if (length < NG_BLOCK_OCTETS_MIN || length % 4 !== 0)
      throw new DecodeError(`a block of ${length} octets`, { offset: at + 4, code: "block" });
    need(octets, at, length);
    const type = view.getUint32(at, isLittle);
    if (type === NG_BLOCK.interface) {
      need(octets, at, 20);
      interfaces.push({ linkType: view.getUint16(at + 8, isLittle), keptMax: view.getUint32(at + 12, isLittle) });
      if (interfaces.length > PACKETS_MAX) throw new DecodeError(`more than ${PACKETS_MAX} interfaces`, { offset: at, code: "limit" });
    }
    if (type === NG_BLOCK.enhancedPacket) {
      need(octets, at, 32);
      const of = interfaces[view.getUint32(at + 8, isLittle)];
      if (of === undefined) throw new DecodeError("a packet of an interface that was not described", { offset: at + 8, code: "interface" });
      const kept = view.getUint32(at + 20, isLittle);
      if (kept > length - 32)
        throw new DecodeError(`a packet of ${kept} octets in a block of ${length}`, { offset: at + 20, code: "length" });
      add(packets, octets, { at: at + 28, kept, linkType: of.linkType, length: view.getUint32(at + 24, isLittle) });
    }
    const [first] = interfaces;
    if (type === NG_BLOCK.simplePacket && first !== undefined) {
      const whole = view.getUint32(at + 8, isLittle);
      const kept = Math.min(whole, length - 16, first.keptMax === 0 ? whole : first.keptMax);
      add(packets, octets, { at: at + 12, kept: Math.max(0, kept), linkType: first.linkType, length: whole });
    }
    at += length;
  }
}

function add(
  packets: CapturedPacket[],
  octets: Uint8Array,
  { at, kept, linkType, length }: { at: number; kept: number; linkType: number; length: number },
): void {
  if (kept > PACKET_OCTETS_MAX) throw new DecodeError(`a packet of ${kept} octets`, { offset: at, code: "limit" });
  if (packets.length >= PACKETS_MAX) throw new DecodeError(`more than ${PACKETS_MAX} packets`, { offset: at, code: "limit" });
  need(octets, at, kept);
  packets.push({ offset: at, linkType, octets: octets.subarray(at, at + kept), isCut: kept < length });
}

function need(octets: Uint8Array, at: number, length: number): void {
  if (at + length <= octets.length) return;
  throw new DecodeError(`truncated: need ${length}, have ${octets.length - at}`, { offset: at, code: "truncated" });
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.length);
}
