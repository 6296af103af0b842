import { UsageError } from "@amity/bytes";
import { DAY_MS, spanOf, utcDayStartMs, type IntervalBlock } from "@amity/intervals";
import type { InterchangeRecord } from "@amity/interchange";
import { isMissing, type UsagePointId } from "@amity/model";
import type { SqlRunner } from "@amity/store";
import type { Ledger } from "../ledger/ledger.ts";
import { readRegisters } from "../ledger/register-table.ts";
import type { Channel, MeterInstallation, Registry } from "../registry/registry.ts";
import { withMultiplier, type ExactMultiplier } from "./multiplier.ts";

export interface LedgerRecordsParts {
  readonly store: SqlRunner;
  readonly ledger: Pick<Ledger, "blocks">;
  readonly registry: Pick<Registry, "channelsOf" | "installationsOf" | "knownMeters">;
}

export interface LedgerRecordsAsk {
  readonly usagePointIds: readonly UsagePointId[];
  /** `[fromMs, toMs)`: intervals that begin, and readings that were taken, in this time. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What was known at that instant; now where absent. */
  readonly asOfMs?: number;
  /** Which channels by name; all where absent. */
  readonly channels?: ReadonlySet<string>;
  /** Told after each usage point. */
  readonly onPoint?: (usagePointId: UsagePointId) => void;
}

/** A meter at the usage point, and for how long. */
interface Stay {
  readonly meterId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly multiplier: ExactMultiplier;
}

/** Days of one channel that are in memory at once: bounds it whatever the span. */
const DAYS_AT_ONCE = 31;

/**
 * What the ledger holds of usage points, as records that the writers of `@amity/interchange` take: usage point by usage point,
 * meter by meter as they followed each other there, channel by channel in time order. Values are primary ones: the multiplier
 * of the installation is in them. Time without any value is left out; a gap between values is a missing value. The records of
 * a month of one channel are in memory at once.
 * @throws UsageError `unknown-usage-point` where there is neither a usage point nor a meter of that name.
 */
export async function* ledgerRecords(parts: LedgerRecordsParts, ask: LedgerRecordsAsk): AsyncGenerator<InterchangeRecord> {
  for (const usagePointId of ask.usagePointIds) {
    for (const stay of await staysAt(parts, usagePointId, ask)) yield* stayRecords(parts, { ...ask, usagePointId, stay });
    ask.onPoint?.(usagePointId);
  }
}

async function staysAt({ registry }: LedgerRecordsParts, usagePointId: string, ask: LedgerRecordsAsk): Promise<Stay[]> {
  const { fromMs, toMs } = ask;
  const installations = await registry.installationsOf(usagePointId);
  if (installations.length > 0) return installations.flatMap((installation) => stayOf(installation, { fromMs, toMs }));
  // What came from files stands under the usage point's name where nobody said which meter is there.
  const known = await registry.knownMeters([usagePointId]);
  if (known.has(usagePointId)) return [{ meterId: usagePointId, fromMs, toMs, multiplier: ONE }];
  throw new UsageError(`there is no usage point ${usagePointId}`, { code: "unknown-usage-point" });
}

const ONE: ExactMultiplier = "1";

function stayOf({ meterId, installedAtMs, removedAtMs, multiplier }: MeterInstallation, span: { fromMs: number; toMs: number }): Stay[] {
  const fromMs = Math.max(span.fromMs, installedAtMs);
  const toMs = Math.min(span.toMs, removedAtMs ?? span.toMs);
  return fromMs < toMs ? [{ meterId, fromMs, toMs, multiplier }] : [];
}

type StayAsk = LedgerRecordsAsk & { readonly usagePointId: string; readonly stay: Stay };

async function* stayRecords(parts: LedgerRecordsParts, ask: StayAsk): AsyncGenerator<InterchangeRecord> {
  for (const channel of await parts.registry.channelsOf([ask.stay.meterId])) {
    if (ask.channels?.has(channel.name) === false) continue;
    yield* channel.kind === "interval" ? intervalRecords(parts, channel, ask) : registerRecords(parts, channel, ask);
  }
}

