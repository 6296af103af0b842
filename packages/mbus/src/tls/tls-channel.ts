import { LinkError, type AmityError } from "@amity/bytes";
import type { Certificate, TlsCredentials, TlsEndpoint, TlsEngine } from "@amity/crypto";
import type { Timer, Timers } from "@amity/runtime";
import { gatewayDeadlineMs, newGatewayState, stepGateway, type TlsGatewayState } from "./tls-gateway-link.ts";
import type { TlsLinkEffect, TlsLinkInput, TlsLinkOptions, TlsLinkStep } from "./tls-link.ts";
import { meterDeadlineMs, newMeterState, stepMeter, type TlsMeterState } from "./tls-meter-link.ts";

/** What an end of a channel needs of the world. */
export interface TlsChannelParts {
  readonly engine: TlsEngine;
  /** Own certificate, and whom to believe: see `@amity/crypto`. */
  readonly credentials: TlsCredentials;
  readonly timers: Timers;
  /** Sends a telegram on air. */
  transmit(octets: Uint8Array): void;
}

/** What a channel tells. */
export interface TlsChannelEvents {
  /** Both ends are proved. */
  opened(peer: Certificate): void;
  /** Application data, and the CI that says which application. */
  content(octets: Uint8Array, controlInformation: number): void;
  /** The session is over: for good reason (no error), or for a bad one. A gateway may `open` again. */
  ended(error: AmityError | undefined): void;
}

/** A TLS session of security mode 13 over wireless M-Bus: joins the pure link to the engine that holds the keys. */
export interface TlsChannel {
  /** Gateway: makes a session, where there is none. */
  open(): void;
  /** A telegram heard; what is not for this channel is left alone. */
  receive(octets: Uint8Array): void;
  /** Application data for the other end (default: records, CI 5B to the meter, 7A from it). @throws LinkError `closed` without a session. */
  send(content: Uint8Array, controlInformation?: number): void;
  /** Gateway: asks what the meter has to say. */
  poll(): void;
  close(): void;
  /** Counter of the newest request for a channel: to be kept, see `TlsLinkOptions.channelCounter`. */
  readonly channelCounter: number;
  readonly phase: TlsGatewayState["phase"];
}

/** First octet of a TLS record with application data (RFC 5246, 6.2.1). */
const APPLICATION_RECORD = 23;

/** Platforms' timers count to 24 days; a tick too many does no harm. */
const TIMER_MAX_MS = 86_400_000;

/** One end of a channel. */
export function tlsChannel(options: TlsLinkOptions, parts: TlsChannelParts, events: TlsChannelEvents): TlsChannel {
  const link = options.side === "gateway" ? gatewayLink(options) : meterLink(options);
  const { timers } = parts;
  let session: TlsSession | undefined;
  let timer: Timer | undefined;
  const feed = (input: TlsLinkInput): void => {
    for (const effect of link.step(input, timers.elapsedMs())) carryOut(effect);
    timer?.cancel();
    const dueMs = link.dueMs();
    if (dueMs === undefined) return;
    const delayMs = Math.min(Math.max(0, dueMs - timers.elapsedMs()), TIMER_MAX_MS);
    timer = timers.after(delayMs, () => feed({ kind: "tick" }));
  };
  const carryOut = (effect: TlsLinkEffect): void => {
    switch (effect.kind) {
      case "transmit":
        return parts.transmit(effect.octets);
      case "start":
        session?.forget();
        session = startSession(options, parts, { feed, events });
        return;
      case "records":
        return session?.receive(effect.octets, effect.controlInformation);
      case "end":
        session?.forget();
        session = undefined;
        return events.ended(effect.error);
    }
  };
  return {
    open: () => feed({ kind: "open" }),
    receive: (octets) => feed({ kind: "telegram", octets }),
    send(content, controlInformation = options.side === "gateway" ? 0x5b : 0x7a) {
      if (session === undefined) throw new LinkError("there is no TLS session", { code: "closed", advice: "open one first" });
      session.send(content, controlInformation);
    },
    poll: () => feed({ kind: "poll" }),
    close: () => feed({ kind: "end" }),
    get channelCounter() {
      return link.state().channelCounter;
    },
    get phase() {
      return link.state().phase;
    },
  };
}

interface TlsSession {
  receive(octets: Uint8Array, controlInformation: number): void;
  send(content: Uint8Array, controlInformation: number): void;
  forget(): void;
}

/** An engine for one session. One message carries one record of content, so that each comes out under the CI it went in with. */
function startSession(
  options: TlsLinkOptions,
  { engine, credentials }: TlsChannelParts,
  { feed, events }: { feed: (input: TlsLinkInput) => void; events: TlsChannelEvents },
): TlsSession {
  let isForgotten = false;
  const arriving: number[] = [];
  const leaving: number[] = [];
  const role = (options.client ?? "meter") === options.side ? "client" : "server";
  const ifKnown = (act: () => void): void => {
    if (!isForgotten) act();
  };
  const endpoint: TlsEndpoint = engine(
    { ...credentials, role },
    {
      transmit: (octets) =>
        ifKnown(() => {
          feed({ kind: "records", octets, controlInformation: octets[0] === APPLICATION_RECORD ? leaving.shift() : undefined });
        }),
      secured: (peer) =>
        ifKnown(() => {
          feed({ kind: "secured" });
          events.opened(peer);
        }),
      plaintext: (octets) => ifKnown(() => events.content(octets, arriving.shift() ?? 0)),
      failed: (error) => ifKnown(() => feed({ kind: "end", error })),
      closed: () => ifKnown(() => feed({ kind: "end" })),
    },
  );
  return {
    receive(octets, controlInformation) {
      if (octets[0] === APPLICATION_RECORD) arriving.push(controlInformation);
      endpoint.receive(octets);
    },
    send(content, controlInformation) {
      leaving.push(controlInformation);
      endpoint.send(content);
    },
    forget() {
      isForgotten = true;
      endpoint.close();
    },
  };
}

/** A link with its state: either end looks the same from here. */
interface Link {
  step(input: TlsLinkInput, nowMs: number): readonly TlsLinkEffect[];
  dueMs(): number | undefined;
  state(): TlsGatewayState | TlsMeterState;
}

function gatewayLink(options: TlsLinkOptions): Link {
  return held(newGatewayState(options), stepGateway, gatewayDeadlineMs, options);
}

function meterLink(options: TlsLinkOptions): Link {
  return held(newMeterState(options), stepMeter, meterDeadlineMs, options);
}

/** Holds the state of an end from step to step. */
function held<State extends TlsGatewayState | TlsMeterState>(
  initial: State,
  stepEnd: (state: State, input: TlsLinkInput, nowMs: number, options: TlsLinkOptions) => TlsLinkStep<State>,
  deadlineMs: (state: State, options: TlsLinkOptions) => number | undefined,
  options: TlsLinkOptions,
): Link {
  let state = initial;
  return {
    step(input, nowMs) {
      const next = stepEnd(state, input, nowMs, options);
      state = next.state;
      return next.effects;
    },
    dueMs: () => deadlineMs(state, options),
    state: () => state,
  };
}
