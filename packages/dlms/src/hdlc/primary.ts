import { type AmityError, LinkError, PeerError, DecodeError } from "@amity/bytes";
import type { HdlcAddress } from "./address.ts";
import type { HdlcControl } from "./control.ts";
import type { HdlcFrame } from "./frame.ts";
import type { PrimaryOptions, Settled } from "./options.ts";
import { decodeParameters, encodeParameters, negotiate, type HdlcParameters } from "./parameters.ts";
import { accept, acknowledge, EMPTY_TRANSFER, enqueue, goBack, nextSequence, queuedOctets, sendWindow, type Transfer } from "./transfer.ts";

/** Who speaks to whom, and how. */
export interface PrimaryConfig {
  readonly own: HdlcAddress;
  readonly peer: HdlcAddress;
  readonly options: Settled<PrimaryOptions>;
}

/** A station that was asked something and has to be asked again at `deadlineMs`. */
interface Waiting {
  readonly attempt: number;
  readonly deadlineMs: number;
}

export type PrimaryState =
  | { readonly kind: "disconnected" }
  | ({ readonly kind: "connecting" } & Waiting)
  | ConnectedPrimary
  | ({ readonly kind: "disconnecting" } & Waiting)
  | { readonly kind: "failed"; readonly error: AmityError };

export interface ConnectedPrimary {
  readonly kind: "connected";
  readonly parameters: HdlcParameters;
  readonly transfer: Transfer;
  /** Whose turn it is: ours with nothing to do, the peer's, or ours again when a busy peer has had its pause. */
  readonly turn: "ours" | "theirs" | "pause";
  /** For `theirs` and `pause`. */
  readonly deadlineMs: number;
  /** Turns taken since something last moved. */
  readonly attempt: number;
  /** When something last moved: acknowledgement, content, or a new message from above. */
  readonly progressMs: number;
  /** A message was sent whose answer has not come. */
  readonly expectsReply: boolean;
  /** Frames in a row that this peer has shown it can take: some agree to seven and lose all but the first. */
  readonly windowFrames: number;
  /** The peer answered our first frame without counting it: what it answers in full counts as acknowledged. */
  readonly peerCountsNothing: boolean;
  readonly isPeerBusy: boolean;
  readonly isBusy: boolean;
  readonly isClosing: boolean;
}

export type PrimaryInput =
  | { readonly kind: "connect" }
  /** A message for the peer, LLC header included. */
  | { readonly kind: "send"; readonly message: Uint8Array }
  /** More is expected of the peer without a further request: poll it. */
  | { readonly kind: "expect" }
  /** While busy, arriving content is refused (RNR). */
  | { readonly kind: "busy"; readonly isBusy: boolean }
  /** Orderly end, after what is queued. */
  | { readonly kind: "disconnect" }
  | { readonly kind: "frame"; readonly frame: HdlcFrame }
  /** The deadline has come. */
  | { readonly kind: "tick" };

export type PrimaryEffect =
  | { readonly kind: "transmit"; readonly frame: HdlcFrame }
  | { readonly kind: "connected"; readonly parameters: HdlcParameters }
  | { readonly kind: "message"; readonly message: Uint8Array }
  /** Content of a UI frame: outside the numbered exchange. */
  | { readonly kind: "unnumbered"; readonly information: Uint8Array; readonly isSegmented: boolean }
  | { readonly kind: "disconnected" }
  | { readonly kind: "failed"; readonly error: AmityError };

export interface PrimaryStep {
  readonly state: PrimaryState;
  readonly effects: readonly PrimaryEffect[];
}

export const PRIMARY_START: PrimaryState = { kind: "disconnected" };

/** One step of the primary station (IEC 62056-46 6.4.4, unbalanced, normal response mode). Pure: time comes in as `nowMs`. */
export function stepPrimary(config: PrimaryConfig, state: PrimaryState, input: PrimaryInput, nowMs: number): PrimaryStep {
  switch (state.kind) {
    case "disconnected":
      return input.kind === "connect" ? askForConnection(config, 1, nowMs) : unchanged(state);
    case "failed":
      return unchanged(state);
    case "connecting":
      return stepConnecting(config, state, input, nowMs);
    case "disconnecting":
      return stepDisconnecting(config, state, input, nowMs);
    case "connected":
      return stepConnected(config, state, input, nowMs);
  }
}

/** When `tick` is due; `undefined` where nothing is waited for. */
export function primaryDeadline(state: PrimaryState): number | undefined {
  if (state.kind === "connecting" || state.kind === "disconnecting") return state.deadlineMs;
  return state.kind === "connected" && state.turn !== "ours" ? state.deadlineMs : undefined;
}

