import { ByteReader, ByteWriter, crcX25, DecodeError, UsageError } from "@amity/bytes";
import { decodeAddress, encodeAddress, type HdlcAddress } from "./address.ts";
import { decodeControl, encodeControl, type HdlcControl } from "./control.ts";

/** One frame of format type 3 (IEC 62056-46 6.4.1). */
export interface HdlcFrame {
  readonly destination: HdlcAddress;
  readonly source: HdlcAddress;
  readonly control: HdlcControl;
  /** The S bit: the message goes on in the next frame. */
  readonly segmented: boolean;
  /** Empty where the frame has no information field. */
  readonly information: Uint8Array;
}

export const FLAG = 0x7e;

/** The longest frame between its flags that the 11-bit length can say. */
export const FRAME_OCTETS_MAX = 0x7ff;

/** The longest information field: the longest frame less format, two addresses of 4, control, HCS and FCS. */
export const INFORMATION_OCTETS_MAX = FRAME_OCTETS_MAX - 2 - 8 - 1 - 2 - 2;

const FORMAT_TYPE = 0xa000;
const SEGMENTED = 0x0800;
/** Format, two one-octet addresses, control and FCS. */
export const FRAME_OCTETS_MIN = 7;

/**
 * Reads one frame with both of its flags. The information field is a view of `octets`.
 * @throws DecodeError, code `flag`, `format`, `length`, `hcs`, `fcs`, `address` or `truncated`.
 */
export function decodeFrame(octets: Uint8Array): HdlcFrame {
  if (octets[0] !== FLAG) throw new DecodeError("no opening flag", { offset: 0, code: "flag" });
  const reader = new ByteReader(octets, { start: 1 });
  const length = decodeFormat(reader.u16(), 1);
  if (octets.length !== length + 2) {
    throw new DecodeError(`frame says ${length} octets between its flags, has ${octets.length - 2}`, { offset: 1, code: "length" });
  }
  if (octets[length + 1] !== FLAG) throw new DecodeError("no closing flag", { offset: length + 1, code: "flag" });
  return decodeBody(octets, length);
}

/** The length that a format field announces. @throws DecodeError if it is no format type 3 or the length is impossible. */
export function decodeFormat(format: number, offset: number): number {
  if (!isFormat(format)) throw new DecodeError("frame format is not type 3", { offset, code: "format" });
  const length = format & FRAME_OCTETS_MAX;
  if (length < FRAME_OCTETS_MIN) throw new DecodeError(`frame length ${length} is too short`, { offset, code: "length" });
  return length;
}

/** Whether a format field says type 3. */
export function isFormat(format: number): boolean {
  return (format & 0xf000) === FORMAT_TYPE;
}

/** Writes one frame with both of its flags. @throws UsageError if it does not fit the 11-bit length. */
export function encodeFrame(frame: HdlcFrame): Uint8Array {
  const { destination, source, information } = frame;
  const headerOctets = 2 + destination.octets + source.octets + 1 + 2;
  const length = headerOctets + (information.length === 0 ? 0 : information.length + 2);
  if (length > FRAME_OCTETS_MAX) {
    throw new UsageError(`information field of ${information.length} octets does not fit a frame`, { code: "too-long" });
  }
  const writer = new ByteWriter({ capacity: length + 2 });
  writer.u8(FLAG).u16(FORMAT_TYPE | (frame.segmented ? SEGMENTED : 0) | length);
  encodeAddress(destination, writer);
  encodeAddress(source, writer);
  writer.u8(encodeControl(frame.control));
  writer.u16Le(crcX25(writer.peek(), 1, headerOctets - 1));
  if (information.length > 0) {
    writer.bytes(information);
    writer.u16Le(crcX25(writer.peek(), 1, length - 1));
  }
  return writer.u8(FLAG).finish();
}

function decodeBody(octets: Uint8Array, length: number): HdlcFrame {
  const fcsAt = length - 1;
  const reader = new ByteReader(octets, { start: 3, end: fcsAt });
  const destination = decodeAddress(reader);
  const source = decodeAddress(reader);
  const control = decodeControl(reader.u8());
  if (crcX25(octets, 1, fcsAt) !== littleEndian16(octets, fcsAt)) {
    throw new DecodeError("frame check sequence is wrong", { offset: fcsAt, code: "fcs" });
  }
  let information: Uint8Array = EMPTY;
  if (reader.remaining > 0) {
    const hcsAt = reader.position;
    if (reader.u16Le() !== crcX25(octets, 1, hcsAt)) {
      throw new DecodeError("header check sequence is wrong", { offset: hcsAt, code: "hcs" });
    }
    information = reader.rest();
  }
  return { destination, source, control, segmented: ((octets[1] ?? 0) & (SEGMENTED >>> 8)) !== 0, information };
}

/** A check sequence as it stands in a frame. */
export function littleEndian16(octets: Uint8Array, at: number): number {
  return (octets[at] ?? 0) | ((octets[at + 1] ?? 0) << 8);
}

const EMPTY = new Uint8Array(0);
