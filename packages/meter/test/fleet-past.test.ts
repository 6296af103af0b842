import { describe, expect, it } from "vitest";
import { createFleet, masterSecretFrom, MeterFleet, planPast } from "../src/index.ts";

const startMs = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const plan = createFleet({ seed: 21, meters: 1_000, feeders: 6, concentrators: 12, startMs, installedDays: [50, 90] });
const past = planPast(plan, { endMs: startMs, days: 60 });

describe("a fleet's past", () => {
  it("is the same every time, in order, inside its span and after installation", () => {
    expect(planPast(plan, { endMs: startMs, days: 60 })).toEqual(past);
    const installed = new Map(plan.meters.map((meter) => [meter.meterId, meter.installedMs]));
    let lastMs = 0;
    for (const { meterId, operation } of past) {
      expect(operation.atMs).toBeGreaterThanOrEqual(lastMs);
      expect(operation.atMs).toBeGreaterThan(installed.get(meterId)!);
      expect(operation.atMs).toBeLessThan(startMs);
      lastMs = operation.atMs;
    }
  });

  it("holds some of each kind, and leaves most meters with nothing but the network's outages", () => {
    const kinds = new Map<string, Set<string>>();
    for (const { meterId, operation } of past) kinds.set(operation.kind, (kinds.get(operation.kind) ?? new Set()).add(meterId));
    for (const kind of ["powerDown", "powerUp", "disconnect", "reconnect", "setClock", "setMeteredShare", "openCover"])
      expect(kinds.has(kind), kind).toBe(true);
    expect(kinds.get("setMeteredShare")!.size).toBeLessThan(30);
    expect(kinds.get("powerDown")!.size).toBeGreaterThan(100);
  });

  it("leaves gaps in profiles, and every meter with power at its end", async () => {
    const fleet = await MeterFleet.open({ plan, masterSecret: masterSecretFrom("past"), clock: { nowMs: () => startMs }, past });
    for (const { meterId } of plan.meters) {
      const { meter } = fleet.device(meterId);
      expect(meter.isSupplied, meterId).toBe(true);
      // A correction that fell into an outage did not reach its meter.
      expect(Math.abs(meter.clockAt(startMs) - startMs)).toBeLessThanOrEqual(300_000);
    }
    const withGap = past.find(({ operation }) => operation.kind === "powerDown" && operation.atMs < startMs - 2 * DAY_MS)!;
    expect(fleet.device(withGap.meterId).meter.rows("load", startMs).length).toBeGreaterThan(1);
  });
});
