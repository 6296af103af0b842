import { DecodeError, crcEn13757 } from "@amity/bytes";
import { readLinkAddress, type MeterAddress } from "../link/address.ts";

/** Extended link layer (EN 13757-4, 13; CI 8C to 8F). */
export interface ExtendedLink {
  readonly controlInformation: number;
  /** CC: bidirectional 80, delay 40, synchronous 20, hop 10, priority 08, accessible 04, repeated 02. */
  readonly communicationControl: number;
  readonly accessNumber: number;
  /** Receiver's address in CI 8E and 8F. */
  readonly receiver: MeterAddress | undefined;
  /** SN of CI 8D and 8F: bits 29-31 encryption (0 none, 1 AES-CTR), 4-28 time, 0-3 session. */
  readonly session: { readonly number: number; readonly encryption: number } | undefined;
  /** Offset of the payload CRC (CI 8D and 8F) or of the next CI. */
  readonly payloadOffset: number;
  /** Octets of the payload CRC: 2 or 0. */
  readonly crcOctets: 0 | 2;
}

/** Is this CI an ELL that `readExtendedLink` reads? */
export function isExtendedLink(controlInformation: number): boolean {
  return controlInformation >= 0x8c && controlInformation <= 0x8f;
}

/** Reads the ELL at `at`. @throws DecodeError `truncated`. */
export function readExtendedLink(data: Uint8Array, at: number): ExtendedLink {
  const controlInformation = data[at] ?? 0;
  const hasReceiver = controlInformation >= 0x8e;
  const hasSession = (controlInformation & 1) === 1;
  const octets = 3 + (hasReceiver ? 8 : 0) + (hasSession ? 6 : 0);
  if (data.length - at < octets) {
    throw new DecodeError(`truncated: this extended link layer has ${octets} octets, ${data.length - at} are left`, {
      offset: data.length,
      code: "truncated",
    });
  }
  const sessionAt = at + 3 + (hasReceiver ? 8 : 0);
  const number =
    ((data[sessionAt] ?? 0) |
      ((data[sessionAt + 1] ?? 0) << 8) |
      ((data[sessionAt + 2] ?? 0) << 16) |
      ((data[sessionAt + 3] ?? 0) << 24)) >>>
    0;
  return {
    controlInformation,
    communicationControl: data[at + 1] ?? 0,
    accessNumber: data[at + 2] ?? 0,
    receiver: hasReceiver ? readLinkAddress(data, at + 3) : undefined,
    session: hasSession ? { number, encryption: number >>> 29 } : undefined,
    payloadOffset: hasSession ? sessionAt + 4 : sessionAt,
    crcOctets: hasSession ? 2 : 0,
  };
}

/** First counter block of ELL encryption: M A (8) CC without hop and repeat bits, SN (4), frame number, block number. */
export function extendedLinkCounter(frame: Uint8Array, link: Pick<ExtendedLink, "communicationControl" | "session">): Uint8Array {
  const counter = new Uint8Array(16);
  counter.set(frame.subarray(2, 10), 0);
  counter[8] = link.communicationControl & ~0x12;
  const number = link.session?.number ?? 0;
  counter.set([number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff, number >>> 24], 9);
  return counter;
}

/** Does the payload CRC (LE) at `at` match what follows it to the end? */
export function payloadCrcMatches(data: Uint8Array, at: number): boolean {
  if (data.length - at < 2) return false;
  const crc = crcEn13757(data, at + 2, data.length);
  return data[at] === (crc & 0xff) && data[at + 1] === crc >> 8;
}
