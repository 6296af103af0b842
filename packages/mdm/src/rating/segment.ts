import { UsageError } from "@amity/bytes";
import { formatDay, parseDay, startOfLocalDayMs, zoneOf, type Zone } from "@amity/intervals";
import type { Flow, Tariff, TariffVersion } from "../tariff/tariff.ts";
import { compileCalendar, FLAT_CALENDAR, touSlots, type CompiledCalendar } from "../tariff/tou.ts";
import { clip, partsOf, type EnergyFactor, type UsagePart } from "../usage/usage.ts";
import type { RatingInput } from "./bill.ts";
import { Money, settled, ZERO } from "./money.ts";

/** A tariff version made ready for rating many bills. */
export interface ReadyVersion {
  readonly version: TariffVersion;
  readonly fromDay: number;
  /** Exclusive; Infinity for the last. */
  readonly toDay: number;
  readonly calendar: CompiledCalendar;
  /** Times-of-use slots of whole runs, kept because the bills of a cycle share them. */
  readonly slotCache: Map<string, Uint8Array>;
}

export interface ReadyTariff {
  readonly tariff: Tariff;
  readonly zone: Zone;
  readonly versions: readonly ReadyVersion[];
}

/** Runs of slots kept per version: about a cycle's worth of different starts. */
const SLOT_CACHE_MAX = 64;

/** Checks a tariff and prepares it. @throws UsageError naming version and fault. */
export function prepareTariff(tariff: Tariff): ReadyTariff {
  const zone = zoneOf(tariff.zone);
  const starts = tariff.versions.map((version) => dayOf(version.effectiveFrom, tariff.id, version.version));
  const versions = tariff.versions.map((version, index) => {
    const fromDay = starts[index] ?? 0;
    const next = starts[index + 1] ?? Infinity;
    const toDay = version.effectiveTo === undefined ? next : dayOf(version.effectiveTo, tariff.id, version.version);
    if (next <= fromDay || toDay > next || toDay <= fromDay)
      throw new UsageError(`tariff ${tariff.id} v${version.version}: validity overlaps the next version or is empty`, {
        code: "tariff-invalid",
      });
    const calendar = version.calendar === undefined ? FLAT_CALENDAR : compileCalendar(version.calendar);
    return { version, fromDay, toDay, calendar, slotCache: new Map<string, Uint8Array>() };
  });
  return { tariff, zone, versions };
}

/** The part of a bill that one tariff version rules. */
export interface Segment {
  readonly ready: ReadyVersion;
  readonly zone: Zone;
  readonly fromMs: number;
  readonly toMs: number;
  readonly days: number;
  /** Months that this part stands for in monthly prices and limits. */
  readonly months: Money;
  readonly flows: Map<Flow, readonly FlowPart[]>;
}

/** A part of a flow within a segment. */
export interface FlowPart {
  readonly part: UsagePart;
  readonly from: number;
  readonly to: number;
  readonly slots: Uint8Array;
  /** Counts by time of use. */
  readonly sums: Float64Array;
  /** kWh (kvarh; m3 of the volume) of one count. */
  readonly kwhPerCount: Money;
  /** How the energy of a gas volume came about. */
  readonly factor?: EnergyFactor;
}

/** Cuts a bill at the changes of tariff version. @throws UsageError where no version rules a day. */
export function segmentsOf(tariff: ReadyTariff, input: RatingInput): readonly Segment[] {
  const days = input.toDay - input.fromDay;
  if (!(days > 0)) throw new UsageError("a bill needs at least one day", { code: "bill-period-empty" });
  const segments: Segment[] = [];
  let day = input.fromDay;
  while (day < input.toDay) {
    const ready = tariff.versions.find((candidate) => candidate.fromDay <= day && candidate.toDay > day);
    if (ready === undefined)
      throw new UsageError(`tariff ${tariff.tariff.id} has no version for ${formatDay(day)}`, { code: "tariff-gap" });
    const toDay = Math.min(input.toDay, ready.toDay);
    const basis = ready.version.monthBasis ?? "cycle";
    const months = basis === "cycle" ? new Money(input.months ?? "1").times(toDay - day).div(days) : new Money(toDay - day).div(basis);
    segments.push({
      ready,
      zone: tariff.zone,
      fromMs: startOfLocalDayMs(tariff.zone, day),
      toMs: startOfLocalDayMs(tariff.zone, toDay),
      days: toDay - day,
      months,
      flows: new Map(),
    });
    day = toDay;
  }
  return segments;
}

/** The parts of a flow in a segment with their sums by time of use; measured once. */
export function flowOf(segment: Segment, input: RatingInput, flow: Flow): readonly FlowPart[] {
  const known = segment.flows.get(flow);
  if (known !== undefined) return known;
  const parts = partsOf(input.usage, flow).flatMap((part) => measure(segment, part, flow));
  segment.flows.set(flow, parts);
  return parts;
}

