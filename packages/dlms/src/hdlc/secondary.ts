import type { HdlcAddress } from "./address.ts";
import { encodeControl, type HdlcControl } from "./control.ts";
import type { HdlcFrame } from "./frame.ts";
import type { SecondaryOptions, Settled } from "./options.ts";
import { DEFAULT_PARAMETERS, decodeParameters, encodeParameters, negotiate, type HdlcParameters } from "./parameters.ts";
import { DecodeError } from "@amity/bytes";
import { accept, acknowledge, EMPTY_TRANSFER, enqueue, goBack, queuedOctets, sendWindow, type Transfer } from "./transfer.ts";

/** Who answers whom, and how. */
export interface SecondaryConfig {
  readonly own: HdlcAddress;
  readonly peer: HdlcAddress;
  readonly options: Settled<SecondaryOptions>;
}

export type SecondaryState =
  | { readonly kind: "disconnected" }
  | ConnectedSecondary
  /** A frame of the peer was rejected: only SNRM or DISC lead on. */
  | { readonly kind: "rejecting"; readonly information: Uint8Array; readonly inactiveMs: number };

export interface ConnectedSecondary {
  readonly kind: "connected";
  readonly parameters: HdlcParameters;
  readonly transfer: Transfer;
  /** We were polled and have not answered: the application is at work. */
  readonly isPolled: boolean;
  /** When a poll that found no answer is put off with RR. */
  readonly holdMs: number;
  /** A message went up and nothing came down since. */
  readonly owesReply: boolean;
  readonly isPeerBusy: boolean;
  readonly isBusy: boolean;
  /** When the link counts as dead. */
  readonly inactiveMs: number;
}

export type SecondaryInput =
  | { readonly kind: "frame"; readonly frame: HdlcFrame }
  /** A message for the peer, LLC header included: goes when the peer next gives us the turn. */
  | { readonly kind: "send"; readonly message: Uint8Array }
  /** The message that came needs no answer: give the turn back. */
  | { readonly kind: "release" }
  | { readonly kind: "busy"; readonly isBusy: boolean }
  | { readonly kind: "tick" };

export type DisconnectReason = "peer" | "reset" | "inactivity" | "rejected";

export type SecondaryEffect =
  | { readonly kind: "transmit"; readonly frame: HdlcFrame }
  | { readonly kind: "connected"; readonly parameters: HdlcParameters }
  | { readonly kind: "message"; readonly message: Uint8Array }
  | { readonly kind: "unnumbered"; readonly information: Uint8Array; readonly isSegmented: boolean }
  /** The connection is gone, and what was queued with it. `reset`: the peer begins afresh, `connected` follows. */
  | { readonly kind: "disconnected"; readonly reason: DisconnectReason };

export interface SecondaryStep {
  readonly state: SecondaryState;
  readonly effects: readonly SecondaryEffect[];
}

export const SECONDARY_START: SecondaryState = { kind: "disconnected" };

/** One step of the secondary station (IEC 62056-46 6.4.4, unbalanced, normal response mode): it speaks when polled. Pure. */
export function stepSecondary(config: SecondaryConfig, state: SecondaryState, input: SecondaryInput, nowMs: number): SecondaryStep {
  if (input.kind === "frame") return stepFrame(config, state, input.frame, nowMs);
  if (input.kind === "tick") return stepTick(config, state, nowMs);
  if (state.kind !== "connected") return unchanged(state);
  switch (input.kind) {
    case "send": {
      const octets = Math.min(state.parameters.transmitOctets, config.options.segmentOctets);
      const next = {
        ...state,
        transfer: enqueue(state.transfer, input.message, octets, Math.min(octets, config.options.firstSegmentOctets)),
        owesReply: false,
      };
      return next.isPolled ? answer(config, next, nowMs) : unchanged(next);
    }
    case "release":
      return state.isPolled ? answer(config, { ...state, owesReply: false }, nowMs) : unchanged({ ...state, owesReply: false });
    case "busy":
      return unchanged({ ...state, isBusy: input.isBusy });
  }
}

/** When `tick` is due; `undefined` where nothing is waited for. */
export function secondaryDeadline(state: SecondaryState): number | undefined {
  if (state.kind === "disconnected") return undefined;
  if (state.kind === "rejecting") return state.inactiveMs;
  return state.isPolled ? Math.min(state.holdMs, state.inactiveMs) : state.inactiveMs;
}

/** Octets that the peer has not acknowledged. */
export function secondaryBacklog(state: SecondaryState): number {
  return state.kind === "connected" ? queuedOctets(state.transfer) : 0;
}

