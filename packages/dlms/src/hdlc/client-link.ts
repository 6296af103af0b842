import { DecodeError, LinkError, UsageError, type AmityError } from "@amity/bytes";
import type { Connection, Timers } from "@amity/runtime";
import type { PduLink, PduLinkHandlers, SapPair } from "../link/pdu-link.ts";
import { clientAddress, isSameStation, serverAddress, type HdlcAddress } from "./address.ts";
import { DeadlineTimer } from "../link/deadline-timer.ts";
import { DrainGate } from "./drain-gate.ts";
import { FrameStream } from "./frame-stream.ts";
import type { HdlcFrame } from "./frame.ts";
import { LLC_COMMAND, withLlc, withoutLlc } from "./llc.ts";
import { settlePrimary, type PrimaryOptions } from "./options.ts";
import { PRIMARY_START, primaryBacklog, primaryDeadline, stepPrimary } from "./primary.ts";
import type { PrimaryConfig, PrimaryEffect, PrimaryInput, PrimaryState } from "./primary.ts";
import { UnnumberedAssembler } from "./unnumbered.ts";

/** APDUs that wait for `bind`. */
const WAITING_MAX = 64;

export interface HdlcClientOptions extends PrimaryOptions {
  readonly clientSap: number;
  /** Logical device (upper address), default 1. */
  readonly serverSap?: number;
  /** Physical device (lower address) on a multidrop line. */
  readonly physicalDevice?: number;
  /** The form of the server address, where this meter insists on one. */
  readonly addressOctets?: 1 | 2 | 4;
  readonly interOctetTimeoutMs?: number;
}

/**
 * Opens an HDLC connection as the client over a byte stream: resolves once the server has answered SNRM.
 * @throws LinkError (`timeout`, `refused`, or what ended the connection), UsageError for impossible options.
 */
export function openHdlcLink(connection: Connection, timers: Timers, options: HdlcClientOptions): Promise<PduLink> {
  const { clientSap, serverSap = 1, physicalDevice, addressOctets, interOctetTimeoutMs, ...primary } = options;
  const config: PrimaryConfig = {
    own: clientAddress(clientSap),
    peer: serverAddress(serverSap, physicalDevice, addressOctets),
    options: settlePrimary(primary),
  };
  return new Promise((resolve, reject) => {
    const link: HdlcClientLink = new HdlcClientLink(config, timers, (error) => (error === undefined ? resolve(link) : reject(error)));
    link.open(connection, interOctetTimeoutMs);
  });
}

/** One association's link: the pair of its addresses is fixed when it opens. */
class HdlcClientLink implements PduLink {
  readonly #config: PrimaryConfig;
  readonly #timers: Timers;
  readonly #saps: SapPair;
  readonly #opened: (error: LinkError | undefined) => void;
  readonly #deadline: DeadlineTimer;
  readonly #gate = new DrainGate(() => this.backlog);
  readonly #unnumbered: UnnumberedAssembler;
  #stream: FrameStream | undefined;
  #state: PrimaryState = PRIMARY_START;
  #handlers: PduLinkHandlers | undefined;
  #waiting: Uint8Array[] = [];
  /** Set when the link has ended; `error` is told to whoever binds. */
  #end: { readonly error: LinkError | undefined } | undefined;

  constructor(config: PrimaryConfig, timers: Timers, opened: (error: LinkError | undefined) => void) {
    this.#config = config;
    this.#timers = timers;
    this.#opened = opened;
    this.#saps = { clientSap: config.own.upper, serverSap: config.peer.upper };
    this.#unnumbered = new UnnumberedAssembler(config.options.messageOctetsMax);
    this.#deadline = new DeadlineTimer(timers, () => this.#step({ kind: "tick" }));
  }

  open(connection: Connection, interOctetTimeoutMs: number | undefined): void {
    const handlers = {
      frame: (frame: HdlcFrame) => this.#frame(frame),
      closed: (error: LinkError | undefined) => this.#connectionClosed(error),
    };
    this.#stream = new FrameStream(connection, this.#timers, handlers, interOctetTimeoutMs === undefined ? {} : { interOctetTimeoutMs });
    this.#stream.open();
    this.#step({ kind: "connect" });
  }

