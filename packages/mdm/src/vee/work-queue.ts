import { Money } from "../rating/money.ts";
import type { Severity } from "./finding.ts";

/** What the queue needs to know of one open exception. */
export interface RankableException {
  readonly exceptionId: string;
  readonly ruleId: string;
  readonly severity: Severity;
  readonly channelId: string;
  /** Channels of one meter are one cause where nothing larger is; the channel itself where absent. */
  readonly meterId?: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Name of the outage that its time touches, the same for every meter that the outage took: one cause whatever the rule. */
  readonly outage?: string;
  /** Where the channel hangs, from near to far: concentrator, transformer, feeder. */
  readonly groups: readonly string[];
  /** Energy in question, in kWh. */
  readonly energyKwh: number;
  /** Volume in question, where the channel counts gas or water. */
  readonly cubicMetres?: number;
  /** When the usage point is billed next. */
  readonly billAtMs: number;
}

export interface ExceptionCluster {
  /** Stable name of the cause: outage, or rule, place and time. */
  readonly cause: string;
  /** The rule of most of its exceptions. */
  readonly ruleId: string;
  /** The common place; absent where the exceptions have none in common. */
  readonly group?: string;
  /** The common outage. */
  readonly outage?: string;
  readonly exceptionIds: readonly string[];
  readonly channels: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly energyKwh: number;
  readonly cubicMetres: number;
  /** Decimal text in the utility's currency. */
  readonly money: string;
  readonly billAtMs: number;
  /** Higher first. */
  readonly rank: number;
}

export interface QueueOptions {
  /** Price that turns kWh in question into money. */
  readonly pricePerKwh: string;
  /** The same for cubic metres; nothing where absent. */
  readonly pricePerCubicMetre?: string;
  readonly nowMs: number;
  /** Fewer channels than this behind one group are no common cause. */
  readonly commonCauseMin?: number;
  /** Exceptions of one cause begin within this time of each other. */
  readonly togetherMs?: number;
}

/**
 * Puts together what has one cause (the same outage; else the same rule, place and time; else the same rule and meter) and ranks by
 * money, more so the nearer the bill: money / (1 + days to the bill). A flood behind one concentrator becomes one entry instead of
 * hundreds.
 */
export function clusterExceptions(exceptions: readonly RankableException[], options: QueueOptions): readonly ExceptionCluster[] {
  const least = options.commonCauseMin ?? 3;
  const open = new Map(exceptions.map((exception) => [exception.exceptionId, exception]));
  const clusters: ExceptionCluster[] = [];
  for (const [outage, members] of byOutage(exceptions)) {
    if (new Set(members.map((member) => member.meterId ?? member.channelId)).size < 2) continue;
    for (const member of members) open.delete(member.exceptionId);
    clusters.push({ ...clusterOf(members, `outage/${outage}`, undefined, options), outage });
  }
  for (const [key, members] of candidates(exceptions, options.togetherMs ?? 3_600_000)) {
    const left = members.filter((member) => open.has(member.exceptionId));
    if (new Set(left.map((member) => member.meterId ?? member.channelId)).size < least) continue;
    for (const member of left) open.delete(member.exceptionId);
    clusters.push(clusterOf(left, key.cause, key.group, options));
  }
  for (const [cause, members] of byMeter([...open.values()])) clusters.push(clusterOf(members, cause, undefined, options));
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
  return (
    [...found.values()]
      // Stable: of places that hold the same exceptions the nearest, which was named first, stays first.
      .toSorted((a, b) => b.members.length - a.members.length)
      .map(({ key, members }) => [key, members] as const)
  );
}

function byOutage(exceptions: readonly RankableException[]): ReadonlyMap<string, readonly RankableException[]> {
  const groups = new Map<string, RankableException[]>();
  for (const exception of exceptions) {
    if (exception.outage === undefined) continue;
    const members = groups.get(exception.outage) ?? [];
    members.push(exception);
    groups.set(exception.outage, members);
  }
  return groups;
}

/** What is left, by rule and meter. */
function byMeter(exceptions: readonly RankableException[]): ReadonlyMap<string, readonly RankableException[]> {
  const groups = new Map<string, RankableException[]>();
  for (const exception of exceptions) {
    const cause = `${exception.ruleId}/${exception.meterId ?? exception.channelId}`;
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
  const cubicMetres = members.reduce((sum, member) => sum + Math.abs(member.cubicMetres ?? 0), 0);
  const money = new Money(options.pricePerKwh)
    .times(energyKwh)
    .plus(new Money(options.pricePerCubicMetre ?? 0).times(cubicMetres))
    .toDecimalPlaces(2);
  const daysToBill = Math.max(0, (billAtMs - options.nowMs) / 86_400_000);
  return {
    cause,
    ruleId: commonest(members.map(({ ruleId }) => ruleId)),
    ...(group === undefined ? {} : { group }),
    exceptionIds: members.map((member) => member.exceptionId),
    channels: new Set(members.map((member) => member.channelId)).size,
    fromMs: Math.min(...members.map((member) => member.fromMs)),
    toMs: Math.max(...members.map((member) => member.toMs)),
    energyKwh,
    cubicMetres,
    money: money.toFixed(2),
    billAtMs,
    rank: money.toNumber() / (1 + daysToBill),
  };
}

function commonest(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? "";
}
