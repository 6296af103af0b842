import { AmityError, DecodeError, fromHex } from "@amity/bytes";
import { explain, formatAddress, HdlcDeframer, withoutLlc, WrapperReader, type ExplainKey, type HdlcFrame } from "@amity/dlms";
import { dlmsField, findField, summaryOfDlms } from "./explain-dlms.ts";
import type { ExplainedField } from "./explained-field.ts";

/** Who sent something. */
export type SniffedSide = "client" | "meter";

/** Something that was said, explained. */
export type SniffedItem =
  | {
      readonly kind: "apdu";
      readonly from: SniffedSide;
      /** Addresses as the link writes them. */
      readonly source: string;
      readonly destination: string;
      readonly octets: Uint8Array;
      readonly summary: string;
      readonly explained: ExplainedField;
    }
  /** An HDLC frame that carries no whole APDU: connecting, acknowledging, a segment. */
  | { readonly kind: "frame"; readonly from: SniffedSide; readonly source: string; readonly destination: string; readonly summary: string }
  | { readonly kind: "unreadable"; readonly from: SniffedSide; readonly summary: string };

export interface SniffOptions {
  readonly transport: "wrapper" | "hdlc";
  readonly keys: readonly ExplainKey[];
  readonly systemTitles: readonly Uint8Array[];
}

/** Longest message put together from HDLC segments (octets). */
const MESSAGE_OCTETS_MAX = 1024 * 1024;

/**
 * Listens to one connection between a client and a meter: feed it what either side sends. System titles are learned from
 * AARQ and AARE, dedicated keys from the AARQ that the given key opens. Never throws for what is in the octets.
 */
export class SniffedSession {
  readonly #options: SniffOptions;
  readonly #sides: Readonly<Record<SniffedSide, (chunk: Uint8Array) => SniffedItem[]>>;
  readonly #titles: Partial<Record<SniffedSide, Uint8Array>> = {};
  #dedicated: ExplainKey | undefined;

  constructor(options: SniffOptions) {
    this.#options = options;
    const side = (from: SniffedSide): ((chunk: Uint8Array) => SniffedItem[]) =>
      options.transport === "wrapper" ? this.#wrapperSide(from) : this.#hdlcSide(from);
    this.#sides = { client: side("client"), meter: side("meter") };
  }

  /** Octets of one side as they came, cut anywhere. */
  feed(from: SniffedSide, chunk: Uint8Array): SniffedItem[] {
    return this.#sides[from](chunk);
  }

  #wrapperSide(from: SniffedSide): (chunk: Uint8Array) => SniffedItem[] {
    const reader = new WrapperReader();
    let isLost = false;
    return (chunk) => {
      if (isLost) return [];
      try {
        return reader
          .push(chunk)
          .map(({ source, destination, apdu }) => this.#apdu(from, { source: `${source}`, destination: `${destination}` }, apdu));
      } catch (error) {
        if (!(error instanceof AmityError)) throw error;
        isLost = true;
        return [{ kind: "unreadable", from, summary: `${error.message}; what follows is passed on unexplained` }];
      }
    };
  }

  #hdlcSide(from: SniffedSide): (chunk: Uint8Array) => SniffedItem[] {
    const deframer = new HdlcDeframer();
    const messages = new MessageAssembler();
    return (chunk) =>
      deframer.push(chunk).flatMap((found): SniffedItem[] => {
        if (found.kind === "noise") {
          return found.error === undefined ? [] : [{ kind: "unreadable", from, summary: `${found.octets} octets: ${found.error.message}` }];
        }
        const { frame } = found;
        const pair = { source: formatAddress(frame.source), destination: formatAddress(frame.destination) };
        const message = messages.take(frame);
        if (message === undefined) return [{ kind: "frame", from, ...pair, summary: frameText(frame) }];
        try {
          return [this.#apdu(from, pair, withoutLlc(message))];
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
          return [{ kind: "unreadable", from, summary: error.message }];
        }
      });
  }

  #apdu(from: SniffedSide, pair: { source: string; destination: string }, octets: Uint8Array): SniffedItem {
    const own = this.#titles[from];
    const systemTitles = [...(own === undefined ? [] : [own]), ...this.#options.systemTitles];
    const keys = [...this.#options.keys, ...(this.#dedicated === undefined ? [] : [this.#dedicated])];
    const explained = explain(octets, { form: "apdu", keys, systemTitles });
    const title = hexOf(findField(explained, from === "client" ? "callingApTitle" : "respondingApTitle")?.value);
    if (title?.length === 8) this.#titles[from] = title;
    if (octets[0] === AARQ) this.#learnDedicatedKey(hexOf(findField(explained, "dedicatedKey")?.value));
    const field = dlmsField(explained);
    return { kind: "apdu", from, ...pair, octets, summary: summaryOfDlms(field), explained: field };
  }

  #learnDedicatedKey(key: Uint8Array | undefined): void {
    const [given] = this.#options.keys;
    this.#dedicated =
      key === undefined || given === undefined
        ? undefined
        : { label: "the dedicated key of the association", encryptionKey: key, authenticationKey: given.authenticationKey };
  }
}

const AARQ = 0x60;

/** The octets of an explained leaf: hex, with a reading behind it. */
function hexOf(value: string | undefined): Uint8Array | undefined {
  const hex = /^(?:[0-9a-f]{2})+/i.exec(value ?? "")?.[0];
  return hex === undefined ? undefined : fromHex(hex);
}

/** Puts the segments of one direction together, each pair of addresses by itself. */
class MessageAssembler {
  readonly #pairs = new Map<string, { parts: Uint8Array[]; octets: number; lastSequence: number }>();

  /** The message that this frame completes. */
  take(frame: HdlcFrame): Uint8Array | undefined {
    const { control, information } = frame;
    const key = `${formatAddress(frame.source)}>${formatAddress(frame.destination)}`;
    if (control.kind === "ui") return information;
    if (control.kind !== "i") {
      if (control.kind === "snrm" || control.kind === "ua" || control.kind === "disc") this.#pairs.delete(key);
      return undefined;
    }
    const pair = this.#pairs.get(key) ?? { parts: [], octets: 0, lastSequence: -1 };
    // Sent again: it was heard before.
    if (control.sendSequence === pair.lastSequence) return undefined;
    pair.lastSequence = control.sendSequence;
    pair.octets += information.length;
    if (pair.octets <= MESSAGE_OCTETS_MAX) pair.parts.push(information);
    this.#pairs.set(key, pair);
    if (frame.segmented) return undefined;
    const message = Buffer.concat(pair.parts);
    pair.parts = [];
    pair.octets = 0;
    return new Uint8Array(message);
  }
}

function frameText({ control, segmented, information }: HdlcFrame): string {
  const sequences = [
    ...("sendSequence" in control ? [`N(S) ${control.sendSequence}`] : []),
    ...("receiveSequence" in control ? [`N(R) ${control.receiveSequence}`] : []),
  ];
  const part = segmented ? `segment of ${information.length} octets` : undefined;
  return [control.kind.toUpperCase(), ...sequences, ...(part === undefined ? [] : [part])].join(" ");
}
