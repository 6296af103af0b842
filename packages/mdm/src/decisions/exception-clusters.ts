import { toHex } from "@amity/bytes";
import { digest } from "@amity/crypto";
import { DAY_MS } from "@amity/intervals";
import type { MeterId } from "@amity/model";
import type { Clock } from "@amity/runtime";
import { instantParam, type SqlRunner, type Store } from "@amity/store";
import { channelsById } from "../pipeline/channels.ts";
import { spansOfEvents } from "../pipeline/event-spans.ts";
import type { ExceptionQueue } from "../pipeline/exception-queue.ts";
import type { ExceptionState, QueuedException } from "../pipeline/exception-rows.ts";
import { eventsOf } from "../pipeline/review-inputs.ts";
import { placesOf, type MeterPlace } from "../registry/places.ts";
import type { Channel } from "../registry/registry.ts";
import { clusterExceptions, type ExceptionCluster } from "../vee/work-queue.ts";
import type { DecisionPolicy } from "./policy.ts";

/** A cluster with its members. */
export interface ClusterOfExceptions extends ExceptionCluster {
  /** Stable as long as the cause is: it can be named in requests. */
  readonly clusterId: string;
  readonly members: readonly ClusterMember[];
}

/** An exception with what ranks it. */
export interface ClusterMember {
  readonly exception: QueuedException;
  readonly commodity: MeterPlace["commodity"];
  readonly kWh: number;
  readonly cubicMetres: number;
  readonly nextBillAtMs: number;
  /** True where a held bill covers its time. */
  readonly holdsBill: boolean;
}

export interface ClusterParts {
  readonly store: Store;
  readonly exceptions: ExceptionQueue;
  readonly clock: Pick<Clock, "nowMs">;
  readonly policy: Pick<DecisionPolicy, "prices">;
  /** Where a meter hangs, from near to far, each place by its name; empty where nobody knows. */
  readonly placesOfMeter: (meterId: MeterId) => readonly string[];
}

/** Exceptions that are put together at once. */
const EXCEPTIONS_MAX = 20_000;
/** Assumed where a usage point has no bill yet. */
const CYCLE_DAYS = 30;
/** Begins of outages within this time are one outage, where the meters hang on one place. */
const OUTAGE_TOGETHER_MS = 1_800_000;

/**
 * The exceptions of one state (all of them where absent) by cause, highest rank first: money at stake, more so the nearer the bill.
 * At most the newest 20,000 exceptions are looked at.
 */
export async function clustersOf(parts: ClusterParts, state: ExceptionState | undefined): Promise<ClusterOfExceptions[]> {
  const exceptions = await parts.exceptions.list({ limit: EXCEPTIONS_MAX, ...(state === undefined ? {} : { state }) });
  if (exceptions.length === 0) return [];
  const nowMs = parts.clock.nowMs();
  const meterIds = [...new Set(exceptions.map(({ meterId }) => meterId))];
  const [channels, places, outages] = await Promise.all([
    channelsById(parts.store, [...new Set(exceptions.map(({ channelId }) => channelId))]),
    placesOf(parts.store, meterIds, nowMs),
    outagesOf(parts, exceptions, nowMs),
  ]);
  const bills = await billTimes(parts.store, [...new Set([...places.values()].map(({ usagePointId }) => usagePointId))]);
  const members = new Map(
    exceptions.map((exception) => [
      exception.exceptionId,
      memberOf(exception, {
        channel: channels.get(exception.channelId),
        place: places.get(exception.meterId),
        bills: bills.get(places.get(exception.meterId)?.usagePointId ?? exception.meterId) ?? [],
        nowMs,
      }),
    ]),
  );
  const rankable = [...members.values()].map(({ exception, kWh, cubicMetres, nextBillAtMs }) => {
    const outage = outages.get(exception.exceptionId);
    const { exceptionId, ruleId, severity, meterId, fromMs, toMs } = exception;
    return {
      exceptionId,
      ruleId,
      severity,
      channelId: String(exception.channelId),
      meterId,
      fromMs,
      toMs,
      groups: parts.placesOfMeter(meterId),
      energyKwh: kWh,
      cubicMetres,
      billAtMs: nextBillAtMs,
      ...(outage === undefined ? {} : { outage }),
    };
  });
  const { perKwh, perCubicMetre } = parts.policy.prices;
  return clusterExceptions(rankable, { pricePerKwh: perKwh, pricePerCubicMetre: perCubicMetre, nowMs }).map((cluster) => ({
    ...cluster,
    clusterId: toHex(digest("sha256", new TextEncoder().encode(cluster.cause))).slice(0, 20),
    members: cluster.exceptionIds.flatMap((id) => members.get(id) ?? []),
  }));
}

