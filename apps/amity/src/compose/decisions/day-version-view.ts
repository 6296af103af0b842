import type { DayVersions } from "@amity/api";
import { INTERVAL_QUALITIES } from "@amity/api";
import { DAY_MS, parseDay, spanOf, startOfLocalDayMs, type IntervalBlock, type IntervalSpan } from "@amity/intervals";
import { dayVersions, type Channel, type DayVersion } from "@amity/mdm";
import { isMissing } from "@amity/model";
import { instantText } from "../api/cursor.ts";
import { intervalChannel, pageQuality } from "../api/interval-views.ts";
import type { UtilityParts } from "../api/utility-parts.ts";

const VERSIONS_MAX = 200;

interface Step extends DayVersion {
  readonly dayStartMs: number;
}

/**
 * Every version that touched a civil day of a channel, newest first. A civil day lies in up to three UTC days, each with versions
 * of its own; each step shows the whole civil day as it stood from then on.
 */
export async function dayVersionsOf(
  parts: UtilityParts,
  meterId: string,
  ask: { channel: string; day: string },
): Promise<DayVersions | undefined> {
  const channel = await intervalChannel(parts, meterId, ask.channel);
  const day = parseDay(ask.day);
  if (channel === undefined || day === undefined) return undefined;
  const fromMs = startOfLocalDayMs(parts.zone, day);
  const toMs = startOfLocalDayMs(parts.zone, day + 1);
  const steps = await stepsOf(parts, channel, { fromMs, toMs });
  const { intervalSeconds } = channel;
  const standing = new Map<number, IntervalBlock>();
  let before = spanOf([], { fromMs, toMs, intervalSeconds });
  const versions: DayVersions["versions"] = [];
  for (const step of steps) {
    standing.set(step.dayStartMs, step.block);
    const span = spanOf([...standing.values()], { fromMs, toMs, intervalSeconds });
    const changed = changesBetween(before, span);
    before = span;
    // A version of the UTC day that changed only hours of the neighbouring civil day.
    if (changed > 0) versions.push(versionShape(step, span, changed));
  }
  return {
    meterId,
    channel: channel.name,
    day: ask.day,
    unit: channel.unit,
    scaler: channel.scaler,
    start: instantText(before.startMs),
    stepSeconds: intervalSeconds,
    versions: versions.reverse().slice(0, VERSIONS_MAX),
  };
}

async function stepsOf(
  parts: UtilityParts,
  { channelId, intervalSeconds }: Channel,
  time: { fromMs: number; toMs: number },
): Promise<Step[]> {
  const steps: Step[] = [];
  for (let dayStartMs = Math.floor(time.fromMs / DAY_MS) * DAY_MS; dayStartMs < time.toMs; dayStartMs += DAY_MS) {
    const versions = await dayVersions(parts.mdm.store, { channelId, dayStartMs });
    for (const version of versions) if (version.block.intervalSeconds === intervalSeconds) steps.push({ ...version, dayStartMs });
  }
  return steps.toSorted(
    (left, right) => left.knownAtMs - right.knownAtMs || left.dayStartMs - right.dayStartMs || left.version - right.version,
  );
}

function changesBetween(before: IntervalSpan, after: IntervalSpan): number {
  let changed = 0;
  for (let index = 0; index < after.values.length; index++)
    if (after.values[index] !== before.values[index] || after.qualities[index] !== before.qualities[index]) changed++;
  return changed;
}

function versionShape(step: Step, span: IntervalSpan, changed: number): DayVersions["versions"][number] {
  const { decisionId, approvedBy, undoes } = step;
  return {
    block: instantText(step.dayStartMs).slice(0, 10),
    version: step.version,
    at: instantText(step.knownAtMs),
    by: step.author,
    reason: step.reason,
    source: step.source,
    ruleSet: step.ruleSet,
    ...(decisionId === undefined ? {} : { decision: decisionId }),
    ...(approvedBy === undefined ? {} : { approvedBy }),
    ...(undoes === undefined ? {} : { undoes }),
    changed,
    v: Array.from(span.values, (value, index) => (isMissing(span.qualities[index] ?? 0) ? null : value)),
    q: Array.from(span.qualities, (quality) => INTERVAL_QUALITIES.indexOf(pageQuality(quality))),
  };
}
