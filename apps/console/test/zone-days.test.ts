import { describe, expect, it } from "vitest";
import { civilDay, dayStart, startOfCivilDay, zoneOffsetMs } from "../src/ui/zone-days.ts";

const HOUR = 3_600_000;

describe("days of a zone", () => {
  it.each([
    ["Australia/Sydney", "2026-10-04", 23],
    ["Australia/Sydney", "2026-04-05", 25],
    ["Europe/Berlin", "2026-03-29", 23],
    ["Europe/Berlin", "2026-10-25", 25],
    ["Asia/Kolkata", "2026-10-25", 24],
    ["UTC", "2026-10-25", 24],
  ])("in %s, %s has %i hours", (zone, day, hours) => {
    const start = startOfCivilDay(zone, day);
    expect((dayStart(zone, start, 1) - start) / HOUR).toBe(hours);
    expect(civilDay(zone, start)).toBe(day);
    expect(civilDay(zone, start - 1)).not.toBe(day);
  });

  it("finds the same start from any instant of the day", () => {
    const start = startOfCivilDay("Australia/Sydney", "2026-10-04");
    for (let minute = 0; minute < 23 * 60; minute += 7) expect(dayStart("Australia/Sydney", start + minute * 60_000)).toBe(start);
  });

  it("knows offsets of half hours", () => {
    expect(zoneOffsetMs("Asia/Kolkata", Date.UTC(2026, 0, 1))).toBe(5.5 * HOUR);
    expect(zoneOffsetMs("America/St_Johns", Date.UTC(2026, 0, 1))).toBe(-3.5 * HOUR);
  });
});