/** kWh (kvarh; m3 of the volume) of some times of use, exact. */
export function energyKwh(parts: readonly FlowPart[], periods: ReadonlySet<number> | undefined): Money {
  let total = ZERO;
  for (const { sums, kwhPerCount } of parts) {
    let counts = 0;
    for (let period = 0; period < sums.length; period += 1) if (periods === undefined || periods.has(period)) counts += sums[period] ?? 0;
    total = total.plus(kwhPerCount.times(counts));
  }
  return settled(total);
}

/** Period indices of names. @throws UsageError for a name that the calendar has not. */
export function periodIndices(segment: Segment, names: readonly string[] | undefined, chargeId: string): ReadonlySet<number> | undefined {
  if (names === undefined) return undefined;
  return new Set(
    names.map((name) => {
      const index = segment.ready.calendar.periods.indexOf(name);
      if (index < 0) throw new UsageError(`charge ${chargeId}: the calendar has no period ${name}`, { code: "tariff-invalid" });
      return index;
    }),
  );
}

/** A part as it counts in a segment: in one piece, or, where gas becomes energy, in one for each of its factors. */
function measure(segment: Segment, part: UsagePart, flow: Flow): readonly FlowPart[] {
  const { from, to } = clip(part, segment.fromMs, segment.toMs);
  const perCount = new Money(10).pow(part.scaler).times(part.multiplier);
  if (flow === "volume" || part.unit === "m3") {
    if (flow === "volume") return [piece(segment, part, { from, to }, perCount)];
    return inEnergy(segment, part, { from, to }, perCount);
  }
  return [piece(segment, part, { from, to }, perCount.div(part.unit === "J" ? JOULES_PER_KWH : 1000))];
}

const JOULES_PER_KWH = 3_600_000;

/** @throws UsageError `conversion-missing` where volume was metered in a time without factor. */
function inEnergy(segment: Segment, part: UsagePart, range: { from: number; to: number }, m3PerCount: Money): readonly FlowPart[] {
  const pieces: FlowPart[] = [];
  let next = range.from;
  for (const factor of part.energyFactors ?? []) {
    const { from, to } = clip(part, Math.max(factor.fromMs, segment.fromMs), Math.min(factor.toMs, segment.toMs));
    if (to <= from) continue;
    requireEmpty(part, next, from);
    next = to;
    pieces.push({ ...piece(segment, part, { from, to }, m3PerCount.times(factor.volumeFactor).times(factor.kwhPerM3)), factor });
  }
  requireEmpty(part, next, range.to);
  return pieces;
}

function requireEmpty(part: UsagePart, from: number, to: number): void {
  for (let index = from; index < to; index += 1) {
    if ((part.series.values[index] ?? 0) === 0) continue;
    const atMs = part.series.startMs + index * part.series.intervalSeconds * 1000;
    throw new UsageError(`channel ${part.channelId}: no calorific value for the gas of ${new Date(atMs).toISOString()}`, {
      code: "conversion-missing",
      advice: "keep the zone's calorific values and the site's conditions before billing",
    });
  }
}

function piece(segment: Segment, part: UsagePart, { from, to }: { from: number; to: number }, perCount: Money): FlowPart {
  const slots = slotsOf(segment, part);
  const sums = new Float64Array(segment.ready.calendar.periods.length);
  const { values } = part.series;
  for (let index = from; index < to; index += 1) {
    const slot = slots[index] ?? 0;
    sums[slot] = (sums[slot] ?? 0) + (values[index] ?? 0);
  }
  if (!sums.every(Number.isSafeInteger))
    throw new UsageError(`channel ${part.channelId}: the counts do not add up to a safe integer`, { code: "counts-overflow" });
  return { part, from, to, slots, sums, kwhPerCount: perCount };
}

function slotsOf(segment: Segment, part: UsagePart): Uint8Array {
  const { slotCache, calendar } = segment.ready;
  const { startMs, intervalSeconds, values } = part.series;
  const key = `${startMs}/${intervalSeconds}/${values.length}`;
  let slots = slotCache.get(key);
  if (slots === undefined) {
    slots = touSlots(calendar, segment.zone, { startMs, intervalSeconds, count: values.length });
    if (slotCache.size >= SLOT_CACHE_MAX) slotCache.clear();
    slotCache.set(key, slots);
  }
  return slots;
}

function dayOf(date: string, tariffId: string, version: number): number {
  const day = parseDay(date);
  if (day === undefined) throw new UsageError(`tariff ${tariffId} v${version}: "${date}" is not a date`, { code: "tariff-invalid" });
  return day;
}