interface BillTime {
  readonly fromMs: number;
  readonly toMs: number;
  readonly isHeld: boolean;
}

function memberOf(
  exception: QueuedException,
  about: { channel: Channel | undefined; place: MeterPlace | undefined; bills: readonly BillTime[]; nowMs: number },
): ClusterMember {
  const { channel, place, bills, nowMs } = about;
  const amount = (exception.inQuestion ?? 0) * 10 ** (channel?.scaler ?? 0) * (place?.multiplier ?? 1);
  const holdsBill = bills.some(({ isHeld, fromMs, toMs }) => isHeld && fromMs < exception.toMs && toMs > exception.fromMs);
  const last = bills[0];
  const cycleMs = last === undefined ? CYCLE_DAYS * DAY_MS : last.toMs - last.fromMs;
  const nextMs = last === undefined ? nowMs + cycleMs : last.toMs + cycleMs;
  return {
    exception,
    commodity: place?.commodity ?? "electricity",
    kWh: channel?.unit === "Wh" ? amount / 1000 : 0,
    cubicMetres: channel?.unit === "m3" ? amount : 0,
    nextBillAtMs: holdsBill ? nowMs : Math.max(nowMs, nextMs),
    holdsBill,
  };
}

/** The bills of usage points that are not cancelled, latest first. Days are taken as UTC: near enough to rank by. */
async function billTimes(runner: SqlRunner, usagePointIds: readonly string[]): Promise<ReadonlyMap<string, readonly BillTime[]>> {
  const { rows } = await runner.query<{ usage_point_id: string; from_day: number; to_day: number; is_held: boolean }>(
    `select usage_point_id, from_day - date '1970-01-01' as from_day, to_day - date '1970-01-01' as to_day, state = 'held' as is_held
     from mdm.bill where usage_point_id = any ($1::text[]) and state <> 'cancelled' order by to_day desc`,
    [usagePointIds],
  );
  const found = new Map<string, BillTime[]>();
  for (const row of rows) {
    const list = found.get(row.usage_point_id) ?? [];
    list.push({ fromMs: row.from_day * DAY_MS, toMs: row.to_day * DAY_MS, isHeld: row.is_held });
    found.set(row.usage_point_id, list);
  }
  return found;
}