  bind(handlers: PduLinkHandlers): void {
    if (this.#handlers !== undefined) throw new UsageError("the link has an owner already", { code: "bound" });
    this.#handlers = handlers;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const apdu of waiting) handlers.apdu(apdu, this.#saps);
    if (this.#end !== undefined) handlers.closed(this.#end.error);
  }

  send(apdu: Uint8Array, saps: SapPair): void {
    if (saps.clientSap !== this.#saps.clientSap || saps.serverSap !== this.#saps.serverSap) {
      throw new UsageError(`this link joins ${this.#saps.clientSap} and ${this.#saps.serverSap} only`, { code: "wrong-sap" });
    }
    if (this.#end !== undefined) return;
    const limit = this.#config.options.queueOctetsMax;
    if (this.backlog + apdu.length > limit) throw new UsageError(`more than ${limit} octets are queued`, { code: "limit" });
    this.#step({ kind: "send", message: withLlc(LLC_COMMAND, apdu) });
  }

  close(): void {
    if (this.#end === undefined) this.#step({ kind: "disconnect" });
  }

  abort(): void {
    this.#finish(undefined, "abort");
  }

  get backlog(): number {
    return primaryBacklog(this.#state);
  }

  drained(): Promise<void> {
    return this.#gate.drained();
  }

  #frame(frame: HdlcFrame): void {
    // Half-duplex lines echo, and a multidrop line carries the answers of others.
    if (!isSameStation(frame.source, this.#config.peer) && !isAnyPhysical(frame.source, this.#config.peer)) return;
    if (!isSameStation(frame.destination, this.#config.own)) return;
    if (frame.control.kind !== "ui") return this.#step({ kind: "frame", frame });
    const message = this.#unnumbered.take(frame);
    if (message !== undefined) this.#deliver(message.apdu);
  }

  #step(input: PrimaryInput): void {
    const step = stepPrimary(this.#config, this.#state, input, this.#timers.elapsedMs());
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect);
    if (this.#end !== undefined) return;
    this.#deadline.set(primaryDeadline(this.#state));
    this.#gate.check();
  }

  #perform(effect: PrimaryEffect): void {
    switch (effect.kind) {
      case "transmit":
        this.#stream?.send(effect.frame);
        return;
      case "connected":
        this.#opened(undefined);
        return;
      case "message":
        this.#message(effect.message);
        return;
      case "disconnected":
        this.#finish(undefined, "close");
        return;
      case "failed":
        this.#finish(asLinkError(effect.error), "abort");
        return;
      case "unnumbered":
        // Taken before the machine, which keeps no parts of them.
        return;
    }
  }

  #message(message: Uint8Array): void {
    try {
      const apdu = withoutLlc(message);
      // A streaming general block transfer goes on without a request of ours: the peer must be polled for it.
      if (isStreaming(apdu)) queueMicrotask(() => this.#end === undefined && this.#step({ kind: "expect" }));
      this.#deliver(apdu);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#finish(asLinkError(error), "abort");
    }
  }

  #deliver(apdu: Uint8Array): void {
    if (this.#handlers !== undefined) this.#handlers.apdu(apdu, this.#saps);
    else if (this.#waiting.length < WAITING_MAX) this.#waiting.push(apdu);
  }

  #connectionClosed(error: LinkError | undefined): void {
    if (this.#state.kind === "disconnecting") return this.#finish(undefined, "close");
    this.#finish(error ?? new LinkError("the connection ended", { code: "closed" }), "abort");
  }

  #finish(error: LinkError | undefined, how: "close" | "abort"): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#deadline.stop();
    if (how === "close") this.#stream?.close();
    else this.#stream?.abort();
    this.#gate.open();
    // Nothing happens if the link was open: a promise settles once.
    this.#opened(error ?? new LinkError("the link was closed before it was open", { code: "closed" }));
    this.#handlers?.closed(error);
  }
}

/** A meter called by a reserved physical address answers under its own. */
function isAnyPhysical(source: HdlcAddress, called: HdlcAddress): boolean {
  return source.upper === called.upper && (called.octets === 1 || called.lower === 0x7e || called.lower === 0x3ffe);
}

/** General-block-transfer with the streaming bit set and the last-block bit clear (IEC 62056-5-3, 8.3). */
function isStreaming(apdu: Uint8Array): boolean {
  return apdu[0] === 0xe0 && ((apdu[1] ?? 0) & 0xc0) === 0x40;
}

/** What ended the link, as the link's failure: the cause keeps who was to blame. */
function asLinkError(error: AmityError): LinkError {
  return error instanceof LinkError ? error : new LinkError(error.message, { code: error.code, cause: error });
}
