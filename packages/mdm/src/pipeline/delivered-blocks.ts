import type { IntervalBlock } from "@amity/intervals";
import { isEstimated, isMissing, QUALITY } from "@amity/model";
import { allVersions } from "../ledger/block-table.ts";
import type { ChannelId } from "../ledger/channel-id.ts";
import { isProtected } from "../ledger/merge-policy.ts";
import type { ReviewParts } from "./review.ts";

/** Stored days with the values as they came: before validation, without estimates; a person's and final values as they are. */
export async function deliveredBlocks(
  parts: Pick<ReviewParts, "store" | "ledger">,
  channelIds: readonly ChannelId[],
  time: { fromDayMs: number; toDayMs: number },
): Promise<ReadonlyMap<ChannelId, readonly IntervalBlock[]>> {
  const keys: { channelId: ChannelId; dayStartMs: number }[] = [];
  await parts.ledger.read({ channelIds, ...time }, ({ channelId, block }) => keys.push({ channelId, dayStartMs: block.dayStartMs }));
  const versions = await allVersions(parts.store, keys);
  const found = new Map<ChannelId, IntervalBlock[]>();
  for (const [index, { channelId }] of keys.entries()) {
    const block = deliveredBlock(versions[index] ?? []);
    if (block === undefined) continue;
    const list = found.get(channelId);
    if (list === undefined) found.set(channelId, [block]);
    else list.push(block);
  }
  return found;
}

/** `versions` oldest first. */
function deliveredBlock(versions: readonly IntervalBlock[]): IntervalBlock | undefined {
  const current = versions.at(-1);
  if (current === undefined) return undefined;
  const values = current.values.slice();
  const qualities = current.qualities.slice();
  for (let slot = 0; slot < values.length; slot++) {
    if (isProtected(qualities[slot] ?? 0)) continue;
    const said = versions.findLast((version) => isMeasured(version.qualities[slot]));
    values[slot] = said?.values[slot] ?? 0;
    qualities[slot] = said === undefined ? QUALITY.missing : QUALITY.raw;
  }
  return { ...current, values, qualities };
}

function isMeasured(quality: number | undefined): boolean {
  return quality !== undefined && !isMissing(quality) && !isEstimated(quality);
}
