import { LinkError } from "@amity/bytes";
import { WIRELESS_CONTROL } from "../wireless/telegram.ts";
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
} from "./tls-link.ts";

/** The end that speaks first: every exchange is its telegram and the meter's answer. */
export interface TlsGatewayState extends TlsLinkState {
  /** The telegram that waits for its answer. */
  readonly awaited: { readonly octets: Uint8Array; readonly attempts: number; readonly sentMs: number } | undefined;
  /** When the meter is asked what it has to say (ms). */
  readonly pollAtMs: number | undefined;
  readonly pollsLeft: number;
}

type Step = TlsLinkStep<TlsGatewayState>;

/** Before anything happened; `accessNumber` is better not the same after each start. */
export function newGatewayState(options: TlsLinkOptions, accessNumber = 0): TlsGatewayState {
  return { ...newLinkState(options), accessNumber, awaited: undefined, pollAtMs: undefined, pollsLeft: 0 };
}

/** The gateway's end of a link, one step. */
export function stepGateway(state: TlsGatewayState, input: TlsLinkInput, nowMs: number, options: TlsLinkOptions): Step {
  const limits = limitsOf(options);
  const late = overdue(state, nowMs, limits);
  if (late !== undefined) return finished(state, nowMs, late);
  switch (input.kind) {
    case "open":
      return opened(state, nowMs, options);
    case "records":
      return enqueued(state, { extension: TLS_CHANNEL.records, ...input }, nowMs, options);
    case "secured":
      return secured(state, nowMs);
    case "telegram":
      return answered(state, input.octets, nowMs, options);
    case "poll":
      return sent({ ...state, pollAtMs: nowMs, pollsLeft: limits.pollsMax }, [], nowMs, options);
    case "tick":
      return waited(state, nowMs, options);
    case "end":
      return finished(state, nowMs, input.error);
  }
}

/** When the next `tick` is due (ms); `undefined`: never. */
export function gatewayDeadlineMs(state: TlsGatewayState, options: TlsLinkOptions): number | undefined {
  const limits = limitsOf(options);
  const { awaited, pollAtMs } = state;
  const times = [overdueAtMs(state, limits), awaited === undefined ? pollAtMs : awaited.sentMs + limits.retryMs];
  const known = times.filter((time) => time !== undefined);
  return state.phase === "ended" || known.length === 0 ? undefined : Math.min(...known);
}

function finished(state: TlsGatewayState, nowMs: number, error?: Parameters<typeof ended>[2]): Step {
  const { state: over, effects } = ended(state, nowMs, error);
  return { state: { ...over, awaited: undefined, pollAtMs: undefined }, effects };
}

function opened(state: TlsGatewayState, nowMs: number, options: TlsLinkOptions): Step {
  if (state.phase === "handshake" || state.phase === "open") return { state, effects: [] };
  const fresh = { ...newGatewayState(options, state.accessNumber), phase: "handshake", sinceMs: nowMs } as const;
  const start: TlsLinkEffect = { kind: "start" };
  if (options.client === "gateway") return { state: { ...fresh, channelCounter: state.channelCounter }, effects: [start] };
  const next = { ...fresh, channelCounter: state.channelCounter + 1 };
  const step = enqueued(next, { extension: TLS_CHANNEL.request, octets: new Uint8Array(0) }, nowMs, options);
  return { state: step.state, effects: [start, ...step.effects] };
}

function enqueued(state: TlsGatewayState, message: Parameters<typeof queued>[1], nowMs: number, options: TlsLinkOptions): Step {
  if (state.phase === "ended" || state.phase === "idle") return { state, effects: [] };
  const outgoing = queued(state, message, options);
  return outgoing instanceof LinkError ? finished(state, nowMs, outgoing) : sent({ ...state, outgoing }, [], nowMs, options);
}

/** Sends what waits, or asks where it is time to; nothing while an answer is awaited. */
function sent(state: TlsGatewayState, effects: readonly TlsLinkEffect[], nowMs: number, options: TlsLinkOptions): Step {
  const { outgoing, awaited, pollAtMs, phase } = state;
  if (awaited !== undefined || phase === "ended" || phase === "idle") return { state, effects };
  const [body] = outgoing;
  if (body === undefined && (pollAtMs === undefined || pollAtMs > nowMs)) return { state, effects };
  const accessNumber = (state.accessNumber + 1) & 0xff;
  const control = body === undefined ? WIRELESS_CONTROL.reqUd2 : WIRELESS_CONTROL.sndUd2;
  const octets = linkTelegram(control, accessNumber, body, options);
  return {
    state: { ...state, accessNumber, isCarrying: body !== undefined, awaited: { octets, attempts: 1, sentMs: nowMs }, pollAtMs: undefined },
    effects: [...effects, { kind: "transmit", octets }],
  };
}

function answered(state: TlsGatewayState, octets: Uint8Array, nowMs: number, options: TlsLinkOptions): Step {
  const telegram = heard(octets, options);
  // Answers to older telegrams, late or doubled, bear other access numbers.
  if (telegram === undefined || state.awaited === undefined || telegram.extendedLink?.accessNumber !== state.accessNumber) {
    return { state, effects: [] };
  }
  const limits = limitsOf(options);
  const what = brought(state, telegram, nowMs, options);
  if (what.kind === "refused") return finished(state, nowMs, what.error);
  const isEmpty = what.kind === "nothing";
  const polls = isEmpty && !state.isCarrying && state.phase === "open" ? state.pollsLeft - 1 : limits.pollsMax;
  const next: TlsGatewayState = {
    ...state,
    outgoing: state.isCarrying ? state.outgoing.slice(1) : state.outgoing,
    fragments: what.fragments,
    awaited: undefined,
    isCarrying: false,
    pollsLeft: polls,
    pollAtMs: polls <= 0 ? undefined : isEmpty ? nowMs + limits.pollMs : nowMs,
  };
  if (what.kind !== "message" || what.message.extension !== TLS_CHANNEL.records) return sent(next, [], nowMs, options);
  const { octets: records, controlInformation } = what.message;
  return sent(next, [{ kind: "records", octets: records, controlInformation }], nowMs, options);
}

function waited(state: TlsGatewayState, nowMs: number, options: TlsLinkOptions): Step {
  const { awaited } = state;
  const limits = limitsOf(options);
  if (awaited === undefined) return sent(state, [], nowMs, options);
  if (nowMs < awaited.sentMs + limits.retryMs) return { state, effects: [] };
  if (awaited.attempts >= limits.attemptsMax) {
    const error = new LinkError(`no answer of meter ${options.meter.id} to ${awaited.attempts} telegrams`, { code: "no-answer" });
    return finished(state, nowMs, error);
  }
  return {
    state: { ...state, awaited: { ...awaited, attempts: awaited.attempts + 1, sentMs: nowMs } },
    effects: [{ kind: "transmit", octets: awaited.octets }],
  };
}
