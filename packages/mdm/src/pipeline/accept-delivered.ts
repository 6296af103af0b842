import { DAY_MS, type IntervalBlock } from "@amity/intervals";
import { packQuality, qualityCategoryOf, QUALITY_CATEGORIES } from "@amity/model";
import type { BlockWrite, Ledger } from "../ledger/ledger.ts";
import type { QueuedException } from "./exception-queue.ts";

const ACCEPTED = packQuality({ source: "mdms", category: "valid", method: "accepted", final: false });
const RAW_CATEGORY = QUALITY_CATEGORIES.indexOf("raw");

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
    const values = current.block.values.slice();
    const qualities = current.block.qualities.slice();
    for (const slot of slotsWithin(current.block, exception)) {
      const delivered = versions.findLast(({ block }) => qualityCategoryOf(block.qualities[slot] ?? 0) === RAW_CATEGORY);
      if (delivered === undefined || qualities[slot] === ACCEPTED) continue;
      values[slot] = delivered.block.values[slot] ?? 0;
      qualities[slot] = ACCEPTED;
      changed++;
    }
    const block: IntervalBlock = { ...current.block, values, qualities };
    writes.push({ channelId: exception.channelId, block, mode: "replace", expectedVersion: current.version });
  }
  await ledger.write(writes, { author: decision.by, reason: decision.note, source: "", ruleSet: "" });
  return changed;
}

function slotsWithin(block: IntervalBlock, span: { fromMs: number; toMs: number }): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot < block.values.length; slot++) {
    const startMs = block.dayStartMs + (block.phaseSeconds + slot * block.intervalSeconds) * 1000;
    if (startMs >= span.fromMs && startMs < span.toMs) slots.push(slot);
  }
  return slots;
}
