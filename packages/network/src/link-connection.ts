import { LinkError } from "@amity/bytes";
import type { Address, Connection, ConnectionHandlers, Timer, Timers } from "@amity/runtime";
import { SEGMENT_HEAD_OCTETS, SEQUENCE_MODULUS, sequenceDistance, type Segment, type SegmentKind } from "./segment.ts";

/** Settings of one link, in machine ms, with every default filled in. */
export interface LinkSettings {
  readonly windowSegments: number;
  readonly retransmitMs: number;
  readonly retransmitMinMs: number;
  readonly retransmitMaxMs: number;
  readonly acknowledgeDelayMs: number;
  readonly retriesMax: number;
  readonly backlogOctetsMax: number;
  readonly segmentOctetsMax: number;
}

export interface LinkConnectionParts {
  readonly timers: Timers;
  readonly remote: Address;
  readonly settings: LinkSettings;
  transmit(kind: SegmentKind, sequence: number, expected: number, payload: Uint8Array): void;
  /** How long what waits at this station already will take. */
  queuedMs(): number;
  /** The link is over: its station forgets it. */
  ended(): void;
}

interface Outgoing {
  readonly sequence: number;
  readonly kind: "data" | "finish";
  readonly payload: Uint8Array;
  sentMs: number;
  tries: number;
}

/** One end of a link: numbers, repeats and orders segments until the other side has them all, then says so. */
export class LinkConnection implements Connection {
  readonly remote: Address;
  lastHeardMs: number;
  readonly #parts: LinkConnectionParts;
  #handlers: ConnectionHandlers | undefined;
  #unread: Uint8Array[] = [];
  #ended: { readonly error: LinkError | undefined } | undefined;

  #unsent: Uint8Array[] = [];
  #unsentOctets = 0;
  #isFinishing = false;
  #inFlight: Outgoing[] = [];
  #nextSequence = 0;
  #timer: Timer | undefined;
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #repeatedAcknowledgements = 0;
  #drainWaiters: (() => void)[] = [];

  #expected = 0;
  readonly #early = new Map<number, { readonly kind: SegmentKind; readonly payload: Uint8Array }>();
  #unacknowledged = 0;
  #acknowledgeTimer: Timer | undefined;
  #peerFinished = false;

  constructor(parts: LinkConnectionParts) {
    this.#parts = parts;
    this.remote = parts.remote;
    this.lastHeardMs = parts.timers.elapsedMs();
  }

  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  get backlog(): number {
    return this.#unsentOctets + this.#inFlight.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  bind(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    for (const chunk of this.#unread.splice(0)) handlers.data(chunk);
    const ended = this.#ended;
    if (ended !== undefined) queueMicrotask(() => handlers.closed(ended.error));
  }