async function* intervalRecords(parts: LedgerRecordsParts, channel: Channel, ask: StayAsk): AsyncGenerator<InterchangeRecord> {
  const { fromMs, toMs } = ask.stay;
  for (let dayMs = utcDayStartMs(fromMs); dayMs < toMs; dayMs += DAYS_AT_ONCE * DAY_MS) {
    const stored = await parts.ledger.blocks({
      channelIds: [channel.channelId],
      fromDayMs: dayMs,
      toDayMs: Math.min(dayMs + DAYS_AT_ONCE * DAY_MS, utcDayStartMs(toMs - 1) + DAY_MS),
      ...(ask.asOfMs === undefined ? {} : { asOfMs: ask.asOfMs }),
    });
    const blocks = stored.map(({ block }) => block).toSorted((a, b) => a.dayStartMs - b.dayStartMs);
    for (const run of runsOfOneGrid(blocks)) yield* spanRecords(run, channel, ask);
  }
}

/** Blocks one after another that share a grid: that of days and of odd lengths moves with the clocks. */
function runsOfOneGrid(blocks: readonly IntervalBlock[]): IntervalBlock[][] {
  const runs: IntervalBlock[][] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    const before = last?.at(-1);
    if (before?.intervalSeconds === block.intervalSeconds && before.phaseSeconds === block.phaseSeconds) last?.push(block);
    else runs.push([block]);
  }
  return runs;
}

function* spanRecords(run: readonly IntervalBlock[], channel: Channel, ask: StayAsk): Generator<InterchangeRecord> {
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return;
  const { stay, usagePointId } = ask;
  const { intervalSeconds } = first;
  const fromMs = Math.max(stay.fromMs, first.dayStartMs);
  const toMs = Math.min(stay.toMs, last.dayStartMs + DAY_MS);
  const { startMs, values, qualities } = spanOf(run, { fromMs, toMs, intervalSeconds });
  const { meterId, name, unit, scaler } = channel;
  for (const [begin, end] of heldRuns(qualities, DAY_MS / (intervalSeconds * 1000))) {
    const primary = withMultiplier(values.subarray(begin, end), scaler, stay.multiplier);
    yield {
      kind: "intervals",
      usagePointId,
      series: {
        meterId,
        channel: name,
        unit,
        scaler: primary.scaler,
        values: primary.values,
        intervalSeconds,
        startMs: startMs + begin * intervalSeconds * 1000,
        qualities: qualities.slice(begin, end),
      },
    };
  }
}

/**
 * `[begin, end)` of the runs that hold values, without missing ones at their ends. Holes of up to `holeMax` are inside a run: a
 * load takes a longer one for time that nobody spoke of, and so it comes out.
 */
function heldRuns(qualities: Uint16Array, holeMax: number): [number, number][] {
  const runs: [number, number][] = [];
  for (const [index, quality] of qualities.entries()) {
    if (isMissing(quality)) continue;
    const last = runs.at(-1);
    if (last !== undefined && index - last[1] <= holeMax) last[1] = index + 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}

async function* registerRecords(parts: LedgerRecordsParts, channel: Channel, ask: StayAsk): AsyncGenerator<InterchangeRecord> {
  const { fromMs, toMs, multiplier } = ask.stay;
  const { meterId, channelId, name, unit, scaler } = channel;
  const asOf = ask.asOfMs === undefined ? {} : { asOfMs: ask.asOfMs };
  for (let atMs = fromMs; atMs < toMs; atMs += DAYS_AT_ONCE * DAY_MS) {
    const found = await readRegisters(parts.store, {
      channelId,
      fromMs: atMs,
      toMs: Math.min(atMs + DAYS_AT_ONCE * DAY_MS, toMs),
      ...asOf,
    });
    for (const reading of found) {
      const primary = withMultiplier(reading.value, scaler, multiplier);
      const { quality } = reading;
      yield {
        kind: "register",
        usagePointId: ask.usagePointId,
        reading: { meterId, channel: name, unit, scaler: primary.scaler, atMs: reading.atMs, value: primary.values, quality },
      };
    }
  }
}
