import { WIRELESS_OBJECT } from "@amity/concentrator";
import { DAY_MS, type IntervalBlock } from "@amity/intervals";
import { createLedger } from "@amity/mdm";
import type { MeterFleet } from "@amity/meter";
import { isMissing } from "@amity/model";
import type { Store } from "@amity/store";
import { dayKey, SLOTS, slotOf, type AcknowledgedDelivery, type AcknowledgedReadings } from "./acknowledged.ts";
import { eventKey, subMeterTruthOf, truthOf, type MeterTruth } from "./meter-truth.ts";
import { Check, type CheckReport } from "./report.ts";

const SLOT_MS = 900_000;
const LOAD_PROFILE = "1-0:99.1.0";
/** Of the meter on an M-Bus channel. */
const HOURLY_PROFILE = /^0-([1-4]):24\.3\.0$/;

export interface CheckParts {
  readonly database: Store;
  readonly fleet: MeterFleet;
  readonly acknowledged: AcknowledgedReadings;
  readonly nowMs: number;
  /** From here on everything must be there: the head-end wanted this much history. */
  readonly wantedFromMs: number;
  /** What is younger may still be on its way. */
  readonly settledMs: number;
}

/** Everything that the ledger holds, in memory: a simulated utility is small. */
interface LedgerContent {
  /** Values by `dayKey`; NaN where none is stored. */
  readonly days: ReadonlyMap<string, Float64Array>;
  readonly registers: ReadonlyMap<string, bigint>;
  readonly events: ReadonlySet<string>;
}

/** The three invariants, looked at when a run has settled. */
export async function checkInvariants(parts: CheckParts): Promise<CheckReport[]> {
  const content = await readLedger(parts);
  const truths = [
    ...parts.fleet.plan.meters.map(({ meterId }) => truthOf(parts.fleet, meterId, { fromMs: 0, nowMs: parts.nowMs })),
    ...parts.fleet.plan.subMeters.map(({ meterId }) =>
      subMeterTruthOf(parts.fleet, meterId, { fromMs: parts.wantedFromMs, nowMs: parts.nowMs }),
    ),
  ];
  return [checkNothingLost(parts, content, truths), await checkNothingTwice(parts.database), checkTruth(parts, content, truths)];
}

/** (1) Everything that somebody was told is safe is in the ledger. */
function checkNothingLost({ acknowledged, fleet }: CheckParts, content: LedgerContent, truths: readonly MeterTruth[]): CheckReport {
  const check = new Check("no acknowledged reading is lost");
  for (const [key, values] of acknowledged.days) {
    const stored = content.days.get(key);
    for (const [slot, value] of values.entries()) {
      if (Number.isNaN(value)) continue;
      check.expect(stored?.[slot] === value, () => `${slotName(key, slot)}: ${value} was acknowledged, stored is ${shown(stored?.[slot])}`);
    }
  }
  for (const [key, value] of acknowledged.registers) {
    const stored = content.registers.get(key);
    check.expect(stored === value, () => `register ${key}: ${value} was acknowledged, stored is ${stored ?? "nothing"}`);
  }
  for (const key of acknowledged.events) check.expect(content.events.has(key), () => `event ${key} was acknowledged and is not stored`);
  const truthOfMeter = new Map(truths.map((truth) => [truth.meterId, truth]));
  const behind = new Map(
    fleet.plan.subMeters.flatMap(({ meterId, reach }) =>
      reach.kind === "channel" ? [[`${reach.hostMeterId} ${reach.channel}`, meterId]] : [],
    ),
  );
  for (const delivery of acknowledged.deliveries) {
    const channel = HOURLY_PROFILE.exec(delivery.object)?.[1];
    const truth = truthOfMeter.get(channel === undefined ? delivery.meterId : (behind.get(`${delivery.meterId} ${channel}`) ?? ""));
    if (truth === undefined) check.expect(false, () => `${deliveryName(delivery)} is of no meter`);
    else if (delivery.object === LOAD_PROFILE || delivery.object === WIRELESS_OBJECT || channel !== undefined)
      checkDeliveredIntervals(check, { delivery, truth, content });
    else checkDeliveredEvents(check, { delivery, truth, content });
  }
  return check.finish();
}

interface Delivered {
  readonly delivery: AcknowledgedDelivery;
  readonly truth: MeterTruth;
  readonly content: LedgerContent;
}

