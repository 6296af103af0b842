import { fromHex, toHex } from "@amity/bytes";
import { dataClasses, matchesStamp, ANY_DATE_TIME, timeClasses, type CosemDate, type CosemDateTime, type DlmsData } from "@amity/dlms";
import { DAY_MS, civilDateOf, dayNumberOf, isoWeekdayOf, type Zone } from "@amity/intervals";
import { TARIFFS, type TariffPlan } from "../metrology/tariff-book.ts";
import { instantOfLocal, localDay } from "./civil-schedule.ts";

export const TARIFF_OBJECTS = {
  calendar: "0-0:13.0.0",
  specialDays: "0-0:11.0.0",
  activation: "0-0:14.0.0",
  scripts: "0-0:10.0.100",
} as const;

/** Names of the masks that the tariff scripts 1 to 4 select, as octets in hex. */
export const TARIFF_MASKS: readonly string[] = Array.from({ length: TARIFFS }, (_, index) =>
  toHex(new TextEncoder().encode(`RATE${index + 1}`)),
);
const FIRST_MASK = TARIFF_MASKS[0] ?? "";

/** The masks that a meter leaves the factory with: mask n activates import and export register n. Indices count from 1. */
export const FACTORY_MASKS: DlmsData = dataClasses.registerActivation.attributes.maskList.encode(
  TARIFF_MASKS.map((name, index) => ({ maskName: fromHex(name), indexList: [index + 1, index + 1 + TARIFFS] })),
);

/** What a plan is made of: active seasons, weeks and days, special days, masks; what is not set is empty, or the factory's. */
export interface TariffSettings {
  readonly seasons?: DlmsData | undefined;
  readonly weeks?: DlmsData | undefined;
  readonly days?: DlmsData | undefined;
  readonly specialDays?: DlmsData | undefined;
  readonly masks?: DlmsData | undefined;
}

interface Switch {
  readonly second: number;
  readonly mask: string;
}

/** Understands the settings. @throws DecodeError for values that are not of their class's form. */
export function tariffPlanOf(settings: TariffSettings, zone: Zone | undefined): TariffPlan {
  const masks = masksOf(settings.masks ?? FACTORY_MASKS);
  const calendar = calendarOf(settings);
  const registersOf = (mask: string): readonly number[] => masks.get(mask) ?? [];
  if (calendar === undefined) return { at: () => ({ mask: FIRST_MASK, untilClockMs: Number.POSITIVE_INFINITY }), registersOf };
  return {
    at(clockMs) {
      const day = localDay(zone, clockMs);
      const switches = calendar.switchesOf(day);
      // Compared as instants: an hour that comes twice, or not at all, is the zone's affair.
      const times = switches.map(({ second }) => instantOfLocal(zone, day * DAY_MS + second * 1000));
      const next = times.findIndex((atMs) => atMs > clockMs);
      const passed = next < 0 ? switches.length : next;
      const untilClockMs = (next < 0 ? undefined : times[next]) ?? Math.max(clockMs + 1, instantOfLocal(zone, (day + 1) * DAY_MS));
      return { mask: switches[passed - 1]?.mask ?? calendar.lastBefore(day), untilClockMs };
    },
    registersOf,
  };
}

interface Calendar {
  switchesOf(day: number): readonly Switch[];
  /** The mask that a day begins with: the last of the days before. */
  lastBefore(day: number): string;
}

/** Days looked back for a mask: a week without any switch has none. */
const LOOK_BACK_DAYS = 7;

