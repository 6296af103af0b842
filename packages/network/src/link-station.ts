import { LinkError, UsageError } from "@amity/bytes";
import type { Connection, Timer } from "@amity/runtime";
import { LinkConnection, type LinkSettings } from "./link-connection.ts";
import type { LinkStation, LinkStationParts, LogicalLinkOptions } from "./logical-link.ts";
import type { Medium, Station, StationAddress } from "./medium.ts";
import { SEGMENT_HEAD_OCTETS, decodeSegment, encodeSegment, type Segment, type SegmentKind } from "./segment.ts";

/** Puts a station with links on a medium. @throws UsageError `in-use` where the address is taken. */
export function createLinkStation(parts: LinkStationParts): LinkStation {
  return new MediumLinkStation(parts);
}

interface Opening {
  readonly link: number;
  readonly to: StationAddress;
  readonly settle: (outcome: "opened" | LinkError) => void;
}

interface OpenLink {
  readonly connection: LinkConnection;
  readonly peer: StationAddress;
  readonly link: number;
  readonly isOpener: boolean;
}

class MediumLinkStation implements LinkStation {
  readonly address: StationAddress;
  readonly #parts: LinkStationParts;
  readonly #station: Station;
  readonly #settings: LinkSettings;
  readonly #idleMs: number;
  readonly #linksMax: number;
  readonly #links = new Map<string, OpenLink>();
  readonly #openings = new Map<number, Opening>();
  #accept: ((connection: Connection, from: StationAddress) => void) | undefined;
  #notified: ((message: Uint8Array, from: StationAddress) => void) | undefined;
  #nextLink: number;
  #idleTimer: Timer | undefined;
  #isClosed = false;

  constructor(parts: LinkStationParts) {
    this.address = parts.address;
    this.#parts = parts;
    this.#settings = settingsOf(parts.medium, parts.options ?? {});
    this.#idleMs = parts.options?.idleMs ?? 300_000;
    this.#linksMax = parts.options?.linksMax ?? 1_024;
    // Links of an earlier life of this station must not be taken for new ones.
    this.#nextLink = parts.random.below(0x1_0000);
    this.#station = parts.medium.attach(parts.address, (frame, from) => this.#receive(frame, from));
  }

