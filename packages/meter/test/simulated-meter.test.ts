import fc from "fast-check";
import { parseDay, slotsInLocalDay, zoneOf } from "@amity/intervals";
import { describe, expect, it } from "vitest";
import {
  createFleet,
  CLIMATES,
  EVENT_CODES,
  meterSurroundings,
  SimulatedMeter,
  Site,
  STANDARD_METER,
  type MeterOperation,
  type MeterTypeOptions,
} from "../src/index.ts";
import { dateTimeOctets, readDateTime } from "../src/dlms/civil-time.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const startMs = Date.UTC(2026, 5, 1);
const plan = createFleet({ seed: 3, meters: 30, startMs });

function meter(index = 0, type: MeterTypeOptions = STANDARD_METER): SimulatedMeter {
  const zone = zoneOf(plan.zone);
  const site = new Site({ seed: 3, climate: CLIMATES.newSouthWales, standardOffsetMinutes: 600 });
  return new SimulatedMeter(plan.meters[index]!, meterSurroundings(site, zone, type));
}

const importOf = (of: SimulatedMeter, atMs: number): number => of.registersAt(atMs)[0]!;

/** Stamps of the rows of the load profile, oldest first. */
function stamps(of: SimulatedMeter, nowMs: number): number[] {
  const { load } = of.surroundings.grids;
  return of
    .rows("load", nowMs)
    .flatMap((span) => Array.from({ length: span.end - span.first }, (_, index) => load.instantOf(span.first + index)));
}

