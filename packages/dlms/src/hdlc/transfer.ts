import type { HdlcControl } from "./control.ts";

/** One piece of a message, as it goes into an information field. */
export interface Segment {
  readonly information: Uint8Array;
  /** The message goes on in the next segment. */
  readonly isSegmented: boolean;
}

/**
 * The numbered exchange of one connection, the same on both sides (IEC 62056-46 6.4.4.4): what is still to be sent or
 * acknowledged, and the message being put together. Sequence numbers count modulo 8.
 */
export interface Transfer {
  /** N(S) of `outgoing[0]`: the oldest frame that the peer has not acknowledged. */
  readonly acknowledged: number;
  /** V(R): the N(S) expected next. */
  readonly receiveNext: number;
  /** Segments not acknowledged yet, oldest first, sent ones before unsent ones. */
  readonly outgoing: readonly Segment[];
  /** How many of `outgoing` are on their way now. */
  readonly outstanding: number;
  /** How many of `outgoing` were sent at least once: as many may be acknowledged. */
  readonly sent: number;
  readonly partial: PartialMessage | undefined;
}

/** The segments of a message taken so far, last one first: adding one costs the same however many there are. */
interface PartialMessage {
  readonly piece: Uint8Array;
  readonly before: PartialMessage | undefined;
  /** Of all pieces together. */
  readonly octets: number;
}

export const EMPTY_TRANSFER: Transfer = {
  acknowledged: 0,
  receiveNext: 0,
  outgoing: [],
  outstanding: 0,
  sent: 0,
  partial: undefined,
};

/** Cuts a message into segments of at most `octets` (the first one of at most `firstOctets`) and queues them. */
export function enqueue(transfer: Transfer, message: Uint8Array, octets: number, firstOctets = octets): Transfer {
  const segments: Segment[] = [];
  for (let start = 0, end = 0; start < message.length; start = end) {
    end = Math.min(start + (start === 0 ? firstOctets : octets), message.length);
    segments.push({ information: message.subarray(start, end), isSegmented: end < message.length });
  }
  return { ...transfer, outgoing: transfer.outgoing.length === 0 ? segments : [...transfer.outgoing, ...segments] };
}

/** Octets queued and not acknowledged. */
export function queuedOctets(transfer: Transfer): number {
  return transfer.outgoing.reduce((sum, segment) => sum + segment.information.length, 0);
}

/** Takes the peer's N(R): drops what it has. `undefined` where it acknowledges what was never sent. */
export function acknowledge(transfer: Transfer, receiveSequence: number): Transfer | undefined {
  const count = (receiveSequence - transfer.acknowledged) & 7;
  if (count === 0) return transfer;
  if (count > transfer.sent) return undefined;
  return {
    ...transfer,
    acknowledged: receiveSequence,
    outgoing: transfer.outgoing.slice(count),
    outstanding: Math.max(0, transfer.outstanding - count),
    sent: transfer.sent - count,
  };
}

/** The N(R) that acknowledges every frame that was sent. */
export function nextSequence(transfer: Transfer): number {
  return (transfer.acknowledged + transfer.sent) & 7;
}

/**
 * The peer has handed the turn over: whatever it has not acknowledged by now is lost and goes again (checkpointing;
 * this profile needs no REJ for it, and takes REJ as the same request).
 */
export function goBack(transfer: Transfer): Transfer {
  return transfer.outstanding === 0 ? transfer : { ...transfer, outstanding: 0 };
}

/** The frames that the window lets go now; the last one hands over the turn. */
export function sendWindow(
  transfer: Transfer,
  window: number,
): { transfer: Transfer; frames: { control: HdlcControl; segment: Segment }[] } {
  const end = Math.min(transfer.outgoing.length, window);
  const frames: { control: HdlcControl; segment: Segment }[] = [];
  for (let index = transfer.outstanding; index < end; index++) {
    const segment = transfer.outgoing[index];
    if (segment === undefined) break;
    const sendSequence = (transfer.acknowledged + index) & 7;
    frames.push({ control: { kind: "i", sendSequence, receiveSequence: transfer.receiveNext, pollFinal: index === end - 1 }, segment });
  }
  return { transfer: { ...transfer, outstanding: Math.max(transfer.outstanding, end), sent: Math.max(transfer.sent, end) }, frames };
}

/** What became of an I frame that arrived. */
export type Accepted =
  | { readonly kind: "taken"; readonly transfer: Transfer }
  | { readonly kind: "message"; readonly transfer: Transfer; readonly message: Uint8Array }
  /** Not the one expected (a repetition, or one before it was lost): its content is ignored. */
  | { readonly kind: "out-of-sequence" }
  | { readonly kind: "too-long" };

/** Takes one I frame's content; a message is complete with the first segment whose S bit is clear. */
export function accept(transfer: Transfer, sendSequence: number, segment: Segment, messageOctetsMax: number): Accepted {
  if (sendSequence !== transfer.receiveNext) return { kind: "out-of-sequence" };
  const { partial } = transfer;
  const octets = (partial?.octets ?? 0) + segment.information.length;
  if (octets > messageOctetsMax) return { kind: "too-long" };
  const receiveNext = (transfer.receiveNext + 1) & 7;
  if (segment.isSegmented) {
    // An empty segment leaves no trace: what is held stays bounded by the octets it holds.
    if (segment.information.length === 0) return { kind: "taken", transfer: { ...transfer, receiveNext } };
    const longer = { piece: segment.information.slice(), before: partial, octets };
    return { kind: "taken", transfer: { ...transfer, receiveNext, partial: longer } };
  }
  const message = whole({ piece: segment.information, before: partial, octets });
  return { kind: "message", transfer: { ...transfer, receiveNext, partial: undefined }, message };
}

/** The message in one buffer of its own. */
function whole(message: PartialMessage): Uint8Array {
  const octets = new Uint8Array(message.octets);
  let end = message.octets;
  for (let part: PartialMessage | undefined = message; part !== undefined; part = part.before) {
    end -= part.piece.length;
    octets.set(part.piece, end);
  }
  return octets;
}
