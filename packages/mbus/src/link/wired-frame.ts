import { DecodeError, UsageError } from "@amity/bytes";

/** C fields (EN 13757-2, 5.7.4). FCB is bit 5 and FCV bit 4 from the master; ACD and DFC from the slave. */
export const CONTROL = {
  sndNke: 0x40,
  sndUd: 0x53,
  sndUd2: 0x43,
  reqUd1: 0x5a,
  reqUd2: 0x5b,
  reqSkeq: 0x49,
  rspUd: 0x08,
  fcb: 0x20,
  fcv: 0x10,
  acd: 0x20,
  dfc: 0x10,
} as const;

/** A frame of the wired link layer (EN 13757-2, 5.5; frame class FT 1.2). */
export type WiredFrame =
  | { readonly kind: "ack" }
  | { readonly kind: "short"; readonly control: number; readonly address: number }
  | {
      readonly kind: "long";
      readonly control: number;
      readonly address: number;
      readonly controlInformation: number;
      /** Octets after the CI field: at most 252. */
      readonly data: Uint8Array;
    };

/** Octets of application data that one frame holds. */
export const WIRED_DATA_MAX = 252;

/** The single character of acknowledgement. */
export const ACK = 0xe5;

/** Writes one frame. @throws UsageError `too-long`. */
export function encodeWiredFrame(frame: WiredFrame): Uint8Array {
  if (frame.kind === "ack") return Uint8Array.of(ACK);
  if (frame.kind === "short") {
    return Uint8Array.of(0x10, frame.control, frame.address, (frame.control + frame.address) & 0xff, 0x16);
  }
  const { data } = frame;
  if (data.length > WIRED_DATA_MAX) {
    throw new UsageError(`a frame holds ${WIRED_DATA_MAX} octets of data, not ${data.length}`, { code: "too-long" });
  }
  const length = data.length + 3;
  const out = new Uint8Array(length + 6);
  out.set([0x68, length, length, 0x68, frame.control, frame.address, frame.controlInformation], 0);
  out.set(data, 7);
  out[length + 4] = checksum(out, 4, length + 4);
  out[length + 5] = 0x16;
  return out;
}

/**
 * Reads one whole frame. A control frame (long without data) has `data` of no octets.
 * @throws DecodeError `truncated`, `start`, `length`, `checksum`, `stop`, `trailing`.
 */
export function decodeWiredFrame(octets: Uint8Array): WiredFrame {
  const first = octets[0];
  if (first === undefined) throw new DecodeError("no octets", { offset: 0, code: "truncated" });
  if (first === ACK) return ended({ kind: "ack" }, octets, 1);
  if (first === 0x10) return decodeShort(octets);
  if (first === 0x68) return decodeLong(octets);
  throw new DecodeError(`0x${first.toString(16)} starts no frame: 10, 68 or E5 is expected`, { offset: 0, code: "start" });
}

/** Octets that the frame at `start` will have, judged by its head; 0 while too little has come, -1 where no frame starts. */
export function wiredFrameLength(octets: Uint8Array, start: number, end: number): number {
  const first = octets[start];
  if (first === ACK) return 1;
  if (first === 0x10) return 5;
  if (first !== 0x68) return -1;
  if (end - start < 4) return 0;
  const length = octets[start + 1] ?? 0;
  if (octets[start + 2] !== length || octets[start + 3] !== 0x68 || length < 3) return -1;
  return length + 6;
}

function decodeShort(octets: Uint8Array): WiredFrame {
  if (octets.length < 5) throw truncated(5, octets.length);
  const control = octets[1] ?? 0;
  const address = octets[2] ?? 0;
  checkTail(octets, 1, 3);
  return ended({ kind: "short", control, address }, octets, 5);
}

function decodeLong(octets: Uint8Array): WiredFrame {
  if (octets.length < 4) throw truncated(4, octets.length);
  const length = octets[1] ?? 0;
  if (octets[2] !== length) {
    throw new DecodeError(`the two lengths differ: ${length} and ${octets[2]}`, { offset: 2, code: "length" });
  }
  if (octets[3] !== 0x68)
    throw new DecodeError(`0x${(octets[3] ?? 0).toString(16)} where the second 68 is expected`, { offset: 3, code: "start" });
  if (length < 3) throw new DecodeError(`length ${length} has no room for C, A and CI`, { offset: 1, code: "length" });
  if (octets.length < length + 6) throw truncated(length + 6, octets.length);
  checkTail(octets, 4, length + 4);
  const frame: WiredFrame = {
    kind: "long",
    control: octets[4] ?? 0,
    address: octets[5] ?? 0,
    controlInformation: octets[6] ?? 0,
    data: octets.subarray(7, length + 4),
  };
  return ended(frame, octets, length + 6);
}

function checkTail(octets: Uint8Array, start: number, end: number): void {
  const sum = checksum(octets, start, end);
  if (octets[end] !== sum) {
    const reason = `checksum is 0x${(octets[end] ?? 0).toString(16)}, the octets add up to 0x${sum.toString(16)}`;
    throw new DecodeError(reason, { offset: end, code: "checksum" });
  }
  if (octets[end + 1] !== 0x16) {
    throw new DecodeError(`0x${(octets[end + 1] ?? 0).toString(16)} where the stop octet 16 is expected`, {
      offset: end + 1,
      code: "stop",
    });
  }
}

function ended(frame: WiredFrame, octets: Uint8Array, length: number): WiredFrame {
  if (octets.length > length) {
    throw new DecodeError(`${octets.length - length} trailing octet(s) after the frame`, { offset: length, code: "trailing" });
  }
  return frame;
}

function truncated(need: number, have: number): DecodeError {
  return new DecodeError(`truncated: the frame has ${need} octets, ${have} came`, { offset: have, code: "truncated" });
}

function checksum(octets: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let index = start; index < end; index++) sum += octets[index] ?? 0;
  return sum & 0xff;
}
