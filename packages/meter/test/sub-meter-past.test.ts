import { describe, expect, it } from "vitest";
import { createFleet, masterSecretFrom, MeterFleet, planPast, planSubMeterPast } from "../src/index.ts";

const startMs = Date.UTC(2026, 10, 21);
const subMeters = { gas: 0.4, water: 0.6, heat: 0.08 };
const plan = createFleet({ seed: 7, meters: 200, feeders: 2, concentrators: 4, startMs, installedDays: [60, 90], subMeters });
const before = { endMs: startMs, days: 45 };
const past = planSubMeterPast(plan.subMeters, before);
const installedMs = new Map(plan.subMeters.map((meter) => [meter.meterId, meter.installedMs]));

describe("the past of gas, water and heat meters", () => {
  it("is the same every time, in order, inside its span and after installation", () => {
    expect(planSubMeterPast(plan.subMeters, before)).toEqual(past);
    let lastMs = startMs - 45 * 86_400_000;
    for (const { meterId, operation } of past) {
      expect(operation.atMs).toBeGreaterThanOrEqual(lastMs);
      expect(operation.atMs).toBeGreaterThan(installedMs.get(meterId)!);
      expect(operation.atMs).toBeLessThanOrEqual(startMs);
      lastMs = operation.atMs;
    }
  });

  it("holds each kind of trouble at least once, each meter at most one, and leaves most with none", () => {
    const kinds = new Set(past.map(({ operation }) => operation.kind));
    for (const kind of ["leak", "backflow", "freeze", "thaw", "jam", "swapSensors", "batteryLow", "changeKey", "radioOff"] as const)
      expect(kinds.has(kind), kind).toBe(true);
    expect(new Set(past.map(({ meterId }) => meterId)).size).toBeLessThan(0.1 * plan.subMeters.length);
  });

  it("is what a fleet's meters have gone through", async () => {
    const both = [...planPast(plan, before), ...past];
    const fleet = await MeterFleet.open({ plan, masterSecret: masterSecretFrom("past"), clock: { nowMs: () => startMs }, past: both });
    const silent = past.find(({ operation }) => operation.kind === "radioOff")!;
    expect(fleet.subMeter(silent.meterId).meter.condition.radioSilent).toBe(true);
    const leaking = past.find(({ operation }) => operation.kind === "leak" && operation.litresPerHour > 0)!;
    expect(fleet.subMeter(leaking.meterId).meter.conditionAt(leaking.operation.atMs + 1).leakLitresPerHour).toBeGreaterThan(0);
  });

  it("is nothing where there are no such meters", () => {
    expect(planSubMeterPast([], before)).toEqual([]);
  });
});
