import { localDayOf, startOfLocalDayMs, zoneOf } from "@amity/intervals";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileCalendar, touSlots } from "../../src/tariff/index.ts";
import { intervalsInDay, localDays } from "../../src/usage/index.ts";
import { QUALITY } from "@amity/model";

/** Every zone with a clock change at an odd hour, size or midnight, and some plain ones. */
const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/Los_Angeles",
  "Australia/Lord_Howe",
  "America/Sao_Paulo",
  "Asia/Kathmandu",
  "Africa/Cairo",
  "Pacific/Apia",
  "America/Havana",
  "Asia/Tehran",
  "Antarctica/Troll",
  "Africa/Casablanca",
];
const anyZone = fc.constantFrom(...ZONES).map(zoneOf);
/** 1971 to 2039. */
const anyStart = fc.integer({ min: 365 * 24 * 4, max: 69 * 365 * 24 * 4 }).map((quarter) => quarter * 900_000);
const blank = (startMs: number, intervalSeconds: number, count: number) => ({
  startMs,
  intervalSeconds,
  values: new Float64Array(count),
  qualities: new Uint16Array(count).fill(QUALITY.validated),
});

describe("civil days of a series, in any zone, 1971 to 2039", () => {
  test("tile the series: every interval in exactly one day, the day it begins in", () => {
    fc.assert(
      fc.property(
        anyZone,
        anyStart,
        fc.constantFrom(300, 900, 1800, 3600),
        fc.integer({ min: 1, max: 500 }),
        (zone, startMs, intervalSeconds, count) => {
          const days = localDays(blank(startMs, intervalSeconds, count), zone);
          expect(days[0]?.from).toBe(0);
          expect(days.at(-1)?.to).toBe(count);
          for (const [index, span] of days.entries()) {
            if (index > 0) expect(span.from).toBe(days[index - 1]?.to);
            for (const at of [span.from, span.to - 1]) expect(localDayOf(zone, startMs + at * intervalSeconds * 1000)).toBe(span.day);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a complete day has as many intervals as its length says", () => {
    fc.assert(
      fc.property(anyZone, anyStart, (zone, startMs) => {
        const day = localDayOf(zone, startMs);
        const fromMs = startOfLocalDayMs(zone, day);
        const count = intervalsInDay(day, 900, zone);
        fc.pre(fromMs % 900_000 === 0 && Number.isInteger(count));
        expect(localDays(blank(fromMs, 900, count), zone)).toEqual([{ day, from: 0, to: count, complete: true }]);
        expect(localDays(blank(fromMs, 900, count - 1), zone).at(-1)?.complete).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe("times of use, in any zone, 1971 to 2039", () => {
  const calendar = compileCalendar({
    periods: ["a", "b", "c"],
    defaultPeriod: "a",
    schedules: [
      { days: ["weekend"], ranges: [{ from: "23:45", to: "01:15", period: "c" }] },
      { ranges: [{ from: "06:30", to: "18:00", period: "b" }] },
    ],
  });

  test("each interval has the period of its own wall-clock minute", () => {
    fc.assert(
      fc.property(anyZone, anyStart, fc.integer({ min: 1, max: 300 }), (zone, startMs, count) => {
        const slots = touSlots(calendar, zone, { startMs, intervalSeconds: 900, count });
        for (let index = 0; index < count; index += 1) {
          const atMs = startMs + index * 900_000;
          const localMs = atMs + zone.offsetMsAt(atMs);
          const minute = new Date(localMs).getUTCHours() * 60 + new Date(localMs).getUTCMinutes();
          const isWeekend = [0, 6].includes(new Date(localMs).getUTCDay());
          const expected = isWeekend ? (minute >= 1425 || minute < 75 ? 2 : 0) : minute >= 390 && minute < 1080 ? 1 : 0;
          expect(slots[index]).toBe(expected);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("the clock changes of all zones, 1970 to 2040", () => {
  const calendar = compileCalendar({
    periods: ["day", "night"],
    defaultPeriod: "night",
    schedules: [{ ranges: [{ from: "07:00", to: "22:00", period: "day" }] }],
  });
  /** Each zone's changes; of runs that come year after year every one, for each counts. */
  const changes = Intl.supportedValuesOf("timeZone").flatMap((name) => {
    const zone = zoneOf(name);
    return zone.transitionsBetween(Date.UTC(1970, 0, 3), Date.UTC(2040, 0, 1)).map(({ atMs }) => ({ name, zone, atMs }));
  });

  test("a day around a change has as many quarter-hours as its length says, each in one time of use, and none is lost", () => {
    expect(changes.length).toBeGreaterThan(20_000);
    for (const { name, zone, atMs } of changes) {
      const day = localDayOf(zone, atMs);
      const fromMs = startOfLocalDayMs(zone, day - 1);
      const toMs = startOfLocalDayMs(zone, day + 2);
      const count = (toMs - fromMs) / 900_000;
      // Offsets of whole quarter-hours only: older ones of minutes and seconds have no quarter-hours at midnight.
      if (!Number.isInteger(count) || fromMs % 900_000 !== 0) continue;
      const days = localDays(blank(fromMs, 900, count), zone);
      const where = `${name} ${new Date(atMs).toISOString()}`;
      expect(
        days.reduce((sum, span) => sum + span.to - span.from, 0),
        where,
      ).toBe(count);
      for (const span of days) expect(span.to - span.from, where).toBe(intervalsInDay(span.day, 900, zone));
      const slots = touSlots(calendar, zone, { startMs: fromMs, intervalSeconds: 900, count });
      const change = Math.floor((atMs - fromMs) / 900_000);
      // Where a country skipped the day before, the change is the beginning.
      for (const at of [0, Math.max(0, change - 1), change, count - 1]) {
        const startMs = fromMs + at * 900_000;
        const hour = new Date(startMs + zone.offsetMsAt(startMs)).getUTCHours();
        expect(slots[at], where).toBe(hour >= 7 && hour < 22 ? 0 : 1);
      }
    }
  });
});