/** Octets that the peer has not acknowledged. */
export function primaryBacklog(state: PrimaryState): number {
  return state.kind === "connected" ? queuedOctets(state.transfer) : 0;
}

function stepConnecting(config: PrimaryConfig, state: Extract<PrimaryState, Waiting>, input: PrimaryInput, nowMs: number): PrimaryStep {
  if (input.kind === "disconnect") return askForDisconnection(config, 1, nowMs);
  if (input.kind === "tick") {
    if (nowMs < state.deadlineMs) return unchanged(state);
    if (state.attempt < config.options.attemptsMax) return askForConnection(config, state.attempt + 1, nowMs);
    return fail(new LinkError(`no answer to ${state.attempt} connection requests (SNRM)`, { code: "timeout" }));
  }
  if (input.kind !== "frame") return unchanged(state);
  if (input.frame.control.kind === "dm") return fail(new LinkError("the peer refuses the connection (DM)", { code: "refused" }));
  if (input.frame.control.kind !== "ua") return unchanged(state);
  try {
    const parameters = negotiate(config.options.parameters, decodeParameters(input.frame.information));
    const windowFrames = Math.min(parameters.transmitWindow, config.options.windowFrames);
    return { state: freshConnection(parameters, windowFrames, nowMs), effects: [{ kind: "connected", parameters }] };
  } catch (error) {
    if (error instanceof DecodeError) return fail(error);
    throw error;
  }
}

function freshConnection(parameters: HdlcParameters, windowFrames: number, nowMs: number): ConnectedPrimary {
  return {
    kind: "connected",
    parameters,
    transfer: EMPTY_TRANSFER,
    turn: "ours",
    deadlineMs: 0,
    attempt: 0,
    progressMs: nowMs,
    expectsReply: false,
    windowFrames,
    peerCountsNothing: false,
    isPeerBusy: false,
    isBusy: false,
    isClosing: false,
  };
}

function stepDisconnecting(config: PrimaryConfig, state: Extract<PrimaryState, Waiting>, input: PrimaryInput, nowMs: number): PrimaryStep {
  if (input.kind === "tick" && nowMs >= state.deadlineMs) {
    // The peer may have heard us and its answer be lost: asked often enough, the link counts as ended.
    return state.attempt < config.options.attemptsMax ? askForDisconnection(config, state.attempt + 1, nowMs) : ended();
  }
  const isAnswer = input.kind === "frame" && (input.frame.control.kind === "ua" || input.frame.control.kind === "dm");
  return isAnswer ? ended() : unchanged(state);
}

function stepConnected(config: PrimaryConfig, state: ConnectedPrimary, input: PrimaryInput, nowMs: number): PrimaryStep {
  switch (input.kind) {
    case "connect":
      return unchanged(state);
    case "send": {
      if (state.isClosing) return unchanged(state);
      const octets = Math.min(state.parameters.transmitOctets, config.options.segmentOctets);
      const transfer = enqueue(state.transfer, input.message, octets, Math.min(octets, config.options.firstSegmentOctets));
      return proceed(config, { ...state, transfer, expectsReply: true, attempt: 0, progressMs: nowMs }, nowMs);
    }
    case "expect":
      return proceed(config, { ...state, expectsReply: true, attempt: 0, progressMs: nowMs }, nowMs);
    case "busy":
      return unchanged({ ...state, isBusy: input.isBusy });
    case "disconnect":
      if (state.turn !== "theirs" && state.transfer.outgoing.length === 0) return askForDisconnection(config, 1, nowMs);
      return unchanged({ ...state, isClosing: true, expectsReply: false });
    case "tick":
      return state.turn === "ours" || nowMs < state.deadlineMs ? unchanged(state) : stepDeadline(config, state, nowMs);
    case "frame":
      return stepFrame(config, state, input.frame, nowMs);
  }
}

/** Acts if the turn is ours; otherwise what was queued waits for the peer's final bit. */
function proceed(config: PrimaryConfig, state: ConnectedPrimary, nowMs: number): PrimaryStep {
  if (state.turn === "theirs" || (state.turn === "pause" && state.isPeerBusy)) return unchanged(state);
  return takeTurn(config, state, nowMs);
}

function stepDeadline(config: PrimaryConfig, state: ConnectedPrimary, nowMs: number): PrimaryStep {
  if (state.turn === "pause") return poll(config, { ...state, turn: "ours" }, nowMs);
  if (state.attempt >= config.options.attemptsMax) {
    return fail(new LinkError(`no answer after ${state.attempt} attempts`, { code: "timeout" }));
  }
  // One frame is as cheap to repeat as a poll and saves a round trip if it was lost; of a window, ask what arrived.
  if (state.transfer.outstanding === 1) return transmitWindow(config, { ...state, transfer: goBack(state.transfer) }, nowMs);
  return poll(config, state.transfer.outstanding > 1 ? { ...state, windowFrames: 1 } : state, nowMs);
}