/** What a concentrator may forget of a load profile is stored, as far as the meter measured at all. */
function checkDeliveredIntervals(check: Check, { delivery, truth, content }: Delivered): void {
  const { span } = delivery;
  const { meterId, intervalMs } = truth;
  for (let atMs = Math.ceil(span.fromMs / intervalMs) * intervalMs; atMs + intervalMs <= span.toMs; atMs += intervalMs) {
    for (const channel of truth.channels) {
      const key = dayKey(meterId, channel, atMs);
      const isMeasured = !Number.isNaN(truth.days.get(key)?.[slotOf(atMs)] ?? Number.NaN);
      const isStored = !Number.isNaN(content.days.get(key)?.[slotOf(atMs)] ?? Number.NaN);
      check.expect(
        !isMeasured || isStored,
        () => `${deliveryName(delivery)} was acknowledged, ${slotName(key, slotOf(atMs))} is not stored`,
      );
    }
  }
}

function checkDeliveredEvents(check: Check, { delivery, truth, content }: Delivered): void {
  const { meterId, object, span } = delivery;
  for (const [key, atMs] of truth.events) {
    if (!key.startsWith(`${object} `) || atMs < span.fromMs || atMs >= span.toMs) continue;
    check.expect(hasEvent(content, meterId, key), () => `${deliveryName(delivery)} was acknowledged, event ${key} is not stored`);
  }
}

function deliveryName({ sequence, concentratorId, meterId, object }: AcknowledgedDelivery): string {
  return `delivery ${sequence} of ${concentratorId} (${meterId} ${object})`;
}

/** (2) One version for each change, one channel for each series, one row for each event. */
async function checkNothingTwice(database: Store): Promise<CheckReport> {
  const check = new Check("nothing is stored twice");
  const blocks = await database.query<{
    meter_id: string;
    channel_no: number;
    day: string;
    version: number;
    same: boolean;
    before: number;
  }>(
    `select meter_id, channel_no, day::text as day, version, coalesce(octets = lag(octets) over w, false) as same,
            coalesce(lag(version) over w, 0)::integer as before
     from mdm.interval_block join mdm.meter using (meter_key)
     window w as (partition by meter_key, channel_no, day order by version) order by 1, 2, 3, 4`,
  );
  for (const { meter_id, channel_no, day, version, same, before } of blocks.rows) {
    const named = `${meter_id} channel ${channel_no} on ${day}, version ${version}`;
    check.expect(!same, () => `${named} says the same as the one before`);
    check.expect(version === before + 1, () => `${named} follows version ${before}`);
  }
  const registers = await database.query<{ meter_id: string; channel_no: number; read_at: number; version: number; same: boolean }>(
    `select meter_id, channel_no, read_at, version, coalesce(value = lag(value) over w and quality = lag(quality) over w, false) as same
     from mdm.register_reading join mdm.meter using (meter_key)
     window w as (partition by meter_key, channel_no, read_at order by version) order by 1, 2, 3, 4`,
  );
  for (const { meter_id, channel_no, read_at, version, same } of registers.rows)
    check.expect(
      !same,
      () => `register ${meter_id} channel ${channel_no} at ${instant(read_at)}, version ${version} repeats the one before`,
    );
  const channels = await database.query<{ meter_id: string; name: string; kind: string; count: bigint }>(
    "select meter_id, name, kind, count(*) as count from mdm.channel join mdm.meter using (meter_key) group by 1, 2, 3 order by 1, 2, 3",
  );
  for (const { meter_id, name, kind, count } of channels.rows)
    check.expect(count === 1n, () => `${meter_id} has ${count} ${kind} channels ${name}`);
  const events = await database.query<{ meter_id: string; log: string; code: number; at_ms: bigint; count: bigint }>(
    "select meter_id, log, code, at_ms, count(*) as count from headend.event group by 1, 2, 3, 4 order by 1, 2, 3, 4",
  );
  for (const { meter_id, log, code, at_ms, count } of events.rows)
    check.expect(count === 1n, () => `event ${meter_id} ${log} ${code} at ${instant(Number(at_ms))} is there ${count} times`);
  return check.finish();
}

/** (3) Every stored value is the meter's own, and none is missing that had time to arrive. */
function checkTruth(parts: CheckParts, content: LedgerContent, truths: readonly MeterTruth[]): CheckReport {
  const check = new Check("the ledger equals the meters' truth");
  const { wantedFromMs, settledMs } = parts;
  for (const truth of truths) {
    for (const channel of truth.channels) checkTrueIntervals(check, { parts, content, truth, channel });
    for (const [key, atMs] of truth.events) {
      if (atMs < wantedFromMs || atMs > settledMs) continue;
      check.expect(hasEvent(content, truth.meterId, key), () => `event ${truth.meterId} ${key} at ${instant(atMs)} is not stored`);
    }
  }
  const truthOfMeter = new Map(truths.map((truth) => [truth.meterId, truth]));
  for (const [key, value] of content.registers) {
    const [meterId = "", channel = "", atMs = ""] = key.split(" ");
    const measured = truthOfMeter.get(meterId)?.registerAt(channel, Number(atMs));
    if (measured === undefined) continue;
    const named = `register ${meterId} ${channel} at ${instant(Number(atMs))}`;
    check.expect(BigInt(measured) === value, () => `${named}: measured ${measured}, stored ${value}`);
  }
  return check.finish();
}

