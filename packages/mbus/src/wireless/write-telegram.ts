import { crcEn13757, joinedOctets, UsageError } from "@amity/bytes";
import { linkAddressOctets, type MeterAddress } from "../link/address.ts";
import { DERIVATION, type MeterKey } from "../transport/meter-key.ts";
import { sealMessage, type MessageInput } from "../transport/seal-payload.ts";
import { CMAC_8, MESSAGE_CONTROL, macInput, writeAuthenticationLayer } from "./authentication-layer.ts";
import { extendedLinkCounter } from "./extended-link.ts";
import { FRAGMENT_LIMITS } from "./fragment-assembly.ts";
import { encodeFrameA, encodeFrameB, type FrameFormat } from "./frame-format.ts";

/** A wireless telegram to be built. */
export interface TelegramInput {
  /** C field, e.g. `WIRELESS_CONTROL.sndNr`. */
  readonly control: number;
  readonly sender: MeterAddress;
  /** Without a message: link layer only (ACC-NR, ACK). */
  readonly message?: MessageInput;
  /**
   * Short ELL (CI 8C): communication control and access number; 8E towards `receiver`. With `session` the long one (8D, 8F):
   * a payload CRC, and AES-CTR over everything behind it where there is a key.
   */
  readonly extendedLink?: {
    readonly communicationControl: number;
    readonly accessNumber: number;
    readonly receiver?: MeterAddress;
    /** Session number: bits 0-28, never the same twice under one key. The encryption bits are set here. */
    readonly session?: { readonly number: number; readonly key?: MeterKey };
  };
  /** AFL with an 8-octet CMAC over everything behind it (security mode 7). */
  readonly authentication?: { readonly key: MeterKey; readonly counter: Uint8Array };
  readonly format: FrameFormat;
}

/** Octets of a frame without CRCs; format B has room for two CRCs less. */
const FRAME_MAX = 256;

/** Octets of message in one fragment unless told otherwise: leaves room for every layer below. */
const PART_OCTETS = 200;

/** Octets on air (CRCs as `format` says). @throws UsageError `too-long`: see `encodeFragments`. */
export function encodeTelegram(input: TelegramInput): Uint8Array {
  const message = messageOf(input);
  return encodeFrame(input, joinedOctets(wholeLayer(input, message), message));
}

/**
 * One telegram where the message fits, else as many as it takes. Every one takes the next access number of the extended
 * link layer, without which fragments cannot be told from repetitions.
 * @throws UsageError `too-long` beyond `FRAGMENT_LIMITS`, `no-extended-link`.
 */
export function encodeFragments(input: TelegramInput, partOctetsMax = PART_OCTETS): Uint8Array[] {
  const parts = messageParts(input, partOctetsMax);
  const { extendedLink } = input;
  if (extendedLink === undefined) {
    if (parts.length > 1) throw new UsageError("fragments need an extended link layer", { code: "no-extended-link" });
    return parts.map((part) => encodeFrame(input, part));
  }
  return parts.map((part, index) => {
    return encodeFrame({ ...input, extendedLink: { ...extendedLink, accessNumber: (extendedLink.accessNumber + index) & 0xff } }, part);
  });
}

/**
 * What stands behind the link layer in each telegram of a message: all of it, or fragments behind an AFL each, the first with the
 * length of the whole (and the counter), the last with the MAC over the whole (EN 13757-7, 6). @throws UsageError `too-long`.
 */