function stepFrame(config: PrimaryConfig, state: ConnectedPrimary, frame: HdlcFrame, nowMs: number): PrimaryStep {
  const { control } = frame;
  switch (control.kind) {
    case "i":
      return stepInformation(config, state, frame, nowMs);
    case "rr":
    case "rej":
    case "rnr":
      return stepSupervisory(config, state, control, nowMs);
    case "ui":
      return { state, effects: [{ kind: "unnumbered", information: frame.information, isSegmented: frame.segmented }] };
    case "dm":
      return state.isClosing ? ended() : fail(new LinkError("the peer has dropped the connection (DM)", { code: "disconnected" }));
    case "frmr":
      return fail(new PeerError("the peer rejects a frame of ours (FRMR)", { code: "frame-reject" }));
    default:
      // A late UA, or what a primary never gets: nothing to act upon.
      return unchanged(state);
  }
}

function stepInformation(config: PrimaryConfig, state: ConnectedPrimary, frame: HdlcFrame, nowMs: number): PrimaryStep {
  const { control } = frame;
  if (control.kind !== "i") return unchanged(state);
  const peerCountsNothing = countsNothing(state, control);
  const receiveSequence = peerCountsNothing ? nextSequence(state.transfer) : control.receiveSequence;
  const acknowledged = acknowledge(state.transfer, receiveSequence);
  // Late or torn from its place: ignored as a whole, the deadline recovers.
  if (acknowledged === undefined) return unchanged(state);
  const effects: PrimaryEffect[] = [];
  let next: ConnectedPrimary = { ...state, transfer: acknowledged, peerCountsNothing, isPeerBusy: false };
  let hasMoved = acknowledged !== state.transfer;
  if (!state.isBusy) {
    const segment = { information: frame.information, isSegmented: frame.segmented };
    const accepted = accept(acknowledged, control.sendSequence, segment, config.options.messageOctetsMax);
    if (accepted.kind === "too-long") {
      return fail(new PeerError(`message longer than ${config.options.messageOctetsMax} octets`, { code: "too-long" }));
    }
    if (accepted.kind !== "out-of-sequence") {
      hasMoved = true;
      next = { ...next, transfer: accepted.transfer };
    }
    if (accepted.kind === "message") {
      next = { ...next, expectsReply: false };
      effects.push({ kind: "message", message: accepted.message });
    }
  }
  return followed(effects, afterFrame(config, { state: next, hasMoved, pollFinal: control.pollFinal, hasContent: true }, nowMs));
}

/**
 * Some servers (jDLMS) leave N(R) at 0 for ever. The first content of a connection shows it: only our first frame can
 * have given the peer leave to speak, so an answer to it that does not count it comes from a peer that counts nothing.
 */
function countsNothing({ transfer, peerCountsNothing, isBusy }: ConnectedPrimary, control: Extract<HdlcControl, { kind: "i" }>): boolean {
  if (control.receiveSequence !== 0 || control.sendSequence !== transfer.receiveNext || isBusy) return false;
  const isFirstAnswer = control.sendSequence === 0 && control.pollFinal && transfer.acknowledged === 0 && transfer.partial === undefined;
  return peerCountsNothing || (isFirstAnswer && transfer.sent === 1 && transfer.outgoing.length === 1);
}

function stepSupervisory(
  config: PrimaryConfig,
  state: ConnectedPrimary,
  control: Extract<HdlcControl, { receiveSequence: number }>,
  nowMs: number,
): PrimaryStep {
  const transfer = acknowledge(state.transfer, control.receiveSequence);
  if (transfer === undefined) return unchanged(state);
  const next = { ...state, transfer, isPeerBusy: control.kind === "rnr" };
  return afterFrame(config, { state: next, hasMoved: transfer !== state.transfer, pollFinal: control.pollFinal, hasContent: false }, nowMs);
}

/** What a frame of the peer led to, once its content was taken. */
interface FrameTaken {
  readonly state: ConnectedPrimary;
  readonly hasMoved: boolean;
  readonly pollFinal: boolean;
  readonly hasContent: boolean;
}