/** One channel of one meter, slot by slot: right where there is something, there where it is due. */
function checkTrueIntervals(check: Check, of: { parts: CheckParts; content: LedgerContent; truth: MeterTruth; channel: string }): void {
  const { wantedFromMs, settledMs, nowMs } = of.parts;
  for (let dayMs = Math.floor(wantedFromMs / DAY_MS) * DAY_MS - HISTORY_BEFORE_MS; dayMs < nowMs; dayMs += DAY_MS) {
    const key = dayKey(of.truth.meterId, of.channel, dayMs);
    const measured = of.truth.days.get(key);
    const stored = of.content.days.get(key);
    for (let slot = 0; slot < SLOTS; slot++) {
      const value = measured?.[slot] ?? Number.NaN;
      const kept = stored?.[slot] ?? Number.NaN;
      const isDue = of.truth.isWholeDue && dayMs >= wantedFromMs && dayMs + slot * SLOT_MS + of.truth.intervalMs <= settledMs;
      if (Number.isNaN(kept) && (Number.isNaN(value) || !isDue)) continue;
      check.expect(kept === value, () => `${slotName(key, slot)}: measured ${shown(value)}, stored ${shown(kept)}`);
    }
  }
}

/** What was stored from before the wanted history must be right too. */
const HISTORY_BEFORE_MS = 7 * DAY_MS;

async function readLedger({ database, nowMs }: CheckParts): Promise<LedgerContent> {
  const ledger = createLedger(database, { nowMs: () => nowMs });
  const { rows } = await database.query<{ meter_id: string; name: string; channel_id: bigint }>(
    `select meter_id, name, meter_key * 256::bigint + channel_no as channel_id from mdm.channel join mdm.meter using (meter_key)
     where kind = 'interval' order by 1, 2`,
  );
  const names = new Map(rows.map(({ meter_id, name, channel_id }) => [Number(channel_id), { meterId: meter_id, name }]));
  const days = new Map<string, Float64Array>();
  const selection = { channelIds: [...names.keys()], fromDayMs: 0, toDayMs: (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS };
  if (names.size > 0) {
    await ledger.read(selection, ({ channelId, block }) => {
      const channel = names.get(channelId);
      if (channel === undefined) return;
      days.set(dayKey(channel.meterId, channel.name, block.dayStartMs), slotsOf(block));
    });
  }
  const registers = await database.query<{ meter_id: string; name: string; read_at: number; value: string }>(
    `select distinct on (r.meter_key, r.channel_no, read_at) meter_id, c.name, read_at, value
     from mdm.register_reading r join mdm.meter m on m.meter_key = r.meter_key
     join mdm.channel c on c.meter_key = r.meter_key and c.channel_no = r.channel_no
     order by r.meter_key, r.channel_no, read_at, version desc`,
  );
  const events = await database.query<{ meter_id: string; occurred_at: number; log: string; code: number }>(
    "select meter_id, occurred_at, log, code from mdm.end_device_event join mdm.meter using (meter_key)",
  );
  return {
    days,
    registers: new Map(registers.rows.map(({ meter_id, name, read_at, value }) => [`${meter_id} ${name} ${read_at}`, BigInt(value)])),
    events: new Set(
      events.rows.flatMap(({ meter_id, occurred_at, log, code }) => [
        `${meter_id} ${occurred_at} ${log} ${code}`,
        `${meter_id} ${eventKey(log, code, occurred_at)}`,
      ]),
    ),
  };
}

/** The values of a block by quarter-hours, those of longer intervals in their first; NaN where there is none. */
function slotsOf(block: IntervalBlock): Float64Array {
  const values = new Float64Array(SLOTS).fill(Number.NaN);
  const step = SLOTS / block.values.length;
  for (const [index, value] of block.values.entries()) if (!isMissing(block.qualities[index] ?? 0)) values[index * step] = value;
  return values;
}

function hasEvent(content: LedgerContent, meterId: string, key: string): boolean {
  return content.events.has(`${meterId} ${key}`);
}

function slotName(key: string, slot: number): string {
  const [meterId = "", channel = "", dayMs = ""] = key.split(" ");
  return `${meterId} ${channel} ${instant(Number(dayMs) + slot * SLOT_MS)}`;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function shown(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "nothing" : String(value);
}