export function messageParts(input: TelegramInput, partOctetsMax = PART_OCTETS): Uint8Array[] {
  const message = messageOf(input);
  if (message.length <= partOctetsMax) return [joinedOctets(wholeLayer(input, message), message)];
  const { authentication } = input;
  const { fragmentsMax, messageOctetsMax } = FRAGMENT_LIMITS;
  const count = Math.ceil(message.length / partOctetsMax);
  if (count > fragmentsMax || message.length > messageOctetsMax) {
    throw new UsageError(`a message of ${message.length} octets takes ${count} fragments, ${fragmentsMax} are allowed`, {
      code: "too-long",
    });
  }
  const first = {
    messageControl: MESSAGE_CONTROL.messageLength | (authentication === undefined ? 0 : MESSAGE_CONTROL.counter | CMAC_8),
    keyInformation: undefined,
    counter: authentication?.counter,
    messageLength: message.length,
  };
  const rest = { messageControl: undefined, counter: undefined, messageLength: undefined };
  const mac = authentication === undefined ? undefined : macOf(input, first, message);
  return Array.from({ length: count }, (_, index) => {
    const moreFragments = index < count - 1;
    const fields = { ...(index === 0 ? first : rest), fragmentId: index + 1, moreFragments, mac: moreFragments ? undefined : mac };
    return joinedOctets(writeAuthenticationLayer(fields), message.subarray(index * partOctetsMax, (index + 1) * partOctetsMax));
  });
}

/** The AFL of a message that comes in one piece; none where nothing is authenticated. */
function wholeLayer(input: TelegramInput, message: Uint8Array): Uint8Array {
  const { authentication } = input;
  if (authentication === undefined) return new Uint8Array(0);
  const messageControl = CMAC_8 | MESSAGE_CONTROL.counter;
  const layer = { messageControl, keyInformation: undefined, counter: authentication.counter, messageLength: undefined };
  return writeAuthenticationLayer({ ...layer, mac: macOf(input, layer, message), fragmentId: 0, moreFragments: false });
}

function messageOf(input: TelegramInput): Uint8Array {
  return input.message === undefined ? new Uint8Array(0) : sealMessage(input.message);
}

/** CMAC over AFL fields and message under the key derived from the counter, cut to 8 octets (OMS Vol. 2, 9.5). */
function macOf(input: TelegramInput, layer: Parameters<typeof macInput>[0], message: Uint8Array): Uint8Array | undefined {
  const { authentication } = input;
  if (authentication === undefined) return undefined;
  const meter = input.message?.meter ?? input.sender;
  const constant = input.message?.direction === "toMeter" ? DERIVATION.authenticateToMeter : DERIVATION.authenticateFromMeter;
  const key = authentication.key.derive(constant, authentication.counter, linkAddressOctets(meter).subarray(2, 6));
  return key.cmac(macInput(layer, message)).subarray(0, 8);
}

/** A telegram around what `messageParts` gave; the message of `input` is not looked at. @throws UsageError `too-long`. */
export function encodeFrame(input: Omit<TelegramInput, "message" | "authentication">, body: Uint8Array): Uint8Array {
  const head = new Uint8Array(10);
  head[1] = input.control;
  head.set(linkAddressOctets(input.sender), 2);
  const frame = withExtendedLink(head, body, input);
  if (frame.length > FRAME_MAX) throw new UsageError(`a telegram holds ${FRAME_MAX} octets, not ${frame.length}`, { code: "too-long" });
  frame[0] = frame.length - 1;
  if (input.format === "a") return encodeFrameA(frame);
  return input.format === "b" ? encodeFrameB(frame) : frame;
}

function withExtendedLink(head: Uint8Array, body: Uint8Array, input: Pick<TelegramInput, "extendedLink">): Uint8Array {
  const link = input.extendedLink;
  if (link === undefined) return joinedOctets(head, body);
  const { receiver, session } = link;
  const ci = 0x8c + (receiver === undefined ? 0 : 2) + (session === undefined ? 0 : 1);
  const fields = [
    Uint8Array.of(ci, link.communicationControl, link.accessNumber & 0xff),
    receiver === undefined ? new Uint8Array(0) : linkAddressOctets(receiver),
  ];
  if (session === undefined) return joinedOctets(head, ...fields, body);
  const encryption = session.key === undefined ? 0 : 1;
  const number = ((session.number & 0x1fffffff) | (encryption << 29)) >>> 0;
  const sn = Uint8Array.of(number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff, number >>> 24);
  const crc = crcEn13757(body);
  const clear = joinedOctets(Uint8Array.of(crc & 0xff, crc >> 8), body);
  const counter = extendedLinkCounter(head, { communicationControl: link.communicationControl, session: { number, encryption } });
  return joinedOctets(head, ...fields, sn, session.key === undefined ? clear : session.key.cipher.ctr(counter, clear));
}