describe("a simulated meter", () => {
  it("measures nothing while there is no supply, and goes on where it stopped", () => {
    const disturbed = meter();
    const undisturbed = meter();
    disturbed.apply({ kind: "powerDown", atMs: startMs });
    disturbed.apply({ kind: "powerUp", atMs: startMs + 5 * HOUR_MS + 7 });
    expect(importOf(disturbed, startMs + HOUR_MS)).toBe(importOf(undisturbed, startMs));
    const missed = importOf(undisturbed, startMs + 5 * HOUR_MS + 7) - importOf(undisturbed, startMs);
    expect(missed).toBeGreaterThan(0);
    expect(importOf(undisturbed, startMs + DAY_MS) - importOf(disturbed, startMs + DAY_MS)).toBe(missed);
    expect(importOf(disturbed, startMs - DAY_MS)).toBe(importOf(undisturbed, startMs - DAY_MS));
  });

  it("leaves a gap in its profile for a power failure, and says so in the first row after it", () => {
    const cut = meter();
    cut.apply({ kind: "powerDown", atMs: startMs + 10 * MINUTE_MS });
    cut.apply({ kind: "powerUp", atMs: startMs + 50 * MINUTE_MS });
    const after = stamps(cut, startMs + 2 * HOUR_MS).filter((stamp) => stamp >= startMs);
    expect(after.map((stamp) => (stamp - startMs) / MINUTE_MS)).toEqual([0, 60, 75, 90, 105, 120]);
    const spans = cut.rows("load", startMs + 2 * HOUR_MS);
    expect(spans).toHaveLength(2);
    expect(spans[1]).toMatchObject({ opens: true, run: { begunBy: "powerUp" } });
    expect(cut.log("standard").entries.map(({ code }) => code)).toEqual([EVENT_CODES.powerDown, EVENT_CODES.powerUp]);
    expect(cut.powerFailures).toBe(1);
  });

  it("keeps its profile as a ring: the depth is never exceeded and the newest rows stay", () => {
    const shallow = meter(0, { ...STANDARD_METER, loadProfile: { ...STANDARD_METER.loadProfile, depthDays: 2 } });
    const rows = stamps(shallow, startMs);
    expect(rows).toHaveLength(192);
    expect(rows.at(-1)).toBe(startMs);
    expect(rows[0]).toBe(startMs - 191 * 15 * MINUTE_MS);
  });

  it("forgets its profile when it is cleared, and nothing else", () => {
    const cleared = meter();
    const before = importOf(cleared, startMs);
    cleared.apply({ kind: "clearProfile", atMs: startMs + 1, profile: "load" });
    expect(stamps(cleared, startMs + HOUR_MS)).toHaveLength(4);
    expect(cleared.rows("daily", startMs + HOUR_MS)[0]!.end).toBeGreaterThan(cleared.rows("daily", startMs + HOUR_MS)[0]!.first);
    expect(importOf(cleared, startMs)).toBe(before);
  });

  it("stamps rows with its own clock: set forward it skips rows, set back it repeats them, and marks both", () => {
    const forward = meter();
    forward.apply({ kind: "setClock", atMs: startMs + 5 * MINUTE_MS, toMs: startMs + 35 * MINUTE_MS });
    expect(
      stamps(forward, startMs + 30 * MINUTE_MS)
        .filter((stamp) => stamp >= startMs)
        .map((stamp) => (stamp - startMs) / MINUTE_MS),
    ).toEqual([0, 45, 60]);
    expect(forward.rows("load", startMs + 30 * MINUTE_MS)[1]).toMatchObject({ opens: true, run: { begunBy: "clockSet" } });
    expect(forward.log("standard").entries).toEqual([
      { clockMs: startMs + 5 * MINUTE_MS, code: EVENT_CODES.clockOld },
      { clockMs: startMs + 35 * MINUTE_MS, code: EVENT_CODES.clockNew },
    ]);
    const back = meter();
    back.apply({ kind: "setClock", atMs: startMs + 20 * MINUTE_MS, toMs: startMs - 10 * MINUTE_MS });
    expect(
      stamps(back, startMs + 50 * MINUTE_MS)
        .filter((stamp) => stamp >= startMs)
        .map((stamp) => (stamp - startMs) / MINUTE_MS),
    ).toEqual([0, 15, 0, 15]);
  });

  it.each([
    ["2026-04-04", 96],
    ["2026-04-05", 100],
    ["2025-10-05", 92],
  ])("closes its billing day at local midnight: %s has %d quarter-hours", (day, quarters) => {
    const zone = zoneOf(plan.zone);
    const localDay = parseDay(day)!;
    const { daily } = meter().surroundings.grids;
    const [fromMs, toMs] = [daily.instantOf(localDay), daily.instantOf(localDay + 1)];
    expect((toMs - fromMs) / 900_000).toBe(quarters);
    expect(daily.indexFrom(fromMs)).toBe(localDay);
    expect(daily.indexFrom(fromMs + 1)).toBe(localDay + 1);
    expect(slotsInLocalDay(zone, localDay, 900)).toBe(quarters);
  });

  it("writes stamps that read back to their instant through both changes of the clock", () => {
    const base = { zone: zoneOf(plan.zone), standardOffsetMs: 10 * HOUR_MS };
    for (const changeMs of [Date.parse("2026-04-04T16:00:00Z"), Date.parse("2025-10-04T16:00:00Z")]) {
      for (let atMs = changeMs - 3 * HOUR_MS; atMs <= changeMs + 3 * HOUR_MS; atMs += 15 * MINUTE_MS) {
        const octets = dateTimeOctets(atMs, base);
        expect(readDateTime(octets, base)).toBe(atMs);
        expect((octets[11]! & 0x80) !== 0).toBe(atMs < changeMs === (changeMs === Date.parse("2026-04-04T16:00:00Z")));
        // Without a deviation the daylight-saving bit alone must do.
        octets.set([0x80, 0x00], 9);
        expect(readDateTime(octets, base)).toBe(atMs);
      }
    }
  });

  it("drifts as its crystal does, and a small correction leaves no event", () => {
    const drifting = meter(0, { ...STANDARD_METER, clockDriftPpm: 100 });
    const error = drifting.clockAt(startMs) - startMs;
    const installed = drifting.lastOperationMs;
    expect(error).toBe(Math.round(((startMs - installed) * 100) / 1e6));
    drifting.apply({ kind: "setClock", atMs: startMs, toMs: startMs });
    const { length } = drifting.log("standard").entries;
    expect(drifting.clockAt(startMs + DAY_MS) - startMs - DAY_MS).toBe(8_640);
    drifting.apply({ kind: "setClock", atMs: startMs + DAY_MS, toMs: startMs + DAY_MS });
    expect(drifting.log("standard").entries).toHaveLength(length);
    const span = drifting.rows("load", startMs + 2 * DAY_MS).at(-1)!;
    expect(drifting.capturedAt(span, startMs + DAY_MS + HOUR_MS)).toBeCloseTo(startMs + DAY_MS + HOUR_MS - 360, -1);
  });

  it("moves its breaker as the control mode allows", () => {
    const breaker = meter();
    expect(breaker.apply({ kind: "reconnect", by: "remote", atMs: startMs })).toBe(false);
    expect(breaker.apply({ kind: "disconnect", by: "remote", atMs: startMs })).toBe(true);
    expect(breaker.apply({ kind: "reconnect", by: "manual", atMs: startMs })).toBe(false);
    expect(breaker.apply({ kind: "reconnect", by: "remote", atMs: startMs })).toBe(true);
    expect(breaker.controlState).toBe("connected");
    breaker.apply({ kind: "setControlMode", mode: 2, atMs: startMs });
    breaker.apply({ kind: "disconnect", by: "remote", atMs: startMs });
    breaker.apply({ kind: "reconnect", by: "remote", atMs: startMs });
    expect(breaker.controlState).toBe("readyForReconnection");
    expect(breaker.isSupplied).toBe(false);
    breaker.apply({ kind: "reconnect", by: "manual", atMs: startMs });
    expect(breaker.controlState).toBe("connected");
    expect(breaker.log("disconnector").entries.map(({ code }) => code)).toEqual([62, 63, 62, 59, 61]);
    breaker.apply({ kind: "setControlMode", mode: 0, atMs: startMs });
    expect(breaker.apply({ kind: "disconnect", by: "remote", atMs: startMs })).toBe(false);
  });

  it("keeps its profile going while the breaker is open, with registers that stand still", () => {
    const open = meter();
    open.apply({ kind: "disconnect", by: "remote", atMs: startMs });
    expect(stamps(open, startMs + HOUR_MS).filter((stamp) => stamp > startMs)).toHaveLength(4);
    expect(importOf(open, startMs + HOUR_MS)).toBe(importOf(open, startMs));
    expect(open.momentaryAt(startMs + HOUR_MS)).toMatchObject({ importW: 0, exportW: 0 });
  });

  it("measures only its share under a by-pass", () => {
    const [honest, bypassed] = [meter(), meter()];
    bypassed.apply({ kind: "setMeteredShare", perMille: 250, atMs: startMs });
    const used = importOf(honest, startMs + DAY_MS) - importOf(honest, startMs);
    const seen = importOf(bypassed, startMs + DAY_MS) - importOf(bypassed, startMs);
    expect(seen / used).toBeCloseTo(0.25, 2);
  });

  it("refuses operations out of order, and most of them without power", () => {
    const dark = meter();
    dark.apply({ kind: "powerDown", atMs: startMs });
    expect(dark.apply({ kind: "disconnect", by: "remote", atMs: startMs })).toBe(false);
    expect(dark.apply({ kind: "powerDown", atMs: startMs })).toBe(false);
    expect(() => dark.apply({ kind: "powerUp", atMs: startMs - 1 })).toThrow(/comes after/);
  });

  it("shows voltage, current and power that agree with one another", () => {
    for (let index = 0; index < plan.meters.length; index++) {
      const of = meter(index);
      const { importW, exportW, inductiveVar, capacitiveVar, phases } = of.momentaryAt(startMs + 40 * MINUTE_MS);
      const apparent = phases.reduce((sum, { deciVolts, centiAmperes }) => sum + (deciVolts / 10) * (centiAmperes / 100), 0);
      expect(Math.abs(apparent - Math.hypot(importW - exportW, inductiveVar - capacitiveVar))).toBeLessThan(4 * phases.length);
      for (const { deciVolts } of phases) expect(Math.abs(deciVolts - 2_300)).toBeLessThan(230);
      expect(phases).toHaveLength(plan.meters[index]!.phase === "L123" ? 3 : 1);
    }
  });

  it("holds, whatever happens to it, registers that never fall and intervals that sum to them, and replays to the same", () => {
    const happening = fc.record({
      afterMs: fc.integer({ min: 0, max: 6 * HOUR_MS }),
      make: fc.constantFrom<(atMs: number) => MeterOperation>(
        (atMs) => ({ kind: "powerDown", atMs }),
        (atMs) => ({ kind: "powerUp", atMs }),
        (atMs) => ({ kind: "disconnect", by: "remote", atMs }),
        (atMs) => ({ kind: "reconnect", by: "remote", atMs }),
        (atMs) => ({ kind: "setMeteredShare", perMille: 400, atMs }),
        (atMs) => ({ kind: "setMeteredShare", perMille: 1_000, atMs }),
        (atMs) => ({ kind: "setClock", atMs, toMs: atMs + 17_000 }),
        (atMs) => ({ kind: "setClock", atMs, toMs: atMs }),
        (atMs) => ({ kind: "openCover", atMs }),
      ),
    });
    fc.assert(
      fc.property(fc.nat(29), fc.array(happening, { maxLength: 30 }), (index, happenings) => {
        const [first, replayed] = [meter(index), meter(index)];
        let atMs = startMs;
        const operations = happenings.map(({ afterMs, make }) => make((atMs += afterMs)));
        for (const operation of operations) first.apply(operation);
        for (const operation of operations) replayed.apply(operation);
        let last = importOf(first, startMs - HOUR_MS);
        let sum = 0;
        for (let at = startMs - HOUR_MS; at <= atMs + HOUR_MS; at += 17 * MINUTE_MS + 1) {
          const now = importOf(first, at);
          expect(now).toBeGreaterThanOrEqual(last);
          sum += now - last;
          last = now;
        }
        expect(sum).toBe(last - importOf(first, startMs - HOUR_MS));
        const endMs = atMs + HOUR_MS;
        expect([...replayed.registersAt(endMs)]).toEqual([...first.registersAt(endMs)]);
        expect(stamps(replayed, endMs)).toEqual(stamps(first, endMs));
      }),
      { numRuns: 60 },
    );
  });
});