function stepTick(config: SecondaryConfig, state: SecondaryState, nowMs: number): SecondaryStep {
  if (state.kind === "disconnected") return unchanged(state);
  if (nowMs >= state.inactiveMs) return disconnected("inactivity");
  if (state.kind !== "connected" || !state.isPolled || nowMs < state.holdMs) return unchanged(state);
  return putOff(config, state);
}

function stepFrame(config: SecondaryConfig, state: SecondaryState, frame: HdlcFrame, nowMs: number): SecondaryStep {
  const { control } = frame;
  if (control.kind === "ui")
    return { state, effects: [{ kind: "unnumbered", information: frame.information, isSegmented: frame.segmented }] };
  if (control.kind === "snrm") return stepConnect(config, state, frame, nowMs);
  if (control.kind === "disc") return stepDisconnect(config, state);
  if (state.kind === "disconnected") {
    return control.pollFinal ? { state, effects: [transmit(config, { kind: "dm", pollFinal: true })] } : unchanged(state);
  }
  const inactiveMs = nowMs + config.options.inactivityTimeoutMs;
  if (state.kind === "rejecting") {
    const repeated = control.pollFinal ? [transmit(config, { kind: "frmr", pollFinal: true }, state.information)] : NO_EFFECTS;
    return { state: { ...state, inactiveMs }, effects: repeated };
  }
  return stepConnected(config, { ...state, inactiveMs }, frame, nowMs);
}

function stepConnect(config: SecondaryConfig, state: SecondaryState, frame: HdlcFrame, nowMs: number): SecondaryStep {
  let peer: HdlcParameters;
  try {
    peer = decodeParameters(frame.information);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    // What cannot be understood is not negotiated: the defaults hold, which every station must support.
    peer = DEFAULT_PARAMETERS;
  }
  const parameters = negotiate(config.options.parameters, peer);
  const connected: ConnectedSecondary = {
    kind: "connected",
    parameters,
    transfer: EMPTY_TRANSFER,
    isPolled: false,
    holdMs: 0,
    owesReply: false,
    isPeerBusy: false,
    isBusy: false,
    inactiveMs: nowMs + config.options.inactivityTimeoutMs,
  };
  const acceptance = transmit(config, { kind: "ua", pollFinal: true }, encodeParameters(parameters));
  const reset: SecondaryEffect[] = state.kind === "connected" ? [{ kind: "disconnected", reason: "reset" }] : [];
  return { state: connected, effects: [...reset, acceptance, { kind: "connected", parameters }] };
}

function stepDisconnect(config: SecondaryConfig, state: SecondaryState): SecondaryStep {
  if (state.kind === "disconnected") return { state, effects: [transmit(config, { kind: "dm", pollFinal: true })] };
  const says = state.kind === "connected" && config.options.repeatsParametersOnDisconnect;
  const ua = transmit(config, { kind: "ua", pollFinal: true }, says ? encodeParameters(state.parameters) : undefined);
  const ended: SecondaryEffect[] = state.kind === "connected" ? [{ kind: "disconnected", reason: "peer" }] : [];
  return { state: SECONDARY_START, effects: [ua, ...ended] };
}

function stepConnected(config: SecondaryConfig, state: ConnectedSecondary, frame: HdlcFrame, nowMs: number): SecondaryStep {
  const { control } = frame;
  switch (control.kind) {
    case "i":
      return stepInformation(config, state, frame, nowMs);
    case "rr":
    case "rej":
    case "rnr": {
      if (frame.information.length > 0) return reject(config, state, control, { hasForbiddenInformation: true });
      const transfer = acknowledge(state.transfer, control.receiveSequence);
      if (transfer === undefined) return reject(config, state, control, { hasWrongReceiveSequence: true });
      return polled(config, { ...state, transfer, isPeerBusy: control.kind === "rnr" }, control.pollFinal, nowMs);
    }
    case "unknown":
      return reject(config, state, control, {});
    default:
      // UA, DM, FRMR: responses, which no primary sends.
      return unchanged(state);
  }
}

