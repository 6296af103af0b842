import type { Backfill, Completeness, FeederState, LoadSeries, Overview } from "@amity/api";
import { DAY_MS, formatDay, localDayOf, startOfLocalDayMs } from "@amity/intervals";
import { instantText } from "./cursor.ts";
import { commoditiesOf, type HourCount } from "./commodity-views.ts";
import { DAY_SLOTS, type DayTotals, type GroupTotals } from "./day-book.ts";
import type { UtilityParts } from "./utility-parts.ts";

const SLOT_MS = 900_000;
const LOAD_STEPS_MAX = 2_000;
/** Younger readings may still be on their way (civil ms); a step of them is shown from this share of the meters on. */
const RECENT_MS = 6 * 3_600_000;
const SETTLED_SHARE = 0.9;
/** Readings younger than this are not expected yet (civil ms): an hour of collection and some grace. */
const EXPECTED_AFTER_MS = 2.5 * 3_600_000;

/** The headline of the utility, from the fleet's watch, the ledger's day sums and the queue. */
export async function overviewOf(parts: UtilityParts): Promise<Overview> {
  const { world, watch, headEnd, mdm } = parts;
  const nowMs = world.clock.nowMs();
  const counts = { reporting: 0, silent: 0, disconnected: 0, outage: 0 };
  let [importW, exportW] = [0, 0];
  for (const meter of watch.all()) {
    if (meter.commodity !== "electricity") continue;
    const state = watch.stateOf(meter);
    if (state === "reporting" || state === "late") counts.reporting++;
    else counts[state]++;
    importW += meter.outageSinceMs > 0 ? 0 : meter.importW;
    exportW += meter.outageSinceMs > 0 ? 0 : meter.exportW;
  }
  const { concentrators, concentratorsOnline, commandsOpen } = headEnd.views.counts();
  const [hours, queue] = await Promise.all([completenessByHour(parts, nowMs), mdm.exceptions.counts()]);
  const sum = (pick: (hour: HourCount) => number): number => hours.reduce((total, hour) => total + pick(hour), 0);
  return {
    clock: { now: instantText(nowMs), speed: world.clock.speed, paused: false },
    load: { importW: Math.round(importW), exportW: Math.round(exportW) },
    meters: { total: watch.count("electricity").meters, ...counts },
    concentrators: { total: concentrators, online: concentratorsOnline },
    completeness: {
      expected: sum(({ expected }) => expected),
      received: sum(({ received }) => received),
      estimated: sum(({ estimated }) => estimated),
    },
    completenessHourly: hours.map(({ expected, received }) => (expected === 0 ? null : Math.min(1, received / expected))),
    exceptions: {
      open: queue.open,
      byRule: queue.byRule.slice(0, 50).map(({ ruleId, count }) => ({ rule: ruleId, title: ruleTitle(ruleId), count })),
    },
    commodities: await commoditiesOf(parts, { nowMs, electricity: hours }),
    commandsPending: commandsOpen,
    intervalsStored: parts.intervals.stored,
    feeders: feedersOf(parts),
    backfill: backfillOf(parts),
  };
}

