import { UsageError } from "@amity/bytes";
import type { UsagePointId } from "@amity/model";
import { startRehearsal, type Rehearsal } from "../billing/rehearsal.ts";
import { prepareTariff, rate, type Bill, type ReadyTariff } from "../rating/index.ts";
import type { Tariff } from "../tariff/index.ts";
import { UNWATCHED, type RunWatch } from "./run-watch.ts";
import { readUsage, type UsageReaderParts } from "./usage-reader.ts";

/** Usage points of one rehearsal: each stays in its report. */
const POINTS_MAX = 20_000;
/** Usage points whose usage is in memory at once. */
const POINTS_AT_ONCE = 50;

export interface RehearsalAsk {
  readonly current: Tariff;
  readonly candidate: Tariff;
  readonly usagePointIds: readonly UsagePointId[];
  /** Civil days of the current tariff's zone, `toDay` exclusive. */
  readonly fromDay: number;
  readonly toDay: number;
}

/**
 * Bills stored usage under two tariffs, side by side; nothing is stored. `undefined` when cancelled.
 * @throws UsageError `limit` for more than 20,000 usage points, and where a tariff is not sound or keeps another zone.
 */
export async function rehearseStored(
  parts: UsageReaderParts,
  ask: RehearsalAsk,
  watch: RunWatch = UNWATCHED,
): Promise<Rehearsal | undefined> {
  const { usagePointIds } = ask;
  if (usagePointIds.length > POINTS_MAX)
    throw new UsageError(`${usagePointIds.length} usage points exceed ${POINTS_MAX}`, { code: "limit", advice: "rehearse on a sample" });
  const { current, candidate } = readyPair(ask);
  const run = startRehearsal(current, candidate);
  watch.onProgress(0, usagePointIds.length);
  for (let at = 0; at < usagePointIds.length; at += POINTS_AT_ONCE) {
    if (watch.isCancelled()) return undefined;
    const group = usagePointIds.slice(at, at + POINTS_AT_ONCE);
    for (const input of await inputsOf(parts, current, { ...ask, usagePointIds: group })) run.add(input);
    watch.onProgress(at + group.length, usagePointIds.length);
  }
  return run.report();
}

/** The two bills of one usage point, whole. @throws UsageError where one of them cannot be rated. */
export async function rehearseOne(parts: UsageReaderParts, ask: RehearsalAsk): Promise<{ current: Bill; candidate: Bill } | undefined> {
  const { current, candidate } = readyPair(ask);
  const [input] = await inputsOf(parts, current, { ...ask, usagePointIds: ask.usagePointIds.slice(0, 1) });
  return input === undefined ? undefined : { current: rate(current, input), candidate: rate(candidate, input) };
}

function readyPair(ask: RehearsalAsk): { current: ReadyTariff; candidate: ReadyTariff } {
  const [current, candidate] = [prepareTariff(ask.current), prepareTariff(ask.candidate)];
  if (current.zone.name !== candidate.zone.name)
    throw new UsageError(`the tariffs keep different calendars: ${current.zone.name} and ${candidate.zone.name}`, {
      code: "tariff-zones",
      advice: "give the candidate the zone of the tariff that it is compared with",
    });
  return { current, candidate };
}

async function inputsOf(parts: UsageReaderParts, { zone }: ReadyTariff, { usagePointIds, fromDay, toDay }: RehearsalAsk) {
  const usages = await readUsage(
    parts,
    usagePointIds.map((usagePointId) => ({ usagePointId, fromDay, toDay, zone })),
  );
  return usages.map((usage, index) => ({ usagePointId: usagePointIds[index] ?? "", fromDay, toDay, usage }));
}
