import { DecodeError, LinkError, SecurityError, type AmityError } from "@amity/bytes";
import { addressText, type MeterAddress } from "../link/address.ts";
import type { MeterKey } from "../transport/meter-key.ts";
import type { FrameFormat } from "../wireless/frame-format.ts";
import { FRAGMENT_LIMITS, NO_FRAGMENTS, fragmentOf, stepFragments, type FragmentAssembly } from "../wireless/fragment-assembly.ts";
import { decodeMessage, decodeTelegram, type Telegram } from "../wireless/telegram.ts";
import { encodeFrame, messageParts } from "../wireless/write-telegram.ts";

/** Configuration extension of security mode 13: ask for a TLS channel, or carry its records. */
export const TLS_CHANNEL = { request: 0, records: 1 } as const;

/** The two ends of a link, and how they are told apart on air. */
export interface TlsLinkOptions {
  readonly side: "gateway" | "meter";
  readonly gateway: MeterAddress;
  readonly meter: MeterAddress;
  /** Who sends the ClientHello. The meter does by default, once the gateway has asked for a channel. */
  readonly client?: "gateway" | "meter";
  /** Proves requests for a channel (AFL with MAC), so that nobody else ends the one there is; both ends have it, or neither. */
  readonly channelKey?: MeterKey;
  /** Counter of the gateway's next request under `channelKey`, above all before; of the meter, the last one it obeyed. */
  readonly channelCounter?: number;
  readonly format?: FrameFormat;
  readonly limits?: Partial<TlsLinkLimits>;
}

/** Bounds of a link. */
export interface TlsLinkLimits {
  /** Until an unanswered telegram is sent again (ms). */
  readonly retryMs: number;
  readonly attemptsMax: number;
  /** Between requests while the other end has nothing to say yet (ms). */
  readonly pollMs: number;
  /** Requests that may be answered by nothing, once the session is open. */
  readonly pollsMax: number;
  readonly handshakeMs: number;
  /** A session is ended after this, and made anew: 31 days at most (BSI TR-03116-3, 6.1). */
  readonly sessionMs: number;
  /** Octets that wait to be sent. */
  readonly queueOctetsMax: number;
}

const DAY_MS = 86_400_000;

/** 31 days, what BSI TR-03116-3, 6.1 allows a session in a local metrological network to last. */
export const TLS_SESSION_MAX_MS = 31 * DAY_MS;

const LIMITS: TlsLinkLimits = {
  retryMs: 500,
  attemptsMax: 8,
  pollMs: 200,
  pollsMax: 3,
  handshakeMs: 120_000,
  sessionMs: TLS_SESSION_MAX_MS,
  queueOctetsMax: 16 * 1024,
};

/** Limits as given; a session never lasts longer than the guideline lets it. */
export function limitsOf({ limits }: TlsLinkOptions): TlsLinkLimits {
  const all = { ...LIMITS, ...limits };
  return { ...all, sessionMs: Math.min(all.sessionMs, TLS_SESSION_MAX_MS) };
}

/** What is common to both ends. */
export interface TlsLinkState {
  readonly phase: "idle" | "handshake" | "open" | "ended";
  /** When the phase began (ms). */
  readonly sinceMs: number;
  /** What stands behind the link layer of telegrams that the other end has not confirmed. */
  readonly outgoing: readonly Uint8Array[];
  readonly fragments: FragmentAssembly;
  /** Of the newest exchange; -1 before the first. */
  readonly accessNumber: number;
  /** The newest exchange carries `outgoing[0]`. */
  readonly isCarrying: boolean;
  readonly channelCounter: number;
}

/** Something that happens at an end. */
export type TlsLinkInput =
  /** Gateway: make a channel. */
  | { readonly kind: "open" }
  /** The engine has records for the other end; of which application where they are content. */
  | { readonly kind: "records"; readonly octets: Uint8Array; readonly controlInformation?: number | undefined }
  /** The engine says that the handshake is over, and the peer trusted. */
  | { readonly kind: "secured" }
  | { readonly kind: "telegram"; readonly octets: Uint8Array }
  /** Gateway: ask what the meter has to say. */
  | { readonly kind: "poll" }
  | { readonly kind: "tick" }
  | { readonly kind: "end"; readonly error?: AmityError | undefined };

/** What an end does about it. */
export type TlsLinkEffect =
  | { readonly kind: "transmit"; readonly octets: Uint8Array }
  /** A new session begins: an engine is needed, an old one is to be forgotten. */
  | { readonly kind: "start" }
  /** Records for the engine, and the CI of the message that brought them. */
  | { readonly kind: "records"; readonly octets: Uint8Array; readonly controlInformation: number }
  /** The session is over: forget the engine and its keys. */
  | { readonly kind: "end"; readonly error: AmityError | undefined };

/** An end's next state and what to do. */
export interface TlsLinkStep<State extends TlsLinkState> {
  readonly state: State;
  readonly effects: readonly TlsLinkEffect[];
}

/** Before anything happened. */
export function newLinkState(options: TlsLinkOptions): TlsLinkState {
  const channelCounter = options.channelCounter ?? 0;
  return { phase: "idle", sinceMs: 0, outgoing: [], fragments: NO_FRAGMENTS, accessNumber: -1, isCarrying: false, channelCounter };
}

/** The link is over: everything that belongs to it is forgotten, but the counter. */
export function ended<State extends TlsLinkState>(state: State, nowMs: number, error?: AmityError): TlsLinkStep<State> {
  if (state.phase === "ended" || state.phase === "idle") return { state, effects: [] };
  const over = { ...state, phase: "ended" as const, sinceMs: nowMs, outgoing: [], fragments: NO_FRAGMENTS, isCarrying: false };
  return { state: over, effects: [{ kind: "end", error }] };
}

