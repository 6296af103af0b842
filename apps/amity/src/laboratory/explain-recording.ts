import { AmityError } from "@amity/bytes";
import {
  BlockTransfer,
  GENERAL_BLOCK_TRANSFER_TAG,
  HdlcDeframer,
  UnnumberedAssembler,
  WRAPPER_HEADER_OCTETS,
  type ExplainOptions,
} from "@amity/dlms";
import { isDsmr, TelegramAssembler } from "@amity/dsmr";
import { FrameAssembler } from "@amity/mbus";
import { TransportAssembler } from "@amity/sml";
import { explainDlmsOctets } from "./explain-dlms.ts";
import type { ExplainedField } from "./explained-field.ts";

/** Frames beyond these are counted, not explained. */
const FRAMES_MAX = 10_000;
const MESSAGE_OCTETS_MAX = 64 * 1024;

/** Cuts a recording of a line into whole frames, protocol by protocol. */
const FRAMES_OF: Readonly<Record<string, (octets: Uint8Array) => readonly Uint8Array[]>> = {
  dlms: (octets) =>
    isWrapper(octets)
      ? wrapperPdus(octets)
      : new HdlcDeframer().push(octets).flatMap((part) => (part.kind === "frame" ? [part.octets] : [])),
  sml: (octets) => new TransportAssembler().push(octets).flatMap((part) => (part.kind === "frame" ? [part.octets] : [])),
  p1: (octets) => new TelegramAssembler().push(octets).flatMap((part) => (part.kind === "damaged" ? [] : [part.octets])),
  mbus: (octets) => new FrameAssembler().push(octets).flatMap((part) => (part.kind === "frame" ? [part.octets] : [])),
};

function isWrapper(octets: Uint8Array): boolean {
  return octets[0] === 0 && octets[1] === 1;
}

/** PDUs of the wrapper with their headers, the last one perhaps broken off; none where something else stands behind one of them. */
function wrapperPdus(octets: Uint8Array): Uint8Array[] {
  const pdus: Uint8Array[] = [];
  for (let at = 0; at < octets.length;) {
    if (!isWrapper(octets.subarray(at))) return [];
    const end = at + WRAPPER_HEADER_OCTETS + (((octets[at + 6] ?? 0) << 8) | (octets[at + 7] ?? 0));
    pdus.push(octets.subarray(at, end));
    at = end;
  }
  return pdus;
}

/** Lines whose frames are marked so well that one of them in the middle says what the whole is. */
const KNOWN_IN_THE_MIDDLE = ["sml", "p1"];

/** The protocol of a recording that begins in the middle of a frame: whole frames stand behind it. */
export function protocolOfBegunRecording(octets: Uint8Array): string | undefined {
  return KNOWN_IN_THE_MIDDLE.find((protocol) => (FRAMES_OF[protocol]?.(octets) ?? []).some((frame) => protocol === "sml" || isDsmr(frame)));
}

/**
 * Explains a recording that holds several frames, or one and octets before it, each by `explainOne`; else `undefined`. Inside a
 * frame offsets count from its own first octet. What HDLC frames carry in several pieces (segments, general block transfer) is
 * put together and explained behind them.
 */
export function explainRecording(
  octets: Uint8Array,
  protocol: string,
  explainOne: (frame: Uint8Array) => ExplainedField,
  keys: ExplainOptions,
): ExplainedField | undefined {
  const frames = FRAMES_OF[protocol]?.(octets) ?? [];
  const [first] = frames;
  const isBegun = first !== undefined && protocol !== "mbus" && indexOf(octets, first, 0) > 0;
  if (frames.length < 2 && !isBegun) return undefined;
  const children: ExplainedField[] = [];
  const joined = new JoinedMessages(keys);
  let at = 0;
  for (const frame of frames.slice(0, FRAMES_MAX)) {
    at = indexOf(octets, frame, at);
    children.push({ ...explainOne(frame), offset: at, length: frame.length });
    if (protocol === "dlms") children.push(...joined.take(frame));
    // Two HDLC frames may share the flag between them.
    at += frame.length - 1;
  }
  const value = `${frames.length} ${frames.length === 1 ? "frame" : "frames"}${frames.length > FRAMES_MAX ? `, the first ${FRAMES_MAX} explained` : ""}`;
  return { name: "recording", offset: 0, length: octets.length, value, children };
}

/** APDUs that come in more than one HDLC frame. */
class JoinedMessages {
  readonly #keys: ExplainOptions;
  readonly #segments = new UnnumberedAssembler();
  #transfer: BlockTransfer | undefined;

  constructor(keys: ExplainOptions) {
    this.#keys = keys;
  }

  /** What a frame completes, explained; what one frame holds alone has been explained already. */
  take(octets: Uint8Array): readonly ExplainedField[] {
    const [part] = new HdlcDeframer().push(octets);
    const taken = part?.kind === "frame" ? this.#segments.take(part.frame) : undefined;
    if (part?.kind !== "frame" || taken === undefined) return [];
    try {
      const isJoined = taken.apdu.length > part.frame.information.length;
      const message = taken.apdu[0] === GENERAL_BLOCK_TRANSFER_TAG ? this.#blocks(taken.apdu) : isJoined ? taken.apdu : undefined;
      return message === undefined ? [] : [{ ...explainDlmsOctets(message, { ...this.#keys, form: "apdu" }), detail: "put together" }];
    } catch (error) {
      if (!(error instanceof AmityError)) throw error;
      return [{ name: "message", offset: 0, length: 0, error: error.message }];
    }
  }

  /** A push begins with block 1, whatever became of the one before. */
  #blocks(apdu: Uint8Array): Uint8Array | undefined {
    if (this.#transfer === undefined || (apdu[2] === 0 && apdu[3] === 1)) {
      this.#transfer = new BlockTransfer({ sendOctetsMax: 64, window: 63, messageOctetsMax: MESSAGE_OCTETS_MAX });
    }
    return this.#transfer.receive(apdu).message;
  }
}

/** Where `part` stands in `octets` from `from` on; every part was cut from there, in order. */
function indexOf(octets: Uint8Array, part: Uint8Array, from: number): number {
  const whole = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  return Math.max(from, whole.indexOf(part, from));
}
