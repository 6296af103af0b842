import { describe, expect, it } from "vitest";
import { encodeFrame } from "../../src/hdlc/frame.ts";
import { settlePrimary, settleSecondary, type PrimaryOptions } from "../../src/hdlc/options.ts";
import { decodeParameters } from "../../src/hdlc/parameters.ts";
import { PRIMARY_START, stepPrimary, type PrimaryInput, type PrimaryState } from "../../src/hdlc/primary.ts";
import { SECONDARY_START, stepSecondary, type SecondaryInput, type SecondaryState } from "../../src/hdlc/secondary.ts";
import { exchanges, HAS_VECTORS, joined, toHex, type CapturedFrame } from "./captures.ts";

/** The whole messages that one side sent, in order, each at the index of its first frame; `undefined` stands for DISC. */
function messagesOf(frames: readonly CapturedFrame[], from: "client" | "server"): Map<number, Uint8Array> {
  const messages = new Map<number, Uint8Array>();
  let pieces: Uint8Array[] = [];
  let start = 0;
  frames.forEach(({ frame, from: sender }, index) => {
    if (sender !== from || frame.control.kind !== "i") return;
    if (pieces.length === 0) start = index;
    pieces.push(frame.information);
    if (frame.segmented) return;
    messages.set(start, joined(...pieces));
    pieces = [];
  });
  return messages;
}

/** How large the segments are that this side really used, where it had to cut. */
function segmentOctets(
  frames: readonly CapturedFrame[],
  from: "client" | "server",
): { segmentOctets?: number; firstSegmentOctets?: number } {
  const lengths = frames.flatMap(({ frame, from: sender }) => (sender === from && frame.segmented ? [frame.information.length] : []));
  return lengths.length === 0 ? {} : { segmentOctets: Math.max(...lengths), firstSegmentOctets: lengths[0]! };
}

/** One client may connect under several addresses, one after another: each from its SNRM to the next. */
function sessions(frames: readonly CapturedFrame[]): CapturedFrame[][] {
  const found: CapturedFrame[][] = [];
  for (const captured of frames) {
    if (captured.frame.control.kind === "snrm") found.push([]);
    found.at(-1)!.push(captured);
  }
  return found;
}

function isOneAtATime(frames: readonly CapturedFrame[], from: "client" | "server"): boolean {
  return frames.every(({ frame, from: sender }) => sender !== from || frame.control.kind !== "i" || frame.control.pollFinal);
}

function primaryOptions(frames: readonly CapturedFrame[]): PrimaryOptions {
  const snrm = frames.find(({ frame }) => frame.control.kind === "snrm")!.frame;
  const parameters = decodeParameters(snrm.information);
  return {
    parameters,
    announcement: snrm.information.length > 20 ? "all" : "changed",
    ...segmentOctets(frames, "client"),
    ...(isOneAtATime(frames, "client") ? { windowFrames: 1 } : {}),
  };
}

/** Plays the captured server against our primary: what ours says, frame by frame. */
function replayClient(frames: readonly CapturedFrame[]): string[] {
  const snrm = frames.find(({ frame }) => frame.control.kind === "snrm")!.frame;
  const config = { own: snrm.source, peer: snrm.destination, options: settlePrimary(primaryOptions(frames)) };
  const messages = messagesOf(frames, "client");
  let state: PrimaryState = PRIMARY_START;
  const said: string[] = [];
  const step = (input: PrimaryInput): void => {
    const { state: next, effects } = stepPrimary(config, state, input, 0);
    state = next;
    for (const effect of effects) if (effect.kind === "transmit") said.push(toHex(encodeFrame(effect.frame)));
  };
  frames.forEach(({ from, frame }, index) => {
    if (from === "server") return step({ kind: "frame", frame });
    if (frame.control.kind === "snrm") step({ kind: "connect" });
    if (frame.control.kind === "disc") step({ kind: "disconnect" });
    const message = messages.get(index);
    if (message !== undefined) step({ kind: "send", message });
  });
  return said;
}

/** Plays the captured client against our secondary. */
function replayServer(frames: readonly CapturedFrame[]): string[] {
  const snrm = frames.find(({ frame }) => frame.control.kind === "snrm")!.frame;
  const ua = frames.find(({ frame }) => frame.control.kind === "ua")!.frame;
  const options = settleSecondary({
    parameters: decodeParameters(ua.information),
    repeatsParametersOnDisconnect: frames.some(
      ({ frame }, index) => index > 2 && frame.control.kind === "ua" && frame.information.length > 0,
    ),
    ...segmentOctets(frames, "server"),
    ...(isOneAtATime(frames, "server") ? { windowFrames: 1 } : {}),
  });
  const config = { own: snrm.destination, peer: snrm.source, options };
  const messages = messagesOf(frames, "server");
  let state: SecondaryState = SECONDARY_START;
  const said: string[] = [];
  const step = (input: SecondaryInput): void => {
    const { state: next, effects } = stepSecondary(config, state, input, 0);
    state = next;
    for (const effect of effects) if (effect.kind === "transmit") said.push(toHex(encodeFrame(effect.frame)));
  };
  frames.forEach(({ from, frame }, index) => {
    if (from === "client") return step({ kind: "frame", frame });
    const message = messages.get(index);
    if (message !== undefined) step({ kind: "send", message });
  });
  return said;
}

function saidBy(frames: readonly CapturedFrame[], from: "client" | "server"): string[] {
  return frames.filter((captured) => captured.from === from).map(({ octets }) => toHex(octets));
}

describe.skipIf(!HAS_VECTORS)("a captured exchange", () => {
  const all = exchanges();
  it("is there many times over", () => expect(all.length).toBeGreaterThan(20));
  it.each(all)("$name: our client says what the captured client said", ({ frames }) => {
    expect(sessions(frames).flatMap(replayClient)).toEqual(saidBy(frames, "client"));
  });
  it.each(all)("$name: our server says what the captured server said", ({ frames }) => {
    expect(sessions(frames).flatMap(replayServer)).toEqual(saidBy(frames, "server"));
  });
});
