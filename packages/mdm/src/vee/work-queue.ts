import { Money } from "../rating/money.ts";
import type { Severity } from "./finding.ts";

/** What the queue needs to know of one open exception. */
export interface RankableException {
  readonly exceptionId: string;
  readonly ruleId: string;
  readonly severity: Severity;
  readonly channelId: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Where the channel hangs, from near to far: concentrator, transformer, feeder. */
  readonly groups: readonly string[];
  /** Energy in question, in kWh. */
  readonly energyKwh: number;
  /** When the usage point is billed next. */
  readonly billAtMs: number;
}

export interface ExceptionCluster {
  /** Stable name of the cause: rule, place and time. */
  readonly cause: string;
  readonly ruleId: string;
  /** The common place; absent where the exceptions have none in common. */
  readonly group?: string;
  readonly exceptionIds: readonly string[];
  readonly channels: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly energyKwh: number;
  /** Decimal text in the utility's currency. */
  readonly money: string;
  readonly billAtMs: number;
  /** Higher first. */
  readonly rank: number;
}

export interface QueueOptions {
  /** Price that turns kWh in question into money. */
  readonly pricePerKwh: string;
  readonly nowMs: number;
  /** Fewer channels than this behind one group are no common cause. */
  readonly commonCauseMin?: number;
  /** Exceptions of one cause begin within this time of each other. */
  readonly togetherMs?: number;
}

/**
 * Puts together what has one cause (same rule, same place, same time) and ranks by money, more so the nearer the bill:
 * money / (1 + days to the bill). A flood behind one concentrator becomes one entry instead of hundreds.
 */
export function clusterExceptions(exceptions: readonly RankableException[], options: QueueOptions): readonly ExceptionCluster[] {
  const least = options.commonCauseMin ?? 3;
  const open = new Map(exceptions.map((exception) => [exception.exceptionId, exception]));
  const clusters: ExceptionCluster[] = [];
  for (const [key, members] of candidates(exceptions, options.togetherMs ?? 3_600_000)) {
    const left = members.filter((member) => open.has(member.exceptionId));
    if (new Set(left.map((member) => member.channelId)).size < least) continue;
    for (const member of left) open.delete(member.exceptionId);
    clusters.push(clusterOf(left, key.cause, key.group, options));
  }
  for (const [cause, members] of byChannel([...open.values()])) clusters.push(clusterOf(members, cause, undefined, options));
  return clusters.toSorted((a, b) => b.rank - a.rank || (a.cause < b.cause ? -1 : 1));
}

interface Cause {
  readonly cause: string;
  readonly group: string;
}

/** Possible common causes, the largest first. */
function candidates(
  exceptions: readonly RankableException[],
  togetherMs: number,
): readonly (readonly [Cause, readonly RankableException[]])[] {
  const found = new Map<string, { readonly key: Cause; readonly members: RankableException[] }>();
  for (const exception of exceptions) {
    for (const group of exception.groups) {
      const cause = `${exception.ruleId}/${group}/${new Date(Math.floor(exception.fromMs / togetherMs) * togetherMs).toISOString()}`;
      const entry = found.get(cause) ?? { key: { cause, group }, members: [] };
      entry.members.push(exception);
      found.set(cause, entry);
    }
  }
  return [...found.values()]
    .toSorted((a, b) => b.members.length - a.members.length || (a.key.cause < b.key.cause ? -1 : 1))
    .map(({ key, members }) => [key, members] as const);
}

/** What is left, by rule and channel. */
function byChannel(exceptions: readonly RankableException[]): ReadonlyMap<string, readonly RankableException[]> {
  const groups = new Map<string, RankableException[]>();
  for (const exception of exceptions) {
    const cause = `${exception.ruleId}/${exception.channelId}`;
    const members = groups.get(cause) ?? [];
    members.push(exception);
    groups.set(cause, members);
  }
  return groups;
}

function clusterOf(
  members: readonly RankableException[],
  cause: string,
  group: string | undefined,
  options: QueueOptions,
): ExceptionCluster {
  const energyKwh = members.reduce((sum, member) => sum + Math.abs(member.energyKwh), 0);
  const billAtMs = Math.min(...members.map((member) => member.billAtMs));
  const money = new Money(options.pricePerKwh).times(energyKwh).toDecimalPlaces(2);
  const daysToBill = Math.max(0, (billAtMs - options.nowMs) / 86_400_000);
  return {
    cause,
    ruleId: members[0]?.ruleId ?? "",
    ...(group === undefined ? {} : { group }),
    exceptionIds: members.map((member) => member.exceptionId),
    channels: new Set(members.map((member) => member.channelId)).size,
    fromMs: Math.min(...members.map((member) => member.fromMs)),
    toMs: Math.max(...members.map((member) => member.toMs)),
    energyKwh,
    money: money.toFixed(2),
    billAtMs,
    rank: money.toNumber() / (1 + daysToBill),
  };
}
