import { AmityError, fromHex, toHex } from "@amity/bytes";
import { unwrapKey } from "@amity/crypto";
import type { MeterKeys } from "./keys.ts";
import type { WrappedKey } from "./metrology/operations.ts";

/** Key numbers of the security setup's key_transfer (IEC 62056-6-2, class 64). */
export const KEY_IDS = { encryptionKey: 0, broadcastKey: 1, authenticationKey: 2, masterKey: 3 } as const;
export type TransferableKey = keyof typeof KEY_IDS;

export const TRANSFERABLE_KEYS: Readonly<Record<WrappedKey["keyId"], TransferableKey>> = {
  0: "encryptionKey",
  1: "broadcastKey",
  2: "authenticationKey",
  3: "masterKey",
};

/** Keys that came together, of security setup 0-0:43.0.n. */
export interface KeyTransfer {
  readonly setup: number;
  /** Rises by one from transfer to transfer. */
  readonly number: number;
  readonly keys: readonly WrappedKey[];
  /**
   * A client has shown that it has them. Until then the keys of before count too: the answer to the method may have been lost, and after
   * key_agreement nobody but the meter knows what was agreed on.
   */
  readonly isProved: boolean;
}

/** Changes of one setup that wait for their proof. */
const OPEN_TRANSFERS_MAX = 4;

/** The transfers with one more; the oldest that nobody has shown to have falls away where too many wait. */
export function withTransfer(transfers: readonly KeyTransfer[], setup: number, keys: readonly WrappedKey[]): readonly KeyTransfer[] {
  const number = (transfers.at(-1)?.number ?? 0) + 1;
  // Nothing that this meter takes shows whether a broadcast key has arrived.
  const isProved = keys.every(({ keyId }) => keyId === KEY_IDS.broadcastKey);
  const open = transfers.filter((one) => one.setup === setup && !one.isProved);
  const fallen = open.length < OPEN_TRANSFERS_MAX ? undefined : open[0];
  return [...transfers.filter((one) => one !== fallen), { setup, number, keys, isProved }];
}

/** The transfers after a client has shown which it has. */
export function settled(
  transfers: readonly KeyTransfer[],
  { proved, dropped }: { readonly proved: readonly number[]; readonly dropped: readonly number[] },
): readonly KeyTransfer[] {
  return transfers.flatMap((one) => {
    if (dropped.includes(one.number)) return [];
    return proved.includes(one.number) ? [{ ...one, isProved: true }] : [one];
  });
}

/** A set of keys that counts now. */
export interface KeySet {
  readonly keys: MeterKeys;
  /** The number of the transfer that brought its encryption key, 0 for the factory's: counters belong to a key. */
  readonly generation: number;
  /** Transfers that are settled once an APDU has been authenticated under it; `undefined`: none. */
  readonly settles?: { readonly proved: readonly number[]; readonly dropped: readonly number[] };
}

/**
 * The sets of keys of one setup that count, newest first, each other in encryption or authentication key; those two of the last are what
 * somebody has shown to have. @throws SecurityError where a key does not open.
 */
export function keySets(factory: MeterKeys, transfers: readonly KeyTransfer[]): readonly [KeySet, ...KeySet[]] {
  const opened = openedTransfers(factory, transfers);
  const open = opened.filter(({ transfer }) => !transfer.isProved);
  const newest = keySet(factory, opened, open, 0);
  const sets: [KeySet, ...KeySet[]] = [newest];
  for (let from = 1; from <= open.length; from++) {
    const one = keySet(factory, opened, open, from);
    if (!sets.some(({ keys }) => opensTheSame(keys, one.keys))) sets.push(one);
  }
  return sets;
}

/** All that was shown to have arrived, and of what waits that from a place on: a client that lost an answer may have had the next. */
function keySet(factory: MeterKeys, opened: readonly OpenedTransfer[], open: readonly OpenedTransfer[], from: number): KeySet {
  const members = opened.filter((one) => one.transfer.isProved || open.indexOf(one) >= from);
  const numbers = (waiting: readonly OpenedTransfer[]) => waiting.filter(changesAssociation).map(({ transfer }) => transfer.number);
  const proved = numbers(open.slice(from));
  return {
    keys: members.reduce((all, one) => ({ ...all, ...one.keys }), factory),
    generation: members.findLast(({ keys }) => keys.encryptionKey !== undefined)?.transfer.number ?? 0,
    ...(proved.length === 0 ? {} : { settles: { proved, dropped: numbers(open.slice(0, from)) } }),
  };
}

/** A master key that opens transfers now. */
export interface MasterCandidate {
  readonly masterKey: Uint8Array;
  /** The transfer that it came with, where nobody has shown yet to have it. */
  readonly waiting?: number;
}

/** The master keys of one setup that count now, newest first. @throws SecurityError where a key does not open. */
export function masterKeys(factory: MeterKeys, transfers: readonly KeyTransfer[]): readonly MasterCandidate[] {
  let masters: readonly MasterCandidate[] = [{ masterKey: factory.masterKey }];
  for (const { transfer, keys } of openedTransfers(factory, transfers)) {
    const { masterKey } = keys;
    if (masterKey === undefined) continue;
    masters = transfer.isProved
      ? [...masters.filter(({ waiting }) => waiting !== undefined), { masterKey }]
      : [{ masterKey, waiting: transfer.number }, ...masters];
  }
  return masters;
}

interface OpenedTransfer {
  readonly transfer: KeyTransfer;
  readonly keys: Partial<Record<TransferableKey, Uint8Array>>;
}

/** Each transfer is wrapped by a master key of before it: which one, only the key itself tells. */
function openedTransfers(factory: MeterKeys, transfers: readonly KeyTransfer[]): OpenedTransfer[] {
  const masters = [factory.masterKey];
  return transfers.map((transfer) => {
    const keys = openTransfer(masters, transfer.keys);
    if (keys.masterKey !== undefined) masters.unshift(keys.masterKey);
    return { transfer, keys };
  });
}

function openTransfer(masters: readonly Uint8Array[], wrappedKeys: readonly WrappedKey[]): OpenedTransfer["keys"] {
  const master = masters.find((one) => opensKeys(one, wrappedKeys)) ?? masters[0] ?? new Uint8Array(0);
  return Object.fromEntries(wrappedKeys.map(({ keyId, wrapped }) => [TRANSFERABLE_KEYS[keyId], unwrapKey(master, fromHex(wrapped))]));
}

/** Whether every key opens under a master key and has the length of the suite, which is the master key's own. */
export function opensKeys(masterKey: Uint8Array, transfer: readonly WrappedKey[]): boolean {
  try {
    return transfer.every(({ wrapped }) => unwrapKey(masterKey, fromHex(wrapped)).length === masterKey.length);
  } catch (error) {
    if (error instanceof AmityError) return false;
    throw error;
  }
}

function changesAssociation({ keys }: OpenedTransfer): boolean {
  return keys.encryptionKey !== undefined || keys.authenticationKey !== undefined;
}

function opensTheSame(left: MeterKeys, right: MeterKeys): boolean {
  return toHex(left.encryptionKey) === toHex(right.encryptionKey) && toHex(left.authenticationKey) === toHex(right.authenticationKey);
}