  connect(to: StationAddress, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<Connection> {
    if (this.#isClosed) return Promise.reject(new LinkError("the station is off the medium", { code: "unreachable" }));
    if (this.#parts.medium.isDown)
      return Promise.reject(new LinkError("the medium is down", { code: "unreachable", advice: "wait until the feeder is restored" }));
    if (this.#links.size >= this.#linksMax)
      return Promise.reject(new LinkError(`${this.#linksMax} links are open already`, { code: "limit" }));
    const link = this.#nextLink;
    this.#nextLink = (link + 1) & 0xffff;
    const { timers } = this.#parts;
    return new Promise((resolve, reject) => {
      let tries = 0;
      let timer: Timer | undefined;
      const deadlineMs =
        timers.elapsedMs() + (options.timeoutMs ?? Math.max(CONNECT_LEAST_MS, this.#settings.retransmitMs * CONNECT_TRIES));
      const abandon = (): void => settle(new LinkError("was given up", { code: "aborted" }));
      const settle = (outcome: "opened" | LinkError): void => {
        timer?.cancel();
        options.signal?.removeEventListener("abort", abandon);
        if (!this.#openings.delete(link)) return;
        if (outcome === "opened") resolve(this.#keep(to, link, true));
        else reject(outcome);
      };
      const attempt = (): void => {
        if (timers.elapsedMs() >= deadlineMs)
          return settle(new LinkError(`station ${to} did not answer ${tries} calls`, { code: "timeout" }));
        tries++;
        this.#transmit(to, { kind: "open", fromOpener: true, link, sequence: 0, expected: 0, payload: NOTHING });
        const waitMs = Math.min(
          this.#queuedMs() + this.#settings.retransmitMs * 1.5 ** (tries - 1),
          Math.max(1, deadlineMs - timers.elapsedMs()),
        );
        timer = timers.after(waitMs, attempt);
        return undefined;
      };
      this.#openings.set(link, { link, to, settle });
      if (options.signal?.aborted === true) return abandon();
      options.signal?.addEventListener("abort", abandon, { once: true });
      return attempt();
    });
  }

  accept(handler: (connection: Connection, from: StationAddress) => void): void {
    this.#accept = handler;
  }

  notify(to: StationAddress, message: Uint8Array): void {
    if (message.length > this.#settings.segmentOctetsMax - SEGMENT_HEAD_OCTETS) {
      throw new UsageError(`a message of ${message.length} octets does not fit one frame`, { code: "too-long" });
    }
    this.#transmit(to, { kind: "notify", fromOpener: true, link: 0, sequence: 0, expected: 0, payload: message });
  }

  onNotify(handler: (message: Uint8Array, from: StationAddress) => void): void {
    this.#notified = handler;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#station.detach();
    this.#idleTimer?.cancel();
    const lost = new LinkError("the station left the medium", { code: "reset" });
    for (const { settle } of this.#openings.values()) settle(lost);
    for (const { connection } of this.#links.values()) connection.end(lost);
  }

  #receive(frame: Uint8Array, from: StationAddress): void {
    let segment: Segment;
    try {
      segment = decodeSegment(frame);
    } catch {
      // Noise that looks like a frame: as if it had been lost.
      return;
    }
    switch (segment.kind) {
      case "notify":
        this.#notified?.(segment.payload, from);
        return;
      case "open":
        this.#opened(segment, from);
        return;
      case "opened":
      case "refused": {
        const opening = this.#openings.get(segment.link);
        if (opening?.to !== from) return;
        opening.settle(segment.kind === "opened" ? "opened" : new LinkError(`station ${from} refused the link`, { code: "refused" }));
        return;
      }
      default:
        this.#pass(segment, from);
    }
  }

  /** Somebody opens a link, perhaps again because our answer was lost. */
  #opened(segment: Segment, from: StationAddress): void {
    const isKnown = this.#links.has(keyOf(from, segment.link, false));
    const isWelcome = isKnown || (this.#accept !== undefined && this.#links.size < this.#linksMax);
    this.#transmit(from, { ...segment, kind: isWelcome ? "opened" : "refused", fromOpener: false, payload: NOTHING });
    if (isWelcome && !isKnown) this.#accept?.(this.#keep(from, segment.link, false), from);
  }

  #pass(segment: Segment, from: StationAddress): void {
    const known = this.#links.get(keyOf(from, segment.link, !segment.fromOpener));
    if (known !== undefined) {
      known.connection.receive(segment);
      return;
    }
    const answer = { ...segment, fromOpener: !segment.fromOpener, payload: NOTHING };
    if (segment.kind === "finish") {
      // Ours is over already: its last acknowledgement was lost.
      this.#transmit(from, { ...answer, kind: "acknowledge", sequence: segment.expected, expected: (segment.sequence + 1) & 0xffff });
    } else if (segment.kind === "data") this.#transmit(from, { ...answer, kind: "reset" });
  }

  #keep(peer: StationAddress, link: number, isOpener: boolean): LinkConnection {
    const key = keyOf(peer, link, isOpener);
    const connection = new LinkConnection({
      timers: this.#parts.timers,
      remote: { host: `station-${peer}`, port: link },
      settings: this.#settings,
      transmit: (kind: SegmentKind, sequence, expected, payload) =>
        this.#transmit(peer, { kind, fromOpener: isOpener, link, sequence, expected, payload }),
      queuedMs: () => this.#queuedMs(),
      ended: () => void this.#links.delete(key),
    });
    this.#links.set(key, { connection, peer, link, isOpener });
    this.#idleTimer ??= this.#parts.timers.after(this.#idleMs / 4, () => this.#dropIdle());
    return connection;
  }

  #dropIdle(): void {
    this.#idleTimer = undefined;
    const nowMs = this.#parts.timers.elapsedMs();
    for (const { connection } of this.#links.values()) {
      if (nowMs - connection.lastHeardMs >= this.#idleMs)
        connection.end(new LinkError("nothing was heard on the link for too long", { code: "timeout" }));
    }
    if (this.#links.size > 0) this.#idleTimer = this.#parts.timers.after(this.#idleMs / 4, () => this.#dropIdle());
  }

  /** About how long what waits here already will take, through repeaters: a time-out must not start before its frame does. */
  #queuedMs(): number {
    return this.#station.queued * this.#parts.medium.frameTimeMs * 2;
  }

  #transmit(to: StationAddress, segment: Segment): void {
    if (!this.#isClosed) this.#station.send(to, encodeSegment(segment));
  }
}

function settingsOf(medium: Medium, options: LogicalLinkOptions): LinkSettings {
  const { frameTimeMs } = medium;
  return {
    windowSegments: options.windowSegments ?? 8,
    retransmitMs: options.retransmitMs ?? Math.max(20, 25 * frameTimeMs),
    retransmitMinMs: Math.max(8, 6 * frameTimeMs),
    retransmitMaxMs: Math.max(500, 100 * frameTimeMs),
    acknowledgeDelayMs: 2 * frameTimeMs,
    retriesMax: options.retriesMax ?? 16,
    backlogOctetsMax: options.backlogOctetsMax ?? 1_048_576,
    segmentOctetsMax: medium.frameOctetsMax,
  };
}

function keyOf(peer: StationAddress, link: number, isOpener: boolean): string {
  return `${peer}/${link}/${isOpener ? 1 : 0}`;
}

/** Calls of a link are given up after this many first time-outs; the later ones are longer. */
const CONNECT_TRIES = 40;
/** A fast medium in a busy process still gets this long. */
const CONNECT_LEAST_MS = 5_000;
const NOTHING = new Uint8Array(0);