  send(data: Uint8Array): void {
    if (this.isOver || this.#isFinishing || data.length === 0) return;
    if (this.backlog + data.length > this.#parts.settings.backlogOctetsMax) {
      this.#fail("backlog", "more waits to be sent than the link may hold");
      return;
    }
    this.#unsent.push(data.slice());
    this.#unsentOctets += data.length;
    this.#fillWindow();
  }

  drained(): Promise<void> {
    if (this.isOver || this.backlog <= DRAINED_OCTETS) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  close(): void {
    if (this.isOver || this.#isFinishing) return;
    this.#isFinishing = true;
    this.#fillWindow();
  }

  abort(reason?: LinkError): void {
    if (this.isOver) return;
    this.#transmit("reset", 0, NOTHING);
    this.end(reason ?? new LinkError("the link was aborted", { code: "reset" }));
  }

  /** Takes a segment of this link. */
  receive(segment: Segment): void {
    if (this.isOver) return;
    this.lastHeardMs = this.#parts.timers.elapsedMs();
    if (segment.kind === "reset") {
      this.end(new LinkError("the other side reset the link", { code: "reset" }));
      return;
    }
    this.#takeAcknowledgement(segment.expected, segment.kind === "acknowledge");
    if (this.isOver || (segment.kind !== "data" && segment.kind !== "finish")) return;
    this.#takeNumbered(segment);
  }

  /** Ends without a word to the other side. */
  end(error: LinkError | undefined): void {
    if (this.isOver) return;
    this.#ended = { error };
    this.#timer?.cancel();
    this.#acknowledgeTimer?.cancel();
    this.#unsent = [];
    this.#unsentOctets = 0;
    this.#inFlight = [];
    this.#early.clear();
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
    this.#parts.ended();
    this.#handlers?.closed(error);
  }

  #takeNumbered(segment: Segment): void {
    const ahead = sequenceDistance(this.#expected, segment.sequence);
    if (ahead !== 0) {
      // A repetition, or one that overtook: tell at once what is missing.
      if (ahead < this.#parts.settings.windowSegments * 2)
        this.#early.set(segment.sequence, { kind: segment.kind, payload: segment.payload });
      this.#acknowledgeNow();
      return;
    }
    this.#takeInOrder(segment.kind, segment.payload);
    for (let early = this.#early.get(this.#expected); early !== undefined; early = this.#early.get(this.#expected)) {
      this.#early.delete(this.#expected);
      this.#takeInOrder(early.kind, early.payload);
    }
    if (this.isOver) return;
    if (this.#peerFinished || this.#early.size > 0 || this.#unacknowledged >= ACKNOWLEDGE_EVERY) this.#acknowledgeNow();
    else this.#acknowledgeTimer ??= this.#parts.timers.after(this.#parts.settings.acknowledgeDelayMs, () => this.#acknowledgeNow());
    if (this.#peerFinished) this.#finishIfDone();
  }

  #takeInOrder(kind: SegmentKind, payload: Uint8Array): void {
    if (this.isOver) return;
    this.#expected = (this.#expected + 1) % SEQUENCE_MODULUS;
    this.#unacknowledged++;
    if (kind === "finish") {
      this.#peerFinished = true;
      this.#isFinishing = true;
      this.#fillWindow();
    } else if (this.#handlers === undefined) this.#unread.push(payload.slice());
    else this.#handlers.data(payload.slice());
  }

  #takeAcknowledgement(expected: number, isBare: boolean): void {
    const oldest = this.#inFlight[0];
    if (oldest === undefined) return;
    const count = sequenceDistance(oldest.sequence, expected);
    if (count > this.#inFlight.length) return;
    if (count === 0) {
      // Three bare repetitions of the same number: the segment is lost, do not wait for the timer.
      if (isBare && ++this.#repeatedAcknowledgements === 3) this.#repeatOldest();
      return;
    }
    this.#repeatedAcknowledgements = 0;
    const newest = this.#inFlight[count - 1];
    if (newest?.tries === 1) this.#learn(this.#parts.timers.elapsedMs() - newest.sentMs);
    this.#inFlight.splice(0, count);
    this.#arm();
    this.#fillWindow();
    if (this.backlog <= DRAINED_OCTETS) for (const resolve of this.#drainWaiters.splice(0)) resolve();
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#isFinishing && this.#inFlight.length === 0 && this.#unsent.length === 0 && this.#nextSequence > 0 && this.#finishSent)
      this.end(undefined);
  }

  #finishSent = false;

  #fillWindow(): void {
    const { windowSegments } = this.#parts.settings;
    while (this.#inFlight.length < windowSegments && this.#unsent.length > 0) this.#launch("data", this.#nextPayload());
    if (this.#isFinishing && !this.#finishSent && this.#unsent.length === 0 && this.#inFlight.length < windowSegments) {
      this.#finishSent = true;
      this.#launch("finish", NOTHING);
    }
  }

  /** As much of what waits as one segment holds. */
  #nextPayload(): Uint8Array {
    const limit = this.#parts.settings.segmentOctetsMax - SEGMENT_HEAD_OCTETS;
    const out = new Uint8Array(Math.min(limit, this.#unsentOctets));
    let filled = 0;
    while (filled < out.length) {
      const head = this.#unsent[0];
      if (head === undefined) break;
      const taken = head.subarray(0, out.length - filled);
      out.set(taken, filled);
      filled += taken.length;
      if (taken.length === head.length) this.#unsent.shift();
      else this.#unsent[0] = head.subarray(taken.length);
    }
    this.#unsentOctets -= filled;
    return out;
  }

  #launch(kind: "data" | "finish", payload: Uint8Array): void {
    const outgoing: Outgoing = { sequence: this.#nextSequence, kind, payload, sentMs: this.#parts.timers.elapsedMs(), tries: 1 };
    this.#nextSequence = (this.#nextSequence + 1) % SEQUENCE_MODULUS;
    this.#inFlight.push(outgoing);
    this.#transmit(kind, outgoing.sequence, payload);
    if (this.#inFlight.length === 1) this.#arm();
  }

  #repeatOldest(): void {
    const oldest = this.#inFlight[0];
    if (oldest === undefined) return;
    if (oldest.tries > this.#parts.settings.retriesMax) {
      this.#fail("timeout", `the other side did not acknowledge ${oldest.tries} tries`);
      return;
    }
    oldest.tries++;
    oldest.sentMs = this.#parts.timers.elapsedMs();
    this.#transmit(oldest.kind, oldest.sequence, oldest.payload);
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    const oldest = this.#inFlight[0];
    this.#timer = oldest === undefined ? undefined : this.#parts.timers.after(this.#timeoutMs(oldest.tries), () => this.#repeatOldest());
  }

  /** RFC 6298 in spirit: smoothed round trip plus four variations, doubled with every try. */
  #timeoutMs(tries: number): number {
    const { retransmitMs, retransmitMinMs, retransmitMaxMs } = this.#parts.settings;
    const base = this.#smoothedMs === undefined ? retransmitMs : Math.max(retransmitMinMs, this.#smoothedMs + 4 * this.#variationMs);
    return this.#parts.queuedMs() + Math.min(retransmitMaxMs, base * 2 ** (tries - 1));
  }

  #learn(roundTripMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = roundTripMs;
      this.#variationMs = roundTripMs / 2;
      return;
    }
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - roundTripMs);
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * roundTripMs;
  }

  #acknowledgeNow(): void {
    if (!this.isOver) this.#transmit("acknowledge", this.#nextSequence, NOTHING);
  }

  /** Every segment carries the acknowledgement. */
  #transmit(kind: SegmentKind, sequence: number, payload: Uint8Array): void {
    this.#unacknowledged = 0;
    this.#acknowledgeTimer?.cancel();
    this.#acknowledgeTimer = undefined;
    this.#parts.transmit(kind, sequence, this.#expected, payload);
  }

  #fail(code: string, text: string): void {
    this.#transmit("reset", 0, NOTHING);
    this.end(new LinkError(text, { code }));
  }
}

const NOTHING = new Uint8Array(0);
const ACKNOWLEDGE_EVERY = 4;
const DRAINED_OCTETS = 16_384;
