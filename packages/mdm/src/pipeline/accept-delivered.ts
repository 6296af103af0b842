import { DAY_MS, type IntervalBlock } from "@amity/intervals";
import { packQuality, qualityCategoryOf, QUALITY_CATEGORIES } from "@amity/model";
import type { StoredBlock } from "../ledger/block-table.ts";
import type { BlockWrite, Ledger } from "../ledger/ledger.ts";
import type { QueuedException } from "./exception-queue.ts";

const ACCEPTED = packQuality({ source: "mdms", category: "valid", method: "accepted", final: false });
const RAW_CATEGORY = QUALITY_CATEGORIES.indexOf("raw");
const FAILED_CATEGORY = QUALITY_CATEGORIES.indexOf("failedValidation");

/**
 * Puts the values that the meter delivered back in the place of estimates, over the intervals of an exception, as new versions
 * by the person who decided. Returns how many intervals changed; those that were never delivered stay as they are.
 */
export async function acceptDelivered(ledger: Ledger, exception: QueuedException, decision: { by: string; note: string }): Promise<number> {
  const writes: BlockWrite[] = [];
  let changed = 0;
  for (let dayStartMs = Math.floor(exception.fromMs / DAY_MS) * DAY_MS; dayStartMs < exception.toMs; dayStartMs += DAY_MS) {
    const versions = await ledger.versions({ channelId: exception.channelId, dayStartMs });
    const current = versions.at(-1);
    if (current === undefined) continue;
    const accepted = acceptedBlock(versions, current.block, [exception]);
    changed += accepted.changed;
    writes.push({ channelId: exception.channelId, block: accepted.block, mode: "replace", expectedVersion: current.version });
  }
  await ledger.write(writes, { author: decision.by, reason: decision.note, source: "", ruleSet: "" });
  return changed;
}

/** A day with the delivered values in the place of estimates over some spans, and how many intervals that changes. */
export function acceptedBlock(
  versions: readonly StoredBlock[],
  current: IntervalBlock,
  spans: readonly { fromMs: number; toMs: number }[],
): { block: IntervalBlock; changed: number } {
  const values = current.values.slice();
  const qualities = current.qualities.slice();
  let changed = 0;
  for (const slot of spans.flatMap((span) => slotsWithin(current, span))) {
    const delivered = versions.findLast(({ block }) => isDelivered(block.qualities[slot] ?? 0));
    if (delivered === undefined || qualities[slot] === ACCEPTED) continue;
    values[slot] = delivered.block.values[slot] ?? 0;
    qualities[slot] = ACCEPTED;
    changed++;
  }
  return { block: { ...current, values, qualities }, changed };
}

/** As the meter said it: raw, or failed on its way in (a bulk load stores the verdict at once, with the delivered value). */
function isDelivered(quality: number): boolean {
  const category = qualityCategoryOf(quality);
  return category === RAW_CATEGORY || category === FAILED_CATEGORY;
}

function slotsWithin(block: IntervalBlock, span: { fromMs: number; toMs: number }): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot < block.values.length; slot++) {
    const startMs = block.dayStartMs + (block.phaseSeconds + slot * block.intervalSeconds) * 1000;
    if (startMs >= span.fromMs && startMs < span.toMs) slots.push(slot);
  }
  return slots;
}