/** The outage that each exception's time touches, by exception; outages that begin together behind one place have one name. */
async function outagesOf(parts: ClusterParts, exceptions: readonly QueuedException[], nowMs: number): Promise<ReadonlyMap<string, string>> {
  const fromMs = Math.min(...exceptions.map((exception) => exception.fromMs)) - 2 * DAY_MS;
  const toMs = Math.max(...exceptions.map((exception) => exception.toMs));
  const neighbours = await metersOfSamePlace(parts.store, [...new Set(exceptions.map(({ meterId }) => meterId))]);
  const asked = [...new Set([...neighbours].flatMap(([meterId, others]) => [meterId, ...others]))];
  const meterIds = await metersWithOutages(parts.store, asked, { fromMs, toMs });
  const events = await eventsOf(parts.store, meterIds, fromMs, toMs);
  const spans = new Map(
    [...events].map(([meterId, list]) => [meterId, spansOfEvents(list, nowMs).filter(({ kind }) => kind === "outage")] as const),
  );
  const named = new Map<string, string>();
  for (const { exceptionId, meterId, fromMs: beginMs, toMs: endMs } of exceptions) {
    // A gas or water meter has no supply to lose, but what carries its readings has.
    const known = [meterId, ...(neighbours.get(meterId) ?? [])].flatMap((one) => spans.get(one) ?? []);
    const span = known.find((outage) => outage.fromMs < endMs && outage.toMs > beginMs);
    if (span === undefined) continue;
    const place = parts.placesOfMeter(meterId).at(-1) ?? meterId;
    const begin = Math.floor(span.fromMs / OUTAGE_TOGETHER_MS) * OUTAGE_TOGETHER_MS;
    named.set(exceptionId, `${place} ${new Date(begin).toISOString()}`);
  }
  return named;
}

/** The other meters on each meter's premises. */
async function metersOfSamePlace(runner: SqlRunner, meterIds: readonly MeterId[]): Promise<ReadonlyMap<MeterId, readonly MeterId[]>> {
  const { rows } = await runner.query<{ meter_id: string; other_id: string }>(
    `select distinct m.meter_id, om.meter_id as other_id
     from mdm.meter m
     join mdm.meter_installation i on i.meter_key = m.meter_key
     join mdm.usage_point p on p.usage_point_id = i.usage_point_id
     join mdm.usage_point op on op.premises_id = p.premises_id and op.usage_point_id <> p.usage_point_id
     join mdm.meter_installation oi on oi.usage_point_id = op.usage_point_id
     join mdm.meter om on om.meter_key = oi.meter_key
     where m.meter_id = any ($1::text[])`,
    [meterIds],
  );
  const found = new Map<MeterId, MeterId[]>(meterIds.map((meterId) => [meterId, []]));
  for (const { meter_id, other_id } of rows) found.get(meter_id)?.push(other_id);
  return found;
}

async function metersWithOutages(
  runner: SqlRunner,
  meterIds: readonly MeterId[],
  time: { fromMs: number; toMs: number },
): Promise<MeterId[]> {
  const { rows } = await runner.query<{ meter_id: string }>(
    `select m.meter_id from mdm.meter m where m.meter_id = any ($1::text[]) and exists (
       select 1 from mdm.end_device_event e where e.meter_key = m.meter_key and e.occurred_at >= $2 and e.occurred_at < $3
         and e.kind in ('powerDown', 'lastGasp'))`,
    [meterIds, instantParam(time.fromMs), instantParam(time.toMs)],
  );
  return rows.map((row) => row.meter_id);
}

/** Which of these exceptions a held bill covers. Days are taken as UTC. */
export async function heldBillsOver(runner: SqlRunner, exceptions: readonly QueuedException[]): Promise<Set<string>> {
  if (exceptions.length === 0) return new Set();
  const { rows } = await runner.query<{ exception_id: string }>(
    `select distinct n.exception_id
     from unnest($1::text[], $2::text[], $3::date[], $4::date[]) as n (exception_id, meter_id, from_day, to_day)
     join mdm.meter m on m.meter_id = n.meter_id left join mdm.meter_installation i on i.meter_key = m.meter_key
     join mdm.bill b on b.usage_point_id = coalesce(i.usage_point_id, m.meter_id)
       and b.state = 'held' and b.from_day <= n.to_day and b.to_day > n.from_day`,
    [
      exceptions.map(({ exceptionId }) => exceptionId),
      exceptions.map(({ meterId }) => meterId),
      exceptions.map(({ fromMs }) => new Date(fromMs).toISOString().slice(0, 10)),
      exceptions.map(({ toMs }) => new Date(toMs).toISOString().slice(0, 10)),
    ],
  );
  return new Set(rows.map((row) => row.exception_id));
}
