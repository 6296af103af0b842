import { UsageError } from "@amity/bytes";
import { digest } from "@amity/crypto";
import { packBlock, type IntervalBlock, type Zone } from "@amity/intervals";
import { toHex } from "@amity/bytes";
import type { Clock } from "@amity/runtime";
import type { Store } from "@amity/store";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { channelsById } from "../pipeline/channels.ts";
import type { ExceptionMove } from "../pipeline/exception-history.ts";
import type { QueuedException } from "../pipeline/exception-rows.ts";
import { placesOf } from "../registry/places.ts";
import type { Channel } from "../registry/registry.ts";
import type { DecisionProgress } from "./decision.ts";

/** What plans are made with. */
export interface PlanParts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly clock: Pick<Clock, "nowMs">;
  /** Zone of the usage points' calendars. */
  readonly zone: Zone;
  readonly holidays?: ReadonlySet<number>;
}

export type Tell = (progress: DecisionProgress) => void;

/** A day as it stands and as it shall be. */
export interface PlannedDay {
  readonly channel: Channel;
  /** The version that the plan is made on; 0: nothing is stored yet. */
  readonly version: number;
  readonly before: IntervalBlock;
  readonly block: IntervalBlock;
}

/** What a decision would do, to the last value. */
export interface Plan {
  readonly days: readonly PlannedDay[];
  readonly moves: readonly ExceptionMove[];
  readonly skipped: readonly { readonly exceptionId: string; readonly reason: string }[];
  /** What is in question over all exceptions that move, by channel, in counts. */
  readonly inQuestion: ReadonlyMap<ChannelId, number>;
  readonly channels: ReadonlyMap<ChannelId, Channel>;
  /** Multiplier of each channel's transformers. */
  readonly multipliers: ReadonlyMap<ChannelId, number>;
}

/** Exceptions that one decision may move. */
export const EXCEPTIONS_MAX = 5000;

/** Thrown where a plan cannot be made because somebody changed what it rests on; callers turn it into an outcome. */
export class Superseded extends Error {}

/** Completes a plan with what its channels are and where they stand. */
export async function completePlan(
  parts: PlanParts,
  drafted: { days: readonly PlannedDay[]; exceptions: readonly { exception: QueuedException; after: ExceptionMove["after"] }[] },
  skipped: Plan["skipped"],
): Promise<Plan> {
  const inQuestion = new Map<ChannelId, number>();
  for (const { exception } of drafted.exceptions)
    inQuestion.set(exception.channelId, (inQuestion.get(exception.channelId) ?? 0) + (exception.inQuestion ?? 0));
  const channelIds = [...new Set([...drafted.days.map(({ channel }) => channel.channelId), ...inQuestion.keys()])];
  const channels = await channelsById(parts.store, channelIds);
  const places = await placesOf(parts.store, [...new Set([...channels.values()].map(({ meterId }) => meterId))], parts.clock.nowMs());
  return {
    days: drafted.days,
    moves: drafted.exceptions.map(({ exception, after }) => ({
      meterId: exception.meterId,
      exceptionId: exception.exceptionId,
      before: exception.state,
      after,
    })),
    skipped,
    inQuestion,
    channels,
    multipliers: new Map([...channels.values()].map(({ channelId, meterId }) => [channelId, places.get(meterId)?.multiplier ?? 1])),
  };
}

/** Names a plan by its content: versions it rests on, values and qualities it writes, states it changes. */
export function fingerprintOf(plan: Plan): string {
  const text = new TextEncoder();
  const parts: Uint8Array[] = [
    text.encode(JSON.stringify(plan.moves.map(({ exceptionId, before, after }) => [exceptionId, before, after]))),
  ];
  for (const { channel, version, block } of plan.days) {
    parts.push(text.encode(`${channel.channelId}/${block.dayStartMs}/${version}`), packBlock(block));
  }
  return toHex(digest("sha256", ...parts)).slice(0, 32);
}

/** @throws UsageError `limit` for none or too many. */
export function checkCount(exceptionIds: readonly string[]): void {
  if (exceptionIds.length === 0 || exceptionIds.length > EXCEPTIONS_MAX)
    throw new UsageError(`a decision takes 1 to ${EXCEPTIONS_MAX} exceptions, not ${exceptionIds.length}`, {
      code: "limit",
      advice: "decide in parts",
    });
}