function afterFrame(config: PrimaryConfig, taken: FrameTaken, nowMs: number): PrimaryStep {
  const { hasMoved, pollFinal, hasContent } = taken;
  const state = hasMoved ? { ...taken.state, attempt: 0, progressMs: nowMs } : taken.state;
  if (state.turn !== "theirs") return unchanged(state);
  if (!pollFinal) return unchanged({ ...state, deadlineMs: nowMs + config.options.responseTimeoutMs });
  const ours: ConnectedPrimary = { ...state, turn: "ours", transfer: goBack(state.transfer) };
  const isStalled = nowMs - ours.progressMs >= config.options.stallTimeoutMs;
  const { outgoing, partial } = ours.transfer;
  const isMidMessage = outgoing.length > 0 || partial !== undefined;
  if (isStalled && isMidMessage) return fail(new LinkError("the peer answers, but the exchange does not move", { code: "stalled" }));
  if (ours.isPeerBusy || (!hasMoved && !hasContent && !isMidMessage && ours.expectsReply)) {
    if (!isStalled) return unchanged(pause(config, ours, nowMs));
    // Whoever waits for an answer has a time-out of its own: the link is sound, so it only stops asking.
    return takeTurn(config, { ...ours, expectsReply: false }, nowMs);
  }
  if (!hasMoved && (isMidMessage || ours.expectsReply) && ours.attempt >= config.options.attemptsMax) {
    return fail(new LinkError(`no progress after ${ours.attempt} attempts`, { code: "timeout" }));
  }
  return takeTurn(config, ours, nowMs);
}

/** The peer lives, so its patience is counted by the stall time-out alone. */
function pause(config: PrimaryConfig, state: ConnectedPrimary, nowMs: number): ConnectedPrimary {
  return { ...state, turn: "pause", attempt: 0, deadlineMs: nowMs + config.options.pollIntervalMs };
}

/** The turn is ours: send what is queued, ask for what is owed, or rest. */
function takeTurn(config: PrimaryConfig, state: ConnectedPrimary, nowMs: number): PrimaryStep {
  if (state.transfer.outgoing.length > 0) return transmitWindow(config, state, nowMs);
  if (state.transfer.partial !== undefined || state.expectsReply) return poll(config, state, nowMs);
  if (state.isClosing) return askForDisconnection(config, 1, nowMs);
  return unchanged({ ...state, turn: "ours", attempt: 0 });
}

function transmitWindow(config: PrimaryConfig, state: ConnectedPrimary, nowMs: number): PrimaryStep {
  const { transfer, frames } = sendWindow(state.transfer, state.windowFrames);
  const effects = frames.map(({ control, segment }) => transmit(config, control, segment.information, segment.isSegmented));
  return { state: handOver(config, { ...state, transfer }, nowMs), effects };
}

function poll(config: PrimaryConfig, state: ConnectedPrimary, nowMs: number): PrimaryStep {
  const kind = state.isBusy ? "rnr" : "rr";
  const control: HdlcControl = { kind, receiveSequence: state.transfer.receiveNext, pollFinal: true };
  return { state: handOver(config, state, nowMs), effects: [transmit(config, control)] };
}

function handOver(config: PrimaryConfig, state: ConnectedPrimary, nowMs: number): ConnectedPrimary {
  return { ...state, turn: "theirs", attempt: state.attempt + 1, deadlineMs: nowMs + config.options.responseTimeoutMs };
}

function askForConnection(config: PrimaryConfig, attempt: number, nowMs: number): PrimaryStep {
  const information = encodeParameters(config.options.parameters, config.options.announcement);
  const state: PrimaryState = { kind: "connecting", attempt, deadlineMs: nowMs + config.options.responseTimeoutMs };
  return { state, effects: [transmit(config, { kind: "snrm", pollFinal: true }, information)] };
}

function askForDisconnection(config: PrimaryConfig, attempt: number, nowMs: number): PrimaryStep {
  const state: PrimaryState = { kind: "disconnecting", attempt, deadlineMs: nowMs + config.options.responseTimeoutMs };
  return { state, effects: [transmit(config, { kind: "disc", pollFinal: true })] };
}

function transmit(config: PrimaryConfig, control: HdlcControl, information: Uint8Array = NOTHING, segmented = false): PrimaryEffect {
  return { kind: "transmit", frame: { destination: config.peer, source: config.own, control, segmented, information } };
}

function followed(effects: readonly PrimaryEffect[], step: PrimaryStep): PrimaryStep {
  return effects.length === 0 ? step : { state: step.state, effects: [...effects, ...step.effects] };
}

function fail(error: AmityError): PrimaryStep {
  return { state: { kind: "failed", error }, effects: [{ kind: "failed", error }] };
}

function ended(): PrimaryStep {
  return { state: { kind: "disconnected" }, effects: [{ kind: "disconnected" }] };
}

function unchanged(state: PrimaryState): PrimaryStep {
  return { state, effects: NO_EFFECTS };
}

const NOTHING = new Uint8Array(0);
const NO_EFFECTS: readonly PrimaryEffect[] = [];
