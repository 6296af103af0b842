import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dayNumberOf, formatDay, isoWeekdayOf, parseDay } from "../src/calendar.ts";
import { localDayLengthMs, localDayOf, resolveLocal, slotsInLocalDay, startOfLocalDayMs, zoneOf } from "../src/zone.ts";

const day = (text: string): number => parseDay(text) ?? Number.NaN;

describe("civil days", () => {
  it("count 92, 96 and 100 quarter-hours in Berlin", () => {
    const berlin = zoneOf("Europe/Berlin");
    expect(slotsInLocalDay(berlin, day("2026-03-29"), 900)).toBe(92);
    expect(slotsInLocalDay(berlin, day("2026-06-01"), 900)).toBe(96);
    expect(slotsInLocalDay(berlin, day("2026-10-25"), 900)).toBe(100);
  });

  it("shift by half an hour on Lord Howe Island", () => {
    expect(localDayLengthMs(zoneOf("Australia/Lord_Howe"), day("2026-10-04"))).toBe(23.5 * 3_600_000);
  });

  it("start at 01:00 where midnight is skipped", () => {
    const cairo = zoneOf("Africa/Cairo");
    expect(new Date(startOfLocalDayMs(cairo, day("2026-04-24"))).toISOString()).toBe("2026-04-23T22:00:00.000Z");
    expect(localDayLengthMs(cairo, day("2026-04-24"))).toBe(23 * 3_600_000);
  });

  it("have no length where a country skipped one", () => {
    expect(localDayLengthMs(zoneOf("Pacific/Apia"), day("2011-12-30"))).toBe(0);
  });

  it("resolve the hour that comes twice both ways, and the one that never comes", () => {
    const berlin = zoneOf("Europe/Berlin");
    const twice = Date.UTC(2026, 9, 25, 2, 30);
    expect(resolveLocal(berlin, twice)).toEqual({ instantMs: Date.UTC(2026, 9, 25, 0, 30), kind: "overlap" });
    expect(resolveLocal(berlin, twice, "later")).toEqual({ instantMs: Date.UTC(2026, 9, 25, 1, 30), kind: "overlap" });
    expect(resolveLocal(berlin, Date.UTC(2026, 2, 29, 2, 30))).toEqual({ instantMs: Date.UTC(2026, 2, 29, 1, 30), kind: "gap" });
  });

  it("tile time without a hole around every transition of every zone, 1970 to 2040", () => {
    for (const name of Intl.supportedValuesOf("timeZone")) {
      const zone = zoneOf(name);
      for (const transition of zone.transitionsBetween(Date.UTC(1970, 0, 3), Date.UTC(2040, 0, 1))) {
        const local = localDayOf(zone, transition.atMs);
        let start = startOfLocalDayMs(zone, local - 2);
        for (let next = local - 1; next <= local + 2; next++) {
          const length = localDayLengthMs(zone, next - 1);
          expect(length, `${name} ${formatDay(next - 1)}`).toBeGreaterThanOrEqual(0);
          expect(length, `${name} ${formatDay(next - 1)}`).toBeLessThanOrEqual(48 * 3_600_000);
          start += length;
          expect(startOfLocalDayMs(zone, next)).toBe(start);
        }
        expect(zone.offsetMsAt(transition.atMs)).toBe(transition.offsetAfterMs);
        expect(zone.offsetMsAt(transition.atMs - 1)).toBe(transition.offsetBeforeMs);
      }
    }
  });

  it("hold the instants that they start and end with", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "Africa/Casablanca", "UTC"),
        fc.integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2039, 0, 1) }),
        (name, instantMs) => {
          const zone = zoneOf(name);
          const local = localDayOf(zone, instantMs);
          expect(startOfLocalDayMs(zone, local)).toBeLessThanOrEqual(instantMs);
          expect(startOfLocalDayMs(zone, local + 1)).toBeGreaterThan(instantMs);
        },
      ),
    );
  });
});

describe("the calendar", () => {
  it("knows weekdays and refuses dates that do not exist", () => {
    expect(isoWeekdayOf(dayNumberOf({ year: 2026, month: 11, day: 21 }))).toBe(6);
    expect(isoWeekdayOf(dayNumberOf({ year: 1969, month: 12, day: 29 }))).toBe(1);
    expect(parseDay("2026-02-30")).toBeUndefined();
    expect(parseDay("2024-02-29")).toBe(dayNumberOf({ year: 2024, month: 2, day: 29 }));
  });

  it("refuses a zone that does not exist, with advice", () => {
    expect(() => zoneOf("Europe/Atlantis")).toThrow(/not a time zone/);
  });
});
