import { DecodeError, UsageError, type LinkError } from "@amity/bytes";
import type { Connection, Timers } from "@amity/runtime";
import type { PduLink, PduLinkHandlers, SapPair } from "../link/pdu-link.ts";
import { clientAddress, isBroadcast, isCallingDevice, serverAddress, type HdlcAddress } from "./address.ts";
import { DeadlineTimer } from "../link/deadline-timer.ts";
import { DrainGate } from "./drain-gate.ts";
import { FrameStream } from "./frame-stream.ts";
import type { HdlcFrame } from "./frame.ts";
import { LLC_RESPONSE, withLlc, withoutLlc } from "./llc.ts";
import { settleSecondary, type SecondaryOptions, type Settled } from "./options.ts";
import { SECONDARY_START, secondaryBacklog, secondaryDeadline, stepSecondary } from "./secondary.ts";
import type { SecondaryConfig, SecondaryEffect, SecondaryInput, SecondaryState } from "./secondary.ts";
import { UnnumberedAssembler, unnumberedFrames } from "./unnumbered.ts";

/** Pairs of addresses that one connection may have open. */
const STATIONS_MAX = 64;

export interface HdlcServerOptions extends SecondaryOptions {
  /** The physical (lower) address on a multidrop line; others are passed over. Absent: answers to any. */
  readonly physicalDevice?: number;
  /** Which logical devices are here, default all: others are passed over in silence, as on a shared line. */
  readonly answersAt?: (serverSap: number) => boolean;
  readonly interOctetTimeoutMs?: number;
  /** Octets without a frame, in a row, after which the connection is ended. Default 64 KiB; Infinity on a line that others disturb. */
  readonly rubbishOctetsMax?: number;
}

/**
 * The server's side of a byte stream: every pair of addresses that a client connects (SNRM) carries one association.
 * `send` for a pair that is not connected pushes the APDU in UI frames.
 */
export function serveHdlcLink(connection: Connection, timers: Timers, options: HdlcServerOptions = {}): PduLink {
  const link = new HdlcServerLink(timers, options);
  link.open(connection);
  return link;
}

/** One connected pair. */
interface Station {
  config: SecondaryConfig;
  state: SecondaryState;
  readonly saps: SapPair;
  readonly deadline: DeadlineTimer;
}

class HdlcServerLink implements PduLink {
  readonly #timers: Timers;
  readonly #options: HdlcServerOptions;
  readonly #settled: Settled<SecondaryOptions>;
  readonly #stations = new Map<number, Station>();
  readonly #unnumbered: UnnumberedAssembler;
  readonly #gate = new DrainGate(() => this.backlog);
  #stream: FrameStream | undefined;
  #handlers: PduLinkHandlers | undefined;
  #held: HdlcFrame[] = [];
  #end: { readonly error: LinkError | undefined } | undefined;

  constructor(timers: Timers, options: HdlcServerOptions) {
    const {
      physicalDevice: _physical,
      answersAt: _answers,
      interOctetTimeoutMs: _silence,
      rubbishOctetsMax: _rubbish,
      ...secondary
    } = options;
    this.#timers = timers;
    this.#options = options;
    this.#settled = settleSecondary(secondary);
    this.#unnumbered = new UnnumberedAssembler(this.#settled.messageOctetsMax);
  }

