import { crcEn13757, UsageError } from "@amity/bytes";
import { linkAddressOctets, type MeterAddress } from "../link/address.ts";
import { DERIVATION, type MeterKey } from "../transport/meter-key.ts";
import { joined, sealMessage, type MessageInput } from "../transport/seal-payload.ts";
import { macInput } from "./authentication-layer.ts";
import { extendedLinkCounter } from "./extended-link.ts";
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

/** AFL of one fragment with MCL, MCR and MAC; MCL 25: AES-CMAC-128 of 8 octets, counter present. */
const FRAGMENT_CONTROL = 0x2c00;
const MESSAGE_CONTROL = 0x25;

/** Octets on air (CRCs as `format` says). @throws UsageError `too-long`. */
export function encodeTelegram(input: TelegramInput): Uint8Array {
  const message = input.message === undefined ? new Uint8Array(0) : sealMessage(input.message);
  const head = new Uint8Array(10);
  head[1] = input.control;
  head.set(linkAddressOctets(input.sender), 2);
  const body = joined([authentication(input, message), message]);
  const frame = withExtendedLink(head, body, input);
  if (frame.length > 256) throw new UsageError(`a telegram holds 256 octets, not ${frame.length}`, { code: "too-long" });
  frame[0] = frame.length - 1;
  if (input.format === "a") return encodeFrameA(frame);
  return input.format === "b" ? encodeFrameB(frame) : frame;
}

function withExtendedLink(head: Uint8Array, body: Uint8Array, input: TelegramInput): Uint8Array {
  const link = input.extendedLink;
  if (link === undefined) return joined([head, body]);
  const { receiver, session } = link;
  const ci = 0x8c + (receiver === undefined ? 0 : 2) + (session === undefined ? 0 : 1);
  const fields = [
    Uint8Array.of(ci, link.communicationControl, link.accessNumber & 0xff),
    receiver === undefined ? new Uint8Array(0) : linkAddressOctets(receiver),
  ];
  if (session === undefined) return joined([head, ...fields, body]);
  const encryption = session.key === undefined ? 0 : 1;
  const number = ((session.number & 0x1fffffff) | (encryption << 29)) >>> 0;
  const sn = Uint8Array.of(number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff, number >>> 24);
  const crc = crcEn13757(body);
  const clear = joined([Uint8Array.of(crc & 0xff, crc >> 8), body]);
  const counter = extendedLinkCounter(head, { communicationControl: link.communicationControl, session: { number, encryption } });
  return joined([head, ...fields, sn, session.key === undefined ? clear : session.key.cipher.ctr(counter, clear)]);
}

function authentication(input: TelegramInput, message: Uint8Array): Uint8Array {
  const { authentication: wanted } = input;
  if (wanted === undefined) return new Uint8Array(0);
  const meter = input.message?.meter ?? input.sender;
  const constant = input.message?.direction === "toMeter" ? DERIVATION.authenticateToMeter : DERIVATION.authenticateFromMeter;
  const key = wanted.key.derive(constant, wanted.counter, linkAddressOctets(meter).subarray(2, 6));
  const covered = macInput(
    { messageControl: MESSAGE_CONTROL, keyInformation: undefined, counter: wanted.counter, messageLength: undefined },
    message,
  );
  const mac = key.cmac(covered).subarray(0, 8);
  return Uint8Array.of(0x90, 0x0f, FRAGMENT_CONTROL & 0xff, FRAGMENT_CONTROL >> 8, MESSAGE_CONTROL, ...wanted.counter, ...mac);
}