function stepInformation(config: SecondaryConfig, state: ConnectedSecondary, frame: HdlcFrame, nowMs: number): SecondaryStep {
  const { control } = frame;
  if (control.kind !== "i") return unchanged(state);
  if (frame.information.length > state.parameters.receiveOctets) return reject(config, state, control, { isTooLong: true });
  const transfer = acknowledge(state.transfer, control.receiveSequence);
  if (transfer === undefined) return reject(config, state, control, { hasWrongReceiveSequence: true });
  let next: ConnectedSecondary = { ...state, transfer, isPeerBusy: false };
  const effects: SecondaryEffect[] = [];
  if (!state.isBusy) {
    const segment = { information: frame.information, isSegmented: frame.segmented };
    const accepted = accept(transfer, control.sendSequence, segment, config.options.messageOctetsMax);
    if (accepted.kind === "too-long") return reject(config, next, control, { isTooLong: true });
    if (accepted.kind !== "out-of-sequence") next = { ...next, transfer: accepted.transfer };
    if (accepted.kind === "message") {
      next = { ...next, owesReply: true };
      effects.push({ kind: "message", message: accepted.message });
    }
  }
  const step = polled(config, next, control.pollFinal || isForgottenPoll(state, frame), nowMs);
  return effects.length === 0 ? step : { state: step.state, effects: [...effects, ...step.effects] };
}

/** Some primaries leave P out of a segment that fills a window of one, and wait for RR all the same: nothing more can come before it. */
function isForgottenPoll({ parameters }: ConnectedSecondary, { segmented }: HdlcFrame): boolean {
  return segmented && parameters.receiveWindow === 1;
}

/** A frame was taken; with its poll bit set, the turn is ours. */
function polled(config: SecondaryConfig, state: ConnectedSecondary, pollFinal: boolean, nowMs: number): SecondaryStep {
  if (!pollFinal) return unchanged(state);
  const ours = { ...state, transfer: goBack(state.transfer) };
  // Polled again while the application is at work: the client is impatient, so it learns that we are alive.
  if (state.isPolled) return putOff(config, ours);
  return answer(config, ours, nowMs);
}

/** Uses the turn: content if there is some, a wait for the application if it owes some, RR otherwise. */
function answer(config: SecondaryConfig, state: ConnectedSecondary, nowMs: number): SecondaryStep {
  if (state.transfer.outgoing.length > 0 && !state.isPeerBusy) {
    const window = Math.min(state.parameters.transmitWindow, config.options.windowFrames);
    const { transfer, frames } = sendWindow(state.transfer, window);
    const effects = frames.map(({ control, segment }) => transmit(config, control, segment.information, segment.isSegmented));
    return { state: { ...state, transfer, isPolled: false }, effects };
  }
  if (state.owesReply && !state.isPeerBusy) {
    return unchanged({ ...state, isPolled: true, holdMs: nowMs + config.options.holdMs });
  }
  return putOff(config, state);
}

function putOff(config: SecondaryConfig, state: ConnectedSecondary): SecondaryStep {
  const kind = state.isBusy ? "rnr" : "rr";
  const control: HdlcControl = { kind, receiveSequence: state.transfer.receiveNext, pollFinal: true };
  return { state: { ...state, isPolled: false }, effects: [transmit(config, control)] };
}

/** Why a frame is rejected (ISO/IEC 13239 5.5.3.4.2, bits w, x, y and z; none: the control field is undefined). */
interface RejectReason {
  readonly hasForbiddenInformation?: boolean;
  readonly isTooLong?: boolean;
  readonly hasWrongReceiveSequence?: boolean;
}

function reject(config: SecondaryConfig, state: ConnectedSecondary, control: HdlcControl, reason: RejectReason): SecondaryStep {
  const { isTooLong = false, hasForbiddenInformation = false, hasWrongReceiveSequence = false } = reason;
  const isUndefined = hasForbiddenInformation || (!isTooLong && !hasWrongReceiveSequence);
  const flags = (isUndefined ? 1 : 0) | (hasForbiddenInformation ? 2 : 0) | (isTooLong ? 4 : 0) | (hasWrongReceiveSequence ? 8 : 0);
  const sendNext = (state.transfer.acknowledged + state.transfer.sent) & 7;
  const sequences = (state.transfer.receiveNext << 5) | (sendNext << 1);
  const information = Uint8Array.of(encodeControl(control), sequences, flags);
  const frmr = transmit(config, { kind: "frmr", pollFinal: true }, information);
  const { inactiveMs } = state;
  return { state: { kind: "rejecting", information, inactiveMs }, effects: [frmr, { kind: "disconnected", reason: "rejected" }] };
}

function transmit(config: SecondaryConfig, control: HdlcControl, information: Uint8Array = NOTHING, segmented = false): SecondaryEffect {
  return { kind: "transmit", frame: { destination: config.peer, source: config.own, control, segmented, information } };
}

function disconnected(reason: DisconnectReason): SecondaryStep {
  return { state: SECONDARY_START, effects: [{ kind: "disconnected", reason }] };
}

function unchanged(state: SecondaryState): SecondaryStep {
  return { state, effects: NO_EFFECTS };
}

const NOTHING = new Uint8Array(0);
const NO_EFFECTS: readonly SecondaryEffect[] = [];
