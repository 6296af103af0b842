import { DecodeError, joinedOctets } from "@amity/bytes";
import { addressText } from "../link/address.ts";
import { isFragment, type AuthenticationLayer } from "./authentication-layer.ts";
import type { Telegram } from "./telegram.ts";

/** One fragment of a long message (EN 13757-7, 6.2): its AFL and what stands behind that. */
export interface Fragment {
  /** Who sent it: fragments of different senders never mix. */
  readonly sender: string;
  readonly authentication: AuthenticationLayer;
  readonly part: Uint8Array;
}

/** Bounds of what is kept while fragments are awaited; the message begun first is given up first. */
export interface FragmentLimits {
  readonly messageOctetsMax: number;
  readonly fragmentsMax: number;
  /** From the first fragment heard to the last (ms). */
  readonly ageMsMax: number;
  readonly sendersMax: number;
}

/** A message length field counts 16 bits and a fragment number 8; no meter comes near either. */
export const FRAGMENT_LIMITS: FragmentLimits = { messageOctetsMax: 8 * 1024, fragmentsMax: 64, ageMsMax: 60_000, sendersMax: 256 };

interface PendingMessage {
  readonly parts: ReadonlyMap<number, Fragment>;
  readonly octets: number;
  readonly beganMs: number;
}

/** Messages that are not whole yet, by sender. */
export type FragmentAssembly = ReadonlyMap<string, PendingMessage>;

/** Nothing heard yet. */
export const NO_FRAGMENTS: FragmentAssembly = new Map();

/** What a fragment led to. */
export type FragmentOutcome =
  /** Kept; the lowest fragment that is still missing. */
  | { readonly kind: "pending"; readonly missing: number }
  /** The same octets were there already. */
  | { readonly kind: "duplicate" }
  /** All there: the message from its CI on, and one AFL with the fields that the fragments brought. */
  | { readonly kind: "complete"; readonly message: Uint8Array; readonly authentication: AuthenticationLayer }
  /** Beyond a limit, or against what other fragments announced: the message is given up. */
  | { readonly kind: "refused"; readonly error: DecodeError };

/** The fragment that a telegram carries; `undefined` where its message came whole (fragment 0, or 1 of 1). */
export function fragmentOf(telegram: Telegram): Fragment | undefined {
  const { authentication, application, sender } = telegram;
  if (authentication === undefined || !isFragment(authentication)) return undefined;
  return { sender: addressText(sender), authentication, part: application.payload.slice(authentication.payloadOffset) };
}

/**
 * Takes one fragment. They may come doubled, in any order and between those of others; a fragment that contradicts what
 * is there begins a new message. What is too old, too long or too much is given up.
 */
export function stepFragments(
  state: FragmentAssembly,
  fragment: Fragment,
  nowMs: number,
  limits: FragmentLimits = FRAGMENT_LIMITS,
): { readonly state: FragmentAssembly; readonly outcome: FragmentOutcome } {
  const { sender, authentication, part } = fragment;
  const { fragmentId } = authentication;
  const next = new Map([...state].filter(([, { beganMs }]) => nowMs - beganMs <= limits.ageMsMax));
  const before = next.get(sender);
  const known = before?.parts.get(fragmentId);
  if (known !== undefined && isSame(known, fragment)) return { state: next, outcome: { kind: "duplicate" } };
  const isNew = before === undefined || known !== undefined || isBeyondLast(before, fragment);
  const parts = new Map(isNew ? [] : before.parts).set(fragmentId, fragment);
  const message = { parts, octets: (isNew ? 0 : before.octets) + part.length, beganMs: isNew ? nowMs : before.beganMs };
  next.delete(sender);
  const error = faultOf(message, fragment, limits);
  if (error !== undefined) return { state: next, outcome: { kind: "refused", error } };
  const missing = lowestMissing(parts);
  if (missing === undefined) return { state: next, outcome: completed(message) };
  next.set(sender, message);
  dropOldest(next, limits.sendersMax);
  return { state: next, outcome: { kind: "pending", missing } };
}

/** Does the fragment come behind the one that called itself the last, or is it a last one with others behind it? */
function isBeyondLast({ parts }: PendingMessage, { authentication }: Fragment): boolean {
  const { fragmentId, moreFragments } = authentication;
  for (const [id, other] of parts) {
    if (!other.authentication.moreFragments && fragmentId > id) return true;
    if (!moreFragments && id > fragmentId) return true;
  }
  return false;
}

function faultOf(message: PendingMessage, { authentication }: Fragment, limits: FragmentLimits): DecodeError | undefined {
  const { fragmentId, offset } = authentication;
  if (fragmentId === 0 || fragmentId > limits.fragmentsMax) {
    return new DecodeError(`fragment ${fragmentId} of a message of up to ${limits.fragmentsMax} fragments`, { offset, code: "limit" });
  }
  const total = message.parts.get(1)?.authentication.messageLength;
  if (message.octets > Math.min(total ?? limits.messageOctetsMax, limits.messageOctetsMax)) {
    const announced = total === undefined ? "" : `, ${total} are announced`;
    return new DecodeError(`the fragments have ${message.octets} octets${announced}`, { offset, code: "length" });
  }
  if (total !== undefined && message.octets < total && lowestMissing(message.parts) === undefined) {
    return new DecodeError(`truncated: the fragments have ${message.octets} octets, ${total} are announced`, { offset, code: "truncated" });
  }
  return undefined;
}

/** `undefined` where all are there, the last one included. */
function lowestMissing(parts: ReadonlyMap<number, Fragment>): number | undefined {
  for (let id = 1; ; id++) {
    const part = parts.get(id);
    if (part === undefined) return id;
    if (!part.authentication.moreFragments) return undefined;
  }
}

/** MCL, key information, counter and length stand in the first fragment, the MAC in the last: the message's layer has them all. */
function completed({ parts }: PendingMessage): FragmentOutcome {
  const ordered = [...parts.values()].sort((a, b) => a.authentication.fragmentId - b.authentication.fragmentId);
  const layers = ordered.map(({ authentication }) => authentication);
  const pick = <Field extends keyof AuthenticationLayer>(field: Field): AuthenticationLayer[Field] | undefined =>
    layers.find((layer) => layer[field] !== undefined)?.[field];
  const authentication: AuthenticationLayer = {
    offset: 0,
    fragmentControl: layers.reduce((all, { fragmentControl }) => all | (fragmentControl & 0x3e00), 0),
    fragmentId: 0,
    moreFragments: false,
    messageControl: pick("messageControl"),
    keyInformation: pick("keyInformation"),
    counter: pick("counter"),
    mac: pick("mac"),
    messageLength: pick("messageLength"),
    payloadOffset: 0,
  };
  return { kind: "complete", message: joinedOctets(...ordered.map(({ part }) => part)), authentication };
}

function isSame(first: Fragment, second: Fragment): boolean {
  return (
    first.authentication.fragmentControl === second.authentication.fragmentControl &&
    isEqual(first.part, second.part) &&
    isEqual(first.authentication.counter, second.authentication.counter) &&
    isEqual(first.authentication.mac, second.authentication.mac)
  );
}

function isEqual(first: Uint8Array | undefined, second: Uint8Array | undefined): boolean {
  if (first === undefined || second === undefined) return first === second;
  return first.length === second.length && first.every((octet, index) => octet === second[index]);
}

function dropOldest(pending: Map<string, PendingMessage>, sendersMax: number): void {
  while (pending.size > sendersMax) {
    const [oldest] = [...pending].reduce((a, b) => (b[1].beganMs < a[1].beganMs ? b : a));
    pending.delete(oldest);
  }
}
