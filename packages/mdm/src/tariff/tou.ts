import { UsageError } from "@amity/bytes";
import { civilDateOf, DAY_MS, isoWeekdayOf, parseDay, type Zone } from "@amity/intervals";
import type { DayName, TouCalendar, TouSchedule } from "./tariff.ts";

/** A calendar made ready: each day finds its table of 1440 minutes. */
export interface CompiledCalendar {
  readonly periods: readonly string[];
  /** Period index of each minute of a civil day. */
  minutesOf(day: number): Uint8Array;
  isHoliday(day: number): boolean;
}

const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

/** A tariff without times of use: one period. */
export const FLAT_CALENDAR: CompiledCalendar = { periods: ["all"], minutesOf: () => ONE_PERIOD, isHoliday: () => false };
const ONE_PERIOD = new Uint8Array(1440);

/** Checks a calendar and prepares its tables. @throws UsageError naming the schedule and what is wrong. */
export function compileCalendar(calendar: TouCalendar): CompiledCalendar {
  if (calendar.periods.length === 0 || calendar.periods.length > 255) throw refuse("a calendar has 1 to 255 periods");
  if (new Set(calendar.periods).size !== calendar.periods.length) throw refuse("two periods have the same name");
  const tables = calendar.schedules.map((schedule, index) => tableOf(calendar, schedule, `schedule ${index + 1}`));
  const fallback = new Uint8Array(1440).fill(periodIndex(calendar, calendar.defaultPeriod, "defaultPeriod"));
  const isHoliday = holidayTest(calendar.holidays ?? []);
  const namesHolidays = calendar.schedules.some((schedule) => schedule.days?.includes("holiday") === true);
  const minutesOf = (day: number) => {
    const names = namesOfDay(day, namesHolidays && isHoliday(day));
    const monthDay = monthDayOf(day);
    const at = calendar.schedules.findIndex(
      (schedule) => inSeason(schedule, monthDay) && (schedule.days === undefined || schedule.days.some((name) => names.includes(name))),
    );
    return tables[at] ?? fallback;
  };
  return { periods: calendar.periods, minutesOf, isHoliday };
}

/** The period index of each interval of a run, by the interval's beginning in the wall-clock time of the zone. */
export function touSlots(
  calendar: CompiledCalendar,
  zone: Zone,
  run: { startMs: number; intervalSeconds: number; count: number },
): Uint8Array {
  const slots = new Uint8Array(run.count);
  if (calendar.periods.length === 1) return slots;
  const stepMs = run.intervalSeconds * 1000;
  let day = Number.NaN;
  let table: Uint8Array = ONE_PERIOD;
  for (let index = 0, atMs = run.startMs; index < run.count; index += 1, atMs += stepMs) {
    const localMs = atMs + zone.offsetMsAt(atMs);
    const localDay = Math.floor(localMs / DAY_MS);
    if (localDay !== day) {
      day = localDay;
      table = calendar.minutesOf(day);
    }
    slots[index] = table[Math.floor((localMs - day * DAY_MS) / 60_000)] ?? 0;
  }
  return slots;
}

function tableOf(calendar: TouCalendar, schedule: TouSchedule, at: string): Uint8Array {
  const table = new Uint8Array(1440).fill(periodIndex(calendar, calendar.defaultPeriod, at));
  if (schedule.season !== undefined)
    for (const date of [schedule.season.from, schedule.season.to])
      if (!/^\d\d-\d\d$/.test(date)) throw refuse(`${at}: "${date}" is not MM-DD`);
  for (const range of schedule.ranges) {
    const from = minuteOf(range.from, at);
    const to = minuteOf(range.to, at);
    const period = periodIndex(calendar, range.period, at);
    if (from < to) table.fill(period, from, to);
    else table.fill(period, from).fill(period, 0, to);
  }
  return table;
}

function periodIndex(calendar: TouCalendar, name: string, at: string): number {
  const index = calendar.periods.indexOf(name);
  if (index < 0) throw refuse(`${at}: no period ${name} (there are ${calendar.periods.join(", ")})`);
  return index;
}

function minuteOf(text: string, at: string): number {
  const match = /^(\d\d):(\d\d)$/.exec(text);
  const minute = match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
  if (!(minute <= 1440) || Number(match?.[2]) > 59) throw refuse(`${at}: "${text}" is not a time HH:MM`);
  return minute;
}

function namesOfDay(day: number, isHoliday: boolean): readonly DayName[] {
  if (isHoliday) return ["holiday"];
  const weekday = isoWeekdayOf(day);
  return [WEEKDAYS[weekday - 1] ?? "monday", weekday >= 6 ? "weekend" : "weekday"];
}

function monthDayOf(day: number): string {
  const { month, day: dayOfMonth } = civilDateOf(day);
  return `${String(month).padStart(2, "0")}-${String(dayOfMonth).padStart(2, "0")}`;
}

function inSeason(schedule: TouSchedule, monthDay: string): boolean {
  if (schedule.season === undefined) return true;
  const { from, to } = schedule.season;
  return from <= to ? monthDay >= from && monthDay <= to : monthDay >= from || monthDay <= to;
}

function holidayTest(holidays: readonly string[]): (day: number) => boolean {
  const dates = new Set<number>();
  const yearly = new Set<string>();
  for (const text of holidays) {
    const day = parseDay(text);
    if (day !== undefined) dates.add(day);
    else if (/^\d\d-\d\d$/.test(text)) yearly.add(text);
    else throw refuse(`"${text}" is not a holiday (YYYY-MM-DD or MM-DD)`);
  }
  return (day) => dates.has(day) || (yearly.size > 0 && yearly.has(monthDayOf(day)));
}

function refuse(message: string): UsageError {
  return new UsageError(message, { code: "tariff-invalid" });
}
