import { UsageError } from "@amity/bytes";
import { linkAddressOctets, type MeterAddress } from "../link/address.ts";
import { DERIVATION, type MeterKey } from "../transport/meter-key.ts";
import { joined, sealMessage, type MessageInput } from "../transport/seal-payload.ts";
import { macInput } from "./authentication-layer.ts";
import { encodeFrameA, encodeFrameB, type FrameFormat } from "./frame-format.ts";

/** A wireless telegram to be built. */
export interface TelegramInput {
  /** C field, e.g. `WIRELESS_CONTROL.sndNr`. */
  readonly control: number;
  readonly sender: MeterAddress;
  /** Without a message: link layer only (ACC-NR, ACK). */
  readonly message?: MessageInput;
  /** Short ELL (CI 8C): communication control and access number; also 8E towards `receiver`. */
  readonly extendedLink?: { readonly communicationControl: number; readonly accessNumber: number; readonly receiver?: MeterAddress };
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
  const layers = [extendedLink(input), authentication(input, message), message];
  const head = new Uint8Array(10);
  head[1] = input.control;
  head.set(linkAddressOctets(input.sender), 2);
  const frame = joined([head, ...layers]);
  if (frame.length > 256) throw new UsageError(`a telegram holds 256 octets, not ${frame.length}`, { code: "too-long" });
  frame[0] = frame.length - 1;
  if (input.format === "a") return encodeFrameA(frame);
  return input.format === "b" ? encodeFrameB(frame) : frame;
}

function extendedLink(input: TelegramInput): Uint8Array {
  const link = input.extendedLink;
  if (link === undefined) return new Uint8Array(0);
  const head = Uint8Array.of(link.receiver === undefined ? 0x8c : 0x8e, link.communicationControl, link.accessNumber & 0xff);
  return link.receiver === undefined ? head : joined([head, linkAddressOctets(link.receiver)]);
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