function calendarOf(settings: TariffSettings): Calendar | undefined {
  const { seasonProfileActive, weekProfileTableActive, dayProfileTableActive } = timeClasses.activityCalendar.attributes;
  const seasons = settings.seasons === undefined ? [] : seasonProfileActive.decode(settings.seasons);
  if (seasons.length === 0) return undefined;
  const weeks = new Map(
    (settings.weeks === undefined ? [] : weekProfileTableActive.decode(settings.weeks)).map((week) => [
      toHex(week.weekProfileName),
      weekdaysOf(week),
    ]),
  );
  const days = new Map(
    (settings.days === undefined ? [] : dayProfileTableActive.decode(settings.days)).map(({ dayId, daySchedule }) => [
      dayId,
      switchesOfDay(daySchedule),
    ]),
  );
  const special = settings.specialDays === undefined ? [] : timeClasses.specialDaysTable.attributes.entries.decode(settings.specialDays);
  const switchesOf = (day: number): readonly Switch[] => {
    const exception = special.find(({ specialDayDate }) => matchesStamp(day * DAY_MS, { ...ANY_DATE_TIME, ...specialDayDate }));
    const week = exception === undefined ? weeks.get(toHex(seasonOf(seasons, day))) : undefined;
    return days.get(exception?.dayId ?? week?.[isoWeekdayOf(day) - 1] ?? -1) ?? NO_SWITCHES;
  };
  return {
    switchesOf,
    lastBefore(day) {
      for (let back = 1; back <= LOOK_BACK_DAYS; back++) {
        const last = switchesOf(day - back).at(-1);
        if (last !== undefined) return last.mask;
      }
      return FIRST_MASK;
    },
  };
}

const NO_SWITCHES: readonly Switch[] = [];

type Week = ReturnType<typeof timeClasses.activityCalendar.attributes.weekProfileTableActive.decode>[number];
type DaySchedule = ReturnType<typeof timeClasses.activityCalendar.attributes.dayProfileTableActive.decode>[number]["daySchedule"];

function weekdaysOf({ monday, tuesday, wednesday, thursday, friday, saturday, sunday }: Week): readonly number[] {
  return [monday, tuesday, wednesday, thursday, friday, saturday, sunday];
}

/** In order of time. A script that the meter does not have switches nothing. */
function switchesOfDay(schedule: DaySchedule): readonly Switch[] {
  return schedule
    .flatMap(({ startTime: { hour = 0, minute = 0, second = 0 }, scriptLogicalName, scriptSelector }) => {
      const mask = scriptLogicalName.startsWith(`${TARIFF_OBJECTS.scripts}.`) ? TARIFF_MASKS[scriptSelector - 1] : undefined;
      return mask === undefined ? [] : [{ second: (hour * 60 + minute) * 60 + second, mask }];
    })
    .toSorted((left, right) => left.second - right.second);
}

/** The week of the season that began last; before the first season of a year, the last of the year before goes on. */
function seasonOf(seasons: readonly { readonly seasonStart: CosemDateTime; readonly weekName: Uint8Array }[], day: number): Uint8Array {
  let found: { readonly from: number; readonly weekName: Uint8Array } | undefined;
  for (const { seasonStart, weekName } of seasons) {
    const from = lastStart(seasonStart, day);
    if (from !== undefined && (found === undefined || from >= found.from)) found = { from, weekName };
  }
  return found?.weekName ?? new Uint8Array(0);
}

/** The last day not after `day` on which a season of that start began. */
function lastStart({ year, month, dayOfMonth }: CosemDate, day: number): number | undefined {
  const first = { month: typeof month === "number" ? month : 1, day: typeof dayOfMonth === "number" ? dayOfMonth : 1 };
  if (year !== undefined) {
    const start = dayNumberOf({ year, ...first });
    return start <= day ? start : undefined;
  }
  const { year: thisYear } = civilDateOf(day);
  const start = dayNumberOf({ year: thisYear, ...first });
  return start <= day ? start : dayNumberOf({ year: thisYear - 1, ...first });
}

function masksOf(list: DlmsData): ReadonlyMap<string, readonly number[]> {
  const masks = dataClasses.registerActivation.attributes.maskList.decode(list);
  return new Map(masks.map(({ maskName, indexList }) => [toHex(maskName), [...new Set(indexList)].map((index) => index - 1)]));
}
