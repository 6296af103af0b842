import { PRIMARY_ADDRESS, type MeterAddress, type SecondaryPattern } from "../link/address.ts";
import { decodeWiredMessage } from "../link/wired-message.ts";
import type { WiredMaster } from "./wired-master.ts";

/** What a search found: meters, and patterns under which answers kept colliding. */
export interface ScanResult {
  readonly meters: readonly { readonly address: MeterAddress; readonly primaryAddress: number }[];
  readonly collisions: readonly SecondaryPattern[];
  /** Selections made: the cost of the search. */
  readonly selections: number;
  /** False where the search ended at its limit of selections or meters: a line that answers everything would have it go on for ever. */
  readonly isComplete: boolean;
}

/** Everything a bus can hold, and more: a search that finds this many ends. */
const METERS_MAX = 500;
/** Some 250 meters with numbers in a row take 3,000. */
const SELECTIONS_MAX = 20_000;
const DIGITS = 8;

/** Asks each primary address once with SND_NKE; several meters on one address acknowledge like one. */
export async function scanPrimary(master: WiredMaster, from = 0, to: number = PRIMARY_ADDRESS.slaveMax): Promise<number[]> {
  const found: number[] = [];
  for (let address = from; address <= to; address++) if (await master.initialize(address, 1)) found.push(address);
  return found;
}

/**
 * Wildcard search (EN 13757-7, annex E): digits of the identification are fixed one by one wherever answers collide.
 * `start` narrows it (its `F` digits are searched).
 */
export async function scanSecondary(
  master: WiredMaster,
  start: SecondaryPattern = { id: "FFFFFFFF" },
  selectionsMax = SELECTIONS_MAX,
): Promise<ScanResult> {
  const meters = new Map<string, { address: MeterAddress; primaryAddress: number }>();
  const collisions: SecondaryPattern[] = [];
  let selections = 0;
  let isComplete = true;
  await master.initialize(PRIMARY_ADDRESS.networkLayer, 1);
  const visit = async (pattern: SecondaryPattern, digit: number): Promise<void> => {
    if (selections >= selectionsMax || meters.size >= METERS_MAX) {
      isComplete = false;
      return;
    }
    selections++;
    const selected = await master.select(pattern, 1);
    if (selected === "none") return;
    if (selected === "selected") {
      const answer = await master.request(PRIMARY_ADDRESS.networkLayer, 1);
      if (answer.kind === "response") {
        const meter = decodeWiredMessage(answer.octets).application?.meter;
        if (meter !== undefined) meters.set(JSON.stringify(meter), { address: meter, primaryAddress: answer.frame.address });
        return;
      }
      // One meter that acknowledges and then says nothing is no collision: deeper digits would not tell more.
      if (answer.kind === "silence") return;
    }
    const next = nextWildcard(pattern.id, digit);
    if (next < 0) {
      collisions.push(pattern);
      return;
    }
    for (let value = 0; value <= 9; value++) {
      await visit({ ...pattern, id: `${pattern.id.slice(0, next)}${value}${pattern.id.slice(next + 1)}` }, next + 1);
    }
  };
  await visit(start, 0);
  return { meters: [...meters.values()], collisions, selections, isComplete };
}

function nextWildcard(id: string, from: number): number {
  for (let index = from; index < DIGITS; index++) if ((id[index] ?? "").toUpperCase() === "F") return index;
  return -1;
}
