import { ANY_DATE_TIME, matchesStamp, parseObis, timeClasses, type BitString, type CosemDate } from "@amity/dlms";
import { DAY_MS, civilDateOf, isoWeekdayOf, type Zone } from "@amity/intervals";
import type { Outlook } from "../metrology/own-actions.ts";
import type { MeterOperation } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { instantOfLocal, localDay } from "./civil-schedule.ts";
import { switchedOff } from "./function-control.ts";
import { scriptOf } from "./scripts.ts";
import { UnderstoodSettings } from "./settings.ts";
import { TARIFF_OBJECTS } from "./tariff-plan.ts";

const { schedule, specialDaysTable } = timeClasses;
/** Class 10 of the meter, and its attribute with the entries. */
export const SCHEDULE = "0-0:12.0.0";
export const ENTRIES = 2;
const NAME = parseObis(SCHEDULE);
const SPECIAL_DAYS = TARIFF_OBJECTS.specialDays;
/** Carried out however late. */
const ALWAYS_VALID = 0xffff;
const MINUTE_MS = 60_000;
/** Days looked at in one go: what comes later is asked for again later. */
const DAYS_MAX = 400;

export type ScheduleEntry = ReturnType<typeof schedule.attributes.entries.decode>[number];
type SpecialDay = ReturnType<typeof specialDaysTable.attributes.entries.decode>[number];

interface Plan {
  readonly entries: readonly ScheduleEntry[];
  readonly specialDays: readonly SpecialDay[];
}

const PLANS = new UnderstoodSettings<Plan>(
  ([entries, special]) => ({
    entries: entries === undefined ? [] : schedule.attributes.entries.decode(entries).filter(({ enable }) => enable),
    specialDays: special === undefined ? [] : specialDaysTable.attributes.entries.decode(special),
  }),
  { entries: [], specialDays: [] },
);

/** What comes next on the schedule (class 10): the entries of one instant, in the order of their indices. */
export function scheduleActions(meter: SimulatedMeter, outlook: Outlook): { atMs: number; operation: MeterOperation }[] {
  if (meter.configured(SCHEDULE, ENTRIES) === undefined || switchedOff(meter).has(NAME)) return [];
  const plan = PLANS.of(meter, [
    [SCHEDULE, ENTRIES],
    [SPECIAL_DAYS, 2],
  ]);
  const { type, zone } = meter.surroundings;
  const base = type.timeBase === "local" ? zone : undefined;
  const { afterMs, afterClockMs, toMs } = outlook;
  const toClockMs = meter.clockAt(toMs);
  const lastDay = Math.min(localDay(base, toClockMs), localDay(base, afterClockMs) + DAYS_MAX);
  for (let day = localDay(base, afterClockMs); day <= lastDay; day++) {
    const due = dueOn(plan, day, base)
      .filter(({ clockMs }) => clockMs > afterClockMs && clockMs <= toClockMs)
      .flatMap(({ entry, clockMs }) => {
        const atMs = Math.min(toMs, Math.max(afterMs + 1, meter.trueAt(clockMs)));
        // Missed while there was no power, or jumped over by the clock: for how long it still counts is the entry's affair.
        const lateMs = meter.clockAt(Math.max(atMs, meter.lastOperationMs)) - clockMs;
        const isLate = entry.validityWindow !== ALWAYS_VALID && lateMs > entry.validityWindow * MINUTE_MS + GRACE_MS;
        const script = isLate ? undefined : scriptOf(entry.scriptLogicalName, entry.scriptSelector);
        const operation = script?.operation(atMs, "schedule", meter);
        return operation === undefined ? [] : [{ atMs, operation }];
      });
    const firstMs = Math.min(...due.map(({ atMs }) => atMs));
    if (due.length > 0) return due.filter(({ atMs }) => atMs === firstMs);
  }
  return [];
}

/** An entry that is done in time is never late: clocks run in milliseconds, entries in hundredths of a second. */
const GRACE_MS = 1_000;

/** The entries of a day, by their time, then by their index. On a special day its bit decides, on the others that of the day of the week. */
function dueOn({ entries, specialDays }: Plan, day: number, zone: Zone | undefined): { entry: ScheduleEntry; clockMs: number }[] {
  const special = specialDays.find(({ specialDayDate }) => matchesStamp(day * DAY_MS, { ...ANY_DATE_TIME, ...specialDayDate }));
  const isDay = ({ execWeekdays, execSpecDays }: ScheduleEntry): boolean =>
    special === undefined ? isSet(execWeekdays, isoWeekdayOf(day) - 1) : isSet(execSpecDays, special.dayId);
  return entries
    .filter((entry) => isDay(entry) && isWithin(day, entry))
    .map((entry) => {
      const { hour = 0, minute = 0, second = 0 } = entry.switchTime;
      return { entry, clockMs: instantOfLocal(zone, day * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000) };
    })
    .toSorted((left, right) => left.clockMs - right.clockMs || left.entry.index - right.entry.index);
}

/** Begin and end count in; what they leave open is the day's own year, or the whole of it. */
function isWithin(day: number, { beginDate, endDate }: Pick<ScheduleEntry, "beginDate" | "endDate">): boolean {
  const { year, month, day: dayOfMonth } = civilDateOf(day);
  const today = orderOf(year, month, dayOfMonth);
  const orderOfDate = (date: CosemDate, openMonth: number, openDay: number): number =>
    orderOf(date.year ?? year, numberOr(date.month, openMonth), numberOr(date.dayOfMonth, openDay));
  return today >= orderOfDate(beginDate, 1, 1) && today <= orderOfDate(endDate, 12, 31);
}

function orderOf(year: number, month: number, day: number): number {
  return (year * 12 + month) * 31 + day;
}

/** Last days of a month and the like do not bound a range: they count as open. */
function numberOr(part: unknown, open: number): number {
  return typeof part === "number" && part >= 1 && part <= 31 ? part : open;
}

function isSet({ bitLength, octets }: BitString, bit: number): boolean {
  return bit < bitLength && ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}