/** The handshake is done: data may go. */
export function secured<State extends TlsLinkState>(state: State, nowMs: number): TlsLinkStep<State> {
  return { state: state.phase === "handshake" ? { ...state, phase: "open", sinceMs: nowMs } : state, effects: [] };
}

/** The phase has lasted too long: a handshake that does not come to its end, a session beyond its life. */
export function overdue(state: TlsLinkState, nowMs: number, limits: TlsLinkLimits): AmityError | undefined {
  const atMs = overdueAtMs(state, limits);
  if (atMs === undefined || nowMs < atMs) return undefined;
  if (state.phase === "handshake") {
    return new LinkError("truncated: the TLS handshake did not come to its end in time", { code: "handshake-time" });
  }
  return new SecurityError("the TLS session has reached the end of its life", { code: "session-expired", advice: "open a new one" });
}

/** When `overdue` will say so. */
export function overdueAtMs({ phase, sinceMs }: TlsLinkState, limits: TlsLinkLimits): number | undefined {
  if (phase === "handshake") return sinceMs + limits.handshakeMs;
  return phase === "open" ? sinceMs + limits.sessionMs : undefined;
}

/** Puts the parts of a message behind what waits already; an error where that is too much. */
export function queued(
  state: TlsLinkState,
  message: { readonly extension: number; readonly octets: Uint8Array; readonly controlInformation?: number | undefined },
  options: TlsLinkOptions,
): readonly Uint8Array[] | LinkError {
  const isGateway = options.side === "gateway";
  const { channelKey: key } = options;
  const counter = Uint8Array.of(...[0, 8, 16, 24].map((shift) => (state.channelCounter >>> shift) & 0xff));
  const isRequest = message.extension === TLS_CHANNEL.request;
  const parts = messageParts({
    control: 0,
    sender: isGateway ? options.gateway : options.meter,
    format: "none",
    ...(isRequest && key !== undefined ? { authentication: { key, counter } } : {}),
    message: {
      meter: options.meter,
      header: isGateway ? "long" : "short",
      controlInformation: message.controlInformation ?? (isGateway ? 0x5f : 0x9e),
      accessNumber: 0,
      content: message.octets,
      direction: isGateway ? "toMeter" : "fromMeter",
      security: { mode: 13, extension: message.extension },
    },
  });
  const outgoing = [...state.outgoing, ...parts];
  const { queueOctetsMax } = limitsOf(options);
  if (outgoing.reduce((sum, { length }) => sum + length, 0) <= queueOctetsMax) return outgoing;
  return new LinkError(`more than ${queueOctetsMax} octets wait for the other end`, { code: "limit" });
}

/** A telegram of this end around a body, or without one. */
export function linkTelegram(control: number, accessNumber: number, body: Uint8Array | undefined, options: TlsLinkOptions): Uint8Array {
  const isGateway = options.side === "gateway";
  const input = {
    control,
    sender: isGateway ? options.gateway : options.meter,
    format: options.format ?? "a",
    extendedLink: { communicationControl: 0x84, accessNumber, receiver: isGateway ? options.meter : options.gateway },
  } as const;
  return encodeFrame(input, body ?? new Uint8Array(0));
}

/** A telegram of the other end to this one; `undefined` for everything else that the antenna picks up. */
export function heard(octets: Uint8Array, options: TlsLinkOptions): Telegram | undefined {
  const isGateway = options.side === "gateway";
  try {
    const { channelKey, format = "a" } = options;
    const telegram = decodeTelegram(octets, { format, keys: channelKey === undefined ? undefined : () => channelKey });
    const { sender, extendedLink } = telegram;
    const [from, to] = isGateway ? [options.meter, options.gateway] : [options.gateway, options.meter];
    if (extendedLink?.receiver === undefined || addressText(sender) !== addressText(from)) return undefined;
    return addressText(extendedLink.receiver) === addressText(to) ? telegram : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** A message of security mode 13. */
export interface TlsMessage {
  readonly controlInformation: number;
  readonly extension: number;
  readonly octets: Uint8Array;
  readonly mac: "none" | "matches" | "differs" | "unchecked";
  readonly counter: Uint8Array | undefined;
}

/** What a telegram brings: a message, part of one, nothing, or something that cannot be. */
export type Brought =
  | { readonly kind: "message"; readonly message: TlsMessage; readonly fragments: FragmentAssembly }
  | { readonly kind: "part" | "nothing"; readonly fragments: FragmentAssembly }
  | { readonly kind: "refused"; readonly error: AmityError };

/** Puts what a telegram brings to the fragments that are there. */
export function brought(state: TlsLinkState, telegram: Telegram, nowMs: number, options: TlsLinkOptions): Brought {
  const fragment = fragmentOf(telegram);
  if (fragment === undefined) return messageIn(telegram, state.fragments);
  const { state: fragments, outcome } = stepFragments(state.fragments, fragment, nowMs, {
    ...FRAGMENT_LIMITS,
    ageMsMax: limitsOf(options).handshakeMs,
  });
  if (outcome.kind === "refused") return outcome;
  return outcome.kind === "complete" ? messageIn(decodeMessage(telegram, outcome), fragments) : { kind: "part", fragments };
}

function messageIn({ application, authentication }: Telegram, fragments: FragmentAssembly): Brought {
  const { header, payload, controlInformation, security } = application;
  if (header?.securityMode !== 13) return { kind: "nothing", fragments };
  const octets = payload.slice(header.payloadOffset);
  const message = { controlInformation, extension: header.configurationExtension ?? 0, octets };
  return { kind: "message", fragments, message: { ...message, mac: security.mac, counter: authentication?.counter } };
}
