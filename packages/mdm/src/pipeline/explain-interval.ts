import { DAY_MS, utcDayStartMs } from "@amity/intervals";
import { isMissing, type MeterId, type QualityCode } from "@amity/model";
import { instantParam, type SqlRunner } from "@amity/store";
import type { StoredBlock } from "../ledger/block-table.ts";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Provenance } from "../ledger/provenance.ts";
import type { Channel } from "../registry/registry.ts";
import { exceptionOf, SELECT_EXCEPTIONS, type ExceptionRow, type QueuedException } from "./exception-rows.ts";

/** What one version of the day said of the interval. */
export interface IntervalVersion {
  readonly version: number;
  readonly knownAtMs: number;
  readonly provenance: Provenance;
  /** Counts; `undefined` where the version has no value. */
  readonly value: number | undefined;
  readonly quality: QualityCode;
  /** Whether value or quality differ from the version before; the others changed other intervals of the day. */
  readonly isChange: boolean;
}

/** A finding over the interval, and how far its estimate may be off here. */
export interface IntervalFinding {
  readonly exception: QueuedException;
  /** One standard error of this interval, in counts; absent where nothing was guessed. */
  readonly standardError: number | undefined;
}

/** Why an interval has its value. */
export interface IntervalExplanation {
  readonly fromMs: number;
  readonly intervalSeconds: number;
  /** Oldest first; empty where nothing was ever stored for the day. */
  readonly versions: readonly IntervalVersion[];
  /** Latest first. */
  readonly findings: readonly IntervalFinding[];
}

/** Findings told of one interval. */
const FINDINGS_MAX = 50;

/**
 * Everything that was ever said of one interval: each version of its day with who, why, from where and by which rules, and the
 * findings over it with the numbers compared. With `asOfMs`, what was known then. `undefined` where the grid has no interval there.
 */
export async function explainInterval(
  parts: { readonly store: SqlRunner; readonly ledger: Pick<Ledger, "versions"> },
  ask: { channel: Pick<Channel, "channelId" | "meterId">; atMs: number; asOfMs?: number },
): Promise<IntervalExplanation | undefined> {
  const { atMs, asOfMs = Number.POSITIVE_INFINITY } = ask;
  const { channelId, meterId } = ask.channel;
  // With a phase, the first interval of a day may begin on the day before.
  const dayStartMs = utcDayStartMs(atMs);
  const stored = [
    ...(await parts.ledger.versions({ channelId, dayStartMs })),
    ...(await parts.ledger.versions({ channelId, dayStartMs: dayStartMs - DAY_MS })),
  ].filter((block) => block.knownAtMs <= asOfMs);
  const holder = stored.find((version) => slotOf(version, atMs) !== undefined);
  if (holder === undefined) return undefined;
  const fromMs = slotStartMs(holder, slotOf(holder, atMs) ?? 0);
  const sameDay = stored.filter(({ block }) => block.dayStartMs === holder.block.dayStartMs);
  const provenances = await provenancesOf(
    parts.store,
    sameDay.map(({ provenanceId }) => provenanceId),
  );
  const { intervalSeconds } = holder.block;
  return {
    fromMs,
    intervalSeconds,
    versions: versionsAt(sameDay, fromMs, provenances),
    findings: await findingsOver(parts.store, { meterId, channelId, fromMs, toMs: fromMs + intervalSeconds * 1000, asOfMs }),
  };
}

function slotOf({ block }: StoredBlock, atMs: number): number | undefined {
  const slot = Math.floor((atMs - block.dayStartMs - block.phaseSeconds * 1000) / (block.intervalSeconds * 1000));
  return slot >= 0 && slot < block.values.length ? slot : undefined;
}

function slotStartMs({ block }: StoredBlock, slot: number): number {
  return block.dayStartMs + (block.phaseSeconds + slot * block.intervalSeconds) * 1000;
}

function versionsAt(stored: readonly StoredBlock[], fromMs: number, provenances: ReadonlyMap<number, Provenance>): IntervalVersion[] {
  const versions: IntervalVersion[] = [];
  for (const block of stored) {
    const slot = slotOf(block, fromMs);
    if (slot === undefined) continue;
    const quality = block.block.qualities[slot] ?? 0;
    const value = isMissing(quality) ? undefined : block.block.values[slot];
    const before = versions.at(-1);
    versions.push({
      version: block.version,
      knownAtMs: block.knownAtMs,
      provenance: provenances.get(block.provenanceId) ?? { author: "", reason: "", source: "", ruleSet: "" },
      value,
      quality,
      isChange: before === undefined || before.value !== value || before.quality !== quality,
    });
  }
  return versions;
}

async function provenancesOf(runner: SqlRunner, ids: readonly number[]): Promise<Map<number, Provenance>> {
  const { rows } = await runner.query<{ id: number; author: string; reason: string; source: string; rule_set: string }>(
    "select provenance_id as id, author, reason, source, rule_set from mdm.provenance where provenance_id = any ($1::integer[])",
    [[...new Set(ids)]],
  );
  return new Map(rows.map(({ id, rule_set: ruleSet, ...rest }) => [id, { ...rest, ruleSet }]));
}

async function findingsOver(
  runner: SqlRunner,
  span: { meterId: MeterId; channelId: ChannelId; fromMs: number; toMs: number; asOfMs: number },
): Promise<IntervalFinding[]> {
  const { rows } = await runner.query<ExceptionRow>(
    `${SELECT_EXCEPTIONS} where meter_id = $6 and channel_id = $1 and from_at < $3 and to_at > $2
       and ($4::timestamptz is null or raised_at <= $4)
     order by raised_at desc, exception_id limit $5`,
    [
      span.channelId,
      instantParam(span.fromMs),
      instantParam(span.toMs),
      Number.isFinite(span.asOfMs) ? instantParam(span.asOfMs) : null,
      FINDINGS_MAX,
      span.meterId,
    ],
  );
  return rows.map((row) => {
    const exception = exceptionOf(row);
    return { exception, standardError: standardErrorAt(exception, span.fromMs) };
  });
}

function standardErrorAt({ estimate }: QueuedException, fromMs: number): number | undefined {
  const bar = estimate?.errorBar;
  if (bar === undefined) return undefined;
  const error = bar.standardErrors[(fromMs - bar.fromMs) / (bar.intervalSeconds * 1000)];
  return error === undefined || error === 0 ? undefined : error;
}
