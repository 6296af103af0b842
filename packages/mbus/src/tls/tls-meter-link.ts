import { LinkError } from "@amity/bytes";
import { NO_FRAGMENTS } from "../wireless/fragment-assembly.ts";
import { counterNumber } from "../wireless/message-counter.ts";
import { WIRELESS_CONTROL, type Telegram } from "../wireless/telegram.ts";
import {
  TLS_CHANNEL,
  brought,
  ended,
  heard,
  limitsOf,
  linkTelegram,
  newLinkState,
  overdue,
  overdueAtMs,
  queued,
  secured,
  type TlsLinkEffect,
  type TlsLinkInput,
  type TlsLinkOptions,
  type TlsLinkState,
  type TlsLinkStep,
  type TlsMessage,
} from "./tls-link.ts";

/** The end that answers. */
export interface TlsMeterState extends TlsLinkState {
  /** The answer to `accessNumber`: the same telegram again is answered by the same octets. */
  readonly answer: Uint8Array | undefined;
}

type Step = TlsLinkStep<TlsMeterState>;

/** First octet of a TLS record that belongs to a handshake (RFC 5246, 6.2.1). */
const HANDSHAKE_RECORD = 22;

/** Before anything happened. */
export function newMeterState(options: TlsLinkOptions): TlsMeterState {
  return { ...newLinkState(options), answer: undefined };
}

/** The meter's end of a link, one step. */
export function stepMeter(state: TlsMeterState, input: TlsLinkInput, nowMs: number, options: TlsLinkOptions): Step {
  const late = overdue(state, nowMs, limitsOf(options));
  if (late !== undefined) return ended(state, nowMs, late);
  switch (input.kind) {
    case "records":
      return enqueued(state, input, nowMs, options);
    case "secured":
      return secured(state, nowMs);
    case "telegram":
      return asked(state, input.octets, nowMs, options);
    case "end":
      return ended(state, nowMs, input.error);
    default:
      return { state, effects: [] };
  }
}

/** When the next `tick` is due (ms); `undefined`: never. */
export function meterDeadlineMs(state: TlsMeterState, options: TlsLinkOptions): number | undefined {
  return overdueAtMs(state, limitsOf(options));
}

function enqueued(
  state: TlsMeterState,
  message: { octets: Uint8Array; controlInformation?: number | undefined },
  nowMs: number,
  options: TlsLinkOptions,
): Step {
  if (state.phase === "ended" || state.phase === "idle") return { state, effects: [] };
  const outgoing = queued(state, { extension: TLS_CHANNEL.records, ...message }, options);
  return outgoing instanceof LinkError ? ended(state, nowMs, outgoing) : { state: { ...state, outgoing }, effects: [] };
}

function asked(state: TlsMeterState, octets: Uint8Array, nowMs: number, options: TlsLinkOptions): Step {
  const telegram = heard(octets, options);
  const accessNumber = telegram?.extendedLink?.accessNumber;
  if (telegram === undefined || accessNumber === undefined) return { state, effects: [] };
  if (accessNumber === state.accessNumber && state.answer !== undefined) {
    return { state, effects: [{ kind: "transmit", octets: state.answer }] };
  }
  const what = brought(state, telegram, nowMs, options);
  const isRequest = what.kind === "message" && what.message.extension === TLS_CHANNEL.request;
  // What was on its way for long is older than what came since; a gateway that starts again begins with a request for a channel.
  if (!isRequest && state.accessNumber >= 0 && ((accessNumber - state.accessNumber) & 0xff) > 0x7f) return { state, effects: [] };
  if (what.kind === "refused") return ended(state, nowMs, what.error);
  const channelCounter = isRequest ? newChannelCounter(state, what.message, options) : state.channelCounter;
  // Nothing of a request that is not to be believed counts, its access number least of all.
  if (channelCounter === undefined) return { state, effects: [] };
  const confirmed = state.isCarrying ? state.outgoing.slice(1) : state.outgoing;
  const next = { ...state, outgoing: confirmed, fragments: what.fragments, accessNumber, isCarrying: false };
  if (what.kind !== "message") return answered(next, [], telegram, options);
  return isRequest
    ? channelAsked({ ...next, channelCounter }, telegram, nowMs, options)
    : recordsCame(next, what.message, telegram, nowMs, options);
}

/** The counter of a request for a channel that is to be believed: under a key its MAC is right, and the counter was never used. */
function newChannelCounter({ channelCounter }: TlsMeterState, message: TlsMessage, options: TlsLinkOptions): number | undefined {
  if (options.channelKey === undefined) return channelCounter;
  const counter = message.counter === undefined ? 0 : counterNumber(message.counter);
  return message.mac === "matches" && counter > channelCounter ? counter : undefined;
}

function channelAsked(state: TlsMeterState, telegram: Telegram, nowMs: number, options: TlsLinkOptions): Step {
  const fresh: TlsMeterState = { ...state, phase: "handshake", sinceMs: nowMs, outgoing: [], fragments: NO_FRAGMENTS };
  return answered(fresh, [{ kind: "start" }], telegram, options);
}

function recordsCame(state: TlsMeterState, message: TlsMessage, telegram: Telegram, nowMs: number, options: TlsLinkOptions): Step {
  const records: TlsLinkEffect = { kind: "records", octets: message.octets, controlInformation: message.controlInformation };
  if (state.phase === "handshake" || state.phase === "open") return answered(state, [records], telegram, options);
  // A gateway that is the client begins with its ClientHello.
  if (options.client !== "gateway" || message.octets[0] !== HANDSHAKE_RECORD) return answered(state, [], telegram, options);
  const fresh: TlsMeterState = { ...state, phase: "handshake", sinceMs: nowMs, outgoing: [] };
  return answered(fresh, [{ kind: "start" }, records], telegram, options);
}

/** Answers with the next part of what waits, or that there is none. */
function answered(state: TlsMeterState, effects: readonly TlsLinkEffect[], telegram: Telegram, options: TlsLinkOptions): Step {
  const accessNumber = telegram.extendedLink?.accessNumber ?? 0;
  const [body] = state.outgoing;
  const octets = linkTelegram(body === undefined ? WIRELESS_CONTROL.ack : WIRELESS_CONTROL.rspUd, accessNumber, body, options);
  return { state: { ...state, answer: octets, isCarrying: body !== undefined }, effects: [{ kind: "transmit", octets }, ...effects] };
}