  open(connection: Connection): void {
    const handlers = { frame: (frame: HdlcFrame) => this.#frame(frame), closed: (error: LinkError | undefined) => this.#finish(error) };
    this.#stream = new FrameStream(connection, this.#timers, handlers, this.#options);
    this.#stream.open();
  }

  bind(handlers: PduLinkHandlers): void {
    if (this.#handlers !== undefined) throw new UsageError("the link has an owner already", { code: "bound" });
    this.#handlers = handlers;
    const held = this.#held;
    this.#held = [];
    for (const frame of held) this.#frame(frame);
    if (this.#end !== undefined) handlers.closed(this.#end.error);
  }

  send(apdu: Uint8Array, saps: SapPair): void {
    if (this.#end !== undefined) return;
    const limit = this.#settled.queueOctetsMax;
    if (this.backlog + apdu.length > limit) throw new UsageError(`more than ${limit} octets are queued`, { code: "limit" });
    const station = this.#stations.get(keyOf(saps));
    if (station?.state.kind === "connected") this.#step(station, { kind: "send", message: withLlc(LLC_RESPONSE, apdu) });
    else this.#push(apdu, saps);
  }

  close(): void {
    this.#stream?.close();
    this.#finish(undefined);
  }

  abort(): void {
    this.#stream?.abort();
    this.#finish(undefined);
  }

  get backlog(): number {
    let octets = 0;
    for (const station of this.#stations.values()) octets += secondaryBacklog(station.state);
    return octets;
  }

  drained(): Promise<void> {
    return this.#gate.drained();
  }

  #push(apdu: Uint8Array, saps: SapPair): void {
    const source = serverAddress(saps.serverSap, this.#options.physicalDevice);
    const to = { source, destination: clientAddress(saps.clientSap) };
    const octets = Math.min(this.#settled.parameters.transmitOctets, this.#settled.segmentOctets);
    for (const frame of unnumberedFrames(apdu, to, octets)) this.#stream?.send(frame);
  }

  #frame(frame: HdlcFrame): void {
    if (this.#end !== undefined) return;
    // A client sends one window at most before it hears from us: what comes before `bind` is little.
    if (this.#handlers === undefined) return void (this.#held.length < 8 && this.#held.push(frame));
    if (isBroadcast(frame.destination)) return this.#unnumberedFrame(frame);
    if (!this.#isForUs(frame.destination) || frame.source.octets !== 1) return;
    if (frame.control.kind === "ui") return this.#unnumberedFrame(frame);
    const station = this.#station(frame);
    if (station !== undefined) this.#step(station, { kind: "frame", frame });
  }

  #isForUs(destination: HdlcAddress): boolean {
    const { physicalDevice, answersAt } = this.#options;
    if (answersAt?.(destination.upper) === false) return false;
    if (physicalDevice === undefined || destination.octets === 1) return true;
    return destination.lower === physicalDevice || isCallingDevice(destination);
  }

  #station(frame: HdlcFrame): Station | undefined {
    const saps = { clientSap: frame.source.upper, serverSap: frame.destination.upper };
    const known = this.#stations.get(keyOf(saps));
    if (known !== undefined) {
      // The client chooses the form of the address when it connects; our answers keep to it.
      if (frame.control.kind === "snrm") known.config = { ...known.config, own: frame.destination };
      return known;
    }
    if (this.#stations.size >= STATIONS_MAX) return undefined;
    const config = { own: frame.destination, peer: frame.source, options: this.#settled };
    const deadline: DeadlineTimer = new DeadlineTimer(this.#timers, () => this.#step(station, { kind: "tick" }));
    const station: Station = { config, state: SECONDARY_START, saps, deadline };
    this.#stations.set(keyOf(saps), station);
    return station;
  }

  #step(station: Station, input: SecondaryInput): void {
    const step = stepSecondary(station.config, station.state, input, this.#timers.elapsedMs());
    station.state = step.state;
    for (const effect of step.effects) this.#perform(station, effect);
    if (this.#end !== undefined) return;
    station.deadline.set(secondaryDeadline(station.state));
    if (station.state.kind === "disconnected") this.#forget(station);
    this.#gate.check();
  }

  #perform(station: Station, effect: SecondaryEffect): void {
    switch (effect.kind) {
      case "transmit":
        this.#stream?.send(effect.frame);
        return;
      case "message":
        this.#message(station, effect.message);
        return;
      case "disconnected":
        this.#handlers?.released?.(station.saps);
        return;
      case "connected":
      case "unnumbered":
        return;
    }
  }

  #message(station: Station, message: Uint8Array): void {
    let apdu: Uint8Array;
    try {
      apdu = withoutLlc(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      // Not meant for an application layer that we have; the client is not left to wait for an answer.
      queueMicrotask(() => this.#step(station, { kind: "release" }));
      return;
    }
    this.#handlers?.apdu(apdu, station.saps);
  }

  #unnumberedFrame(frame: HdlcFrame): void {
    if (frame.control.kind !== "ui") return;
    const message = this.#unnumbered.take(frame);
    if (message === undefined) return;
    this.#handlers?.apdu(message.apdu, { clientSap: message.source.upper, serverSap: message.destination.upper });
  }

  #forget(station: Station): void {
    station.deadline.stop();
    this.#stations.delete(keyOf(station.saps));
  }

  #finish(error: LinkError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (const station of this.#stations.values()) station.deadline.stop();
    this.#stations.clear();
    this.#gate.open();
    this.#handlers?.closed(error);
  }
}

function keyOf(saps: SapPair): number {
  return saps.clientSap * 0x4000 + saps.serverSap;
}
