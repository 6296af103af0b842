import { DAY_MS, emptyBlock } from "@amity/intervals";
import { channelIdOf, type ChannelId } from "../ledger/channel-id.ts";
import { allVersions } from "../ledger/block-table.ts";
import { channelsById } from "../pipeline/channels.ts";
import { exceptionsById } from "../pipeline/exception-rows.ts";
import { decisionRecord } from "./decision-table.ts";
import { completePlan, Superseded, type Plan, type PlannedDay, type PlanParts } from "./plan.ts";

/** A day that a decision wrote. */
interface WrittenDay {
  readonly channelId: ChannelId;
  readonly dayStartMs: number;
  readonly before: number;
  readonly after: number;
}

/**
 * What undoing a decision would do: its days as they stood before it, its exceptions in the state before it.
 * `undefined` where there is no such decision. @throws Superseded where it is not done, or its versions are no longer current.
 */
export async function planUndo(parts: PlanParts, decisionId: string): Promise<Plan | undefined> {
  const record = await decisionRecord(parts.store, decisionId);
  if (record === undefined) return undefined;
  if (record.decision.undoes !== undefined) throw new Superseded("what undid a decision is not undone: decide again");
  if (record.decision.state !== "done") throw new Superseded(`the decision is ${record.decision.state}: there is nothing to undo`);
  const written = await writtenDays(parts, decisionId, record.items.meterKeys);
  const channels = await channelsById(parts.store, [...new Set(written.map(({ channelId }) => channelId))]);
  const versions = await allVersions(parts.store, written);
  const days = written.flatMap(({ channelId, dayStartMs, before, after }, index): PlannedDay[] => {
    const list = versions[index] ?? [];
    const channel = channels.get(channelId);
    const current = list.at(-1);
    if (channel === undefined || current === undefined) return [];
    if (list.length !== after)
      throw new Superseded(
        `${channel.meterId} ${channel.name} of ${new Date(dayStartMs).toISOString().slice(0, 10)} was changed again since: version ${list.length}, the decision made ${after}`,
      );
    const block = list[before - 1] ?? emptyBlock(dayStartMs, current.intervalSeconds, current.phaseSeconds);
    return [{ channel, version: after, before: current, block }];
  });
  const moved = new Map(record.items.exceptions.map((item) => [item.exceptionId, item]));
  const exceptions = (await exceptionsById(parts.store, [...moved.keys()])).map((exception) => {
    const item = moved.get(exception.exceptionId);
    if (item === undefined || exception.state !== item.after)
      throw new Superseded(`exception ${exception.exceptionId} was moved again since: it is ${exception.state}`);
    return { exception, after: item.before };
  });
  return completePlan(parts, { days, exceptions }, []);
}

async function writtenDays(parts: PlanParts, decisionId: string, meterKeys: readonly number[]): Promise<WrittenDay[]> {
  const { rows } = await parts.store.query<{
    meter_key: number;
    channel_no: number;
    day: number;
    version_before: number;
    version_after: number;
  }>(
    `select meter_key, channel_no, day - date '1970-01-01' as day, version_before, version_after from mdm.edit
     where meter_key = any ($1::integer[]) and edit_id = $2 order by meter_key, channel_no, day`,
    [meterKeys, decisionId],
  );
  return rows.map((row) => ({
    channelId: channelIdOf(row.meter_key, row.channel_no),
    dayStartMs: row.day * DAY_MS,
    before: row.version_before,
    after: row.version_after,
  }));
}