/** A rule's name as people read it. */
export function ruleTitle(ruleId: string): string {
  const words = ruleId.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function feedersOf(parts: UtilityParts): FeederState[] {
  const { places, watch, demo } = parts;
  const byFeeder = new Map<string, { meters: number; reporting: number; loadW: number }>();
  for (const place of places.places()) {
    const sums = byFeeder.get(place.feederId) ?? { meters: 0, reporting: 0, loadW: 0 };
    const meter = watch.meter(place.meterId);
    sums.meters++;
    if (meter !== undefined && ["reporting", "late", "disconnected"].includes(watch.stateOf(meter))) sums.reporting++;
    if (meter !== undefined && meter.outageSinceMs === 0) sums.loadW += meter.importW - meter.exportW;
    byFeeder.set(place.feederId, sums);
  }
  return places.feeders.map(({ feederId, name }) => {
    const outSinceMs = demo?.outSince(feederId);
    const sums = byFeeder.get(feederId) ?? { meters: 0, reporting: 0, loadW: 0 };
    return {
      id: feederId,
      name,
      state: outSinceMs === undefined ? "live" : "out",
      ...(outSinceMs === undefined ? {} : { outSince: instantText(outSinceMs) }),
      ...sums,
      loadW: outSinceMs === undefined ? Math.round(sums.loadW) : 0,
    };
  });
}

export function backfillOf(parts: UtilityParts): Backfill {
  const { headEnd, intervals } = parts;
  const progress = headEnd.views.backfill();
  const days = (ms: number): number => Math.round(ms / DAY_MS);
  const remaining = progress.wantedMs - progress.coveredMs;
  const perSecond = intervals.perSecond;
  // Four channels of quarter-hours.
  const etaSeconds = perSecond > 0 ? ((remaining / SLOT_MS) * 4) / perSecond : undefined;
  const isDone = progress.fraction >= 0.999;
  return {
    state: isDone ? "done" : "running",
    done: days(progress.coveredMs),
    total: days(progress.wantedMs),
    intervals: intervals.stored,
    perSecond: Math.round(perSecond),
    ...(etaSeconds === undefined || isDone ? {} : { etaSeconds: Math.round(etaSeconds) }),
  };
}

/** Load over `[fromMs, toMs)`: quarter-hours, or a whole number of them where that would be too many steps. */
export async function loadOf(parts: UtilityParts, ask: { fromMs: number; toMs: number; feeder?: string | undefined }): Promise<LoadSeries> {
  const fromMs = Math.floor(ask.fromMs / SLOT_MS) * SLOT_MS;
  const slots = Math.max(0, Math.ceil((ask.toMs - fromMs) / SLOT_MS));
  const perStep = Math.max(1, Math.ceil(slots / LOAD_STEPS_MAX));
  const importW: (number | null)[] = [];
  const exportW: (number | null)[] = [];
  const isWanted = (group: string): boolean => ask.feeder === undefined || group.startsWith(`${ask.feeder}|`);
  const recentMs = parts.world.clock.nowMs() - RECENT_MS;
  let day: DayTotals | undefined;
  for (let step = 0; step * perStep < slots; step++) {
    let [imported, exported, received] = [0, 0, 0];
    for (let slot = step * perStep; slot < Math.min(slots, (step + 1) * perStep); slot++) {
      const atMs = fromMs + slot * SLOT_MS;
      const dayStartMs = Math.floor(atMs / DAY_MS) * DAY_MS;
      if (day?.dayStartMs !== dayStartMs) day = await parts.days.day(dayStartMs);
      const index = (atMs - dayStartMs) / SLOT_MS;
      for (const [group, totals] of day.groups) {
        if (!isWanted(group)) continue;
        imported += totals.importWh[index] ?? 0;
        exported += totals.exportWh[index] ?? 0;
        received += totals.received[index] ?? 0;
      }
    }
    // A step that not all have delivered yet would look like a drop in load.
    const expected = metersWithin(parts, ask.feeder) * (Math.min(slots, (step + 1) * perStep) - step * perStep);
    const isRecent = fromMs + (step + 1) * perStep * SLOT_MS > recentMs;
    const isShort = received === 0 || (isRecent && received < SETTLED_SHARE * expected);
    const watts = (energyWh: number): number | null => (isShort ? null : Math.round((energyWh * 4) / perStep));
    importW.push(watts(imported));
    exportW.push(watts(exported));
  }
  return { start: instantText(fromMs), stepSeconds: (SLOT_MS / 1000) * perStep, importW, exportW };
}

function metersWithin(parts: UtilityParts, feeder: string | undefined): number {
  if (feeder === undefined) return parts.watch.count("electricity").meters;
  let meters = 0;
  for (const place of parts.places.places()) if (place.feederId === feeder) meters++;
  return meters;
}

/** The last 24 hours whose readings are due, oldest first. */
async function completenessByHour(parts: UtilityParts, nowMs: number): Promise<HourCount[]> {
  const endMs = Math.floor((nowMs - EXPECTED_AFTER_MS) / 3_600_000) * 3_600_000;
  const hours: HourCount[] = [];
  const { meters } = parts.watch.count("electricity");
  for (let hour = 24; hour >= 1; hour--) {
    const fromMs = endMs - hour * 3_600_000;
    const dayStartMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
    const totals = await parts.days.day(dayStartMs);
    const first = (fromMs - dayStartMs) / SLOT_MS;
    let [received, estimated, quantity] = [0, 0, 0];
    for (const group of totals.groups.values()) {
      for (let slot = first; slot < first + 4; slot++) {
        quantity += group.importWh[slot] ?? 0;
        received += group.received[slot] ?? 0;
        estimated += group.estimated[slot] ?? 0;
      }
    }
    hours.push({ expected: 4 * meters, received, estimated, quantity });
  }
  return hours;
}

/** Import intervals expected and held by civil day and concentrator. */
export async function completenessOf(parts: UtilityParts, days: number): Promise<Completeness> {
  const { zone, world, places } = parts;
  const dueMs = world.clock.nowMs() - EXPECTED_AFTER_MS;
  const today = localDayOf(zone, dueMs);
  const civilDays = Array.from({ length: days }, (_, index) => today - days + 1 + index);
  const rows = new Map<string, { concentrator: string; feeder?: string; meters: number }>();
  for (const place of places.places()) {
    const concentrator = place.concentratorId ?? "direct";
    const row = rows.get(concentrator) ?? {
      concentrator,
      meters: 0,
      ...(place.concentratorId === undefined ? {} : { feeder: place.feederId }),
    };
    row.meters++;
    rows.set(concentrator, row);
  }
  const sorted = [...rows.values()].toSorted((left, right) => order(left.concentrator).localeCompare(order(right.concentrator)));
  const counted = await Promise.all(civilDays.map((day) => countDay(parts, day, dueMs)));
  return {
    days: civilDays.map(formatDay),
    rows: sorted.map((row) => ({
      ...row,
      expected: counted.map(({ slots }) => slots * row.meters),
      received: counted.map(({ received }) => received.get(row.concentrator) ?? 0),
      estimated: counted.map(({ estimated }) => estimated.get(row.concentrator) ?? 0),
    })),
  };
}

function order(concentrator: string): string {
  return concentrator === "direct" ? "~" : concentrator;
}

async function countDay(
  parts: UtilityParts,
  civilDay: number,
  dueMs: number,
): Promise<{ slots: number; received: Map<string, number>; estimated: Map<string, number> }> {
  const fromMs = startOfLocalDayMs(parts.zone, civilDay);
  const toMs = Math.min(startOfLocalDayMs(parts.zone, civilDay + 1), Math.floor(dueMs / SLOT_MS) * SLOT_MS);
  const received = new Map<string, number>();
  const estimated = new Map<string, number>();
  for (let dayStartMs = Math.floor(fromMs / DAY_MS) * DAY_MS; dayStartMs < toMs; dayStartMs += DAY_MS) {
    const { groups } = await parts.days.day(dayStartMs);
    const from = Math.max(0, (fromMs - dayStartMs) / SLOT_MS);
    const to = Math.min(DAY_SLOTS, (toMs - dayStartMs) / SLOT_MS);
    for (const [group, totals] of groups) {
      const concentrator = group.slice(group.indexOf("|") + 1);
      add(received, concentrator, sumSlots(totals.received, from, to));
      add(estimated, concentrator, sumSlots(totals.estimated, from, to));
    }
  }
  return { slots: Math.max(0, (toMs - fromMs) / SLOT_MS), received, estimated };
}

function sumSlots(counts: GroupTotals["received"], from: number, to: number): number {
  let sum = 0;
  for (let slot = from; slot < to; slot++) sum += counts[slot] ?? 0;
  return sum;
}

function add(sums: Map<string, number>, key: string, count: number): void {
  sums.set(key, (sums.get(key) ?? 0) + count);
}
