import { DAY_MS, zoneOf } from "@amity/intervals";
import { QUALITY, type EndDeviceEvent, type Unit } from "@amity/model";
import type { ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  compileRuleSet,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createRegistry,
  reviewDays,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type ChannelDay,
  type ReviewParts,
} from "../src/index.ts";
import { openLedgerScratch } from "./ledger-fixture.ts";

const START = Date.UTC(2026, 6, 1);
const HOUR_MS = 3_600_000;
const DAYS = 16;
const clock = { nowMs: () => START + 40 * DAY_MS };
/** Mean temperature of each day, tenths of a degree. */
const outside = (day: number) => 20 + ((day * 37) % 90);

describe("review of gas, water and heat", () => {
  let scratch: ScratchStore;
  let parts: ReviewParts;
  const changed: ChannelDay[] = [];

  const deliver = (
    meterId: string,
    { channel, unit, scaler }: { channel: string; unit: Unit; scaler: number },
    hour: (day: number, hour: number) => number | undefined,
    events: readonly EndDeviceEvent[] = [],
  ) => {
    const values = Array.from({ length: DAYS * 24 }, (_, index) => hour(Math.floor(index / 24), index % 24));
    const series = {
      meterId,
      channel,
      unit,
      scaler,
      intervalSeconds: 3600,
      startMs: START,
      values: Float64Array.from(values, (value) => value ?? 0),
      qualities: Uint16Array.from(values, (value) => (value === undefined ? QUALITY.missing : QUALITY.raw)),
    };
    const sink = createLedgerSink({
      ...parts,
      registry: createRegistry(scratch.store, clock),
      onStored: (summary) => void changed.push(...summary.changed),
    });
    return sink.accept([{ source: "headend", intervals: [series], registers: [], events }]);
  };
  const review = async (): Promise<void> => void (await reviewDays(parts, changed.splice(0)));
  const findings = async (meterId: string) =>
    (await parts.exceptions.list({ meterId, limit: 200 })).map(({ ruleId, reason }) => `${ruleId}: ${reason}`);
  const water = { channel: "8-0:1.0.0", unit: "m3", scaler: -3 } as const;
  const gas = { channel: "7-0:3.0.0", unit: "m3", scaler: -3 } as const;

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    parts = {
      store: scratch.store,
      ledger: createLedger(scratch.store, clock),
      exceptions: createExceptionQueue(scratch.store, clock),
      clock,
      ruleSet: compileRuleSet(STANDARD_RULE_SET),
      plan: STANDARD_ESTIMATION_PLAN,
      zone: zoneOf("UTC"),
      temperatureOf: (fromMs, toMs) => ({
        startMs: fromMs,
        intervalSeconds: 3600,
        values: Float64Array.from({ length: (toMs - fromMs) / HOUR_MS }, (_, index) =>
          outside(Math.floor((fromMs + index * HOUR_MS - START) / DAY_MS)),
        ),
        qualities: new Uint16Array((toMs - fromMs) / HOUR_MS).fill(QUALITY.validated),
      }),
    };
  });
  afterAll(() => scratch.close());

  test("a leak comes to the queue with what it loses, and the meter's own alarm beside it, once each", async () => {
    const alarm: EndDeviceEvent = { meterId: "W1", atMs: START + 6.5 * DAY_MS, kind: "leak", log: "0-1:24.5.0", code: 230 };
    await deliver("W1", water, (day, hour) => (day >= 6 ? 9 : 0) + (hour > 6 && hour < 22 ? 25 : 0), [alarm]);
    await review();
    const told = await findings("W1");
    expect(told.filter((text) => text.startsWith("water-leak"))[0]).toMatch(/at least 0.009 m3 an hour, 0.216 a day/);
    expect(told.filter((text) => text.startsWith("water-alarm"))).toEqual(["water-alarm: the meter warned of a leak"]);
    expect(told).toHaveLength(2);
  });

  test("a day of gas that never came is estimated by that day's cold", async () => {
    await deliver("G1", gas, (day, hour) => (day === 11 ? undefined : hour >= 6 && hour < 10 ? 200 + 5 * (155 - outside(day)) : 0));
    await review();
    const [gap] = await parts.exceptions.list({ meterId: "G1", limit: 10 });
    expect(gap).toMatchObject({ ruleId: "gap", estimate: { outcome: "estimated", method: "degreeDays" } });
    const [channel] = await createRegistry(scratch.store, clock).channelsOf(["G1"]);
    const selection = { channelIds: [channel?.channelId ?? 0], fromDayMs: START + 11 * DAY_MS, toDayMs: START + 12 * DAY_MS };
    const [stored] = await parts.ledger.blocks(selection);
    expect(Array.from(stored?.block.values.slice(5, 11) ?? [])).toEqual([
      0,
      ...Array.from({ length: 4 }, () => 200 + 5 * (155 - outside(11))),
      0,
    ]);
  });

  test("heating water without energy says that supply and return may be swapped", async () => {
    await deliver("H1", { channel: "6-0:2.0.0", unit: "m3", scaler: -3 }, () => 60);
    await deliver("H1", { channel: "6-0:1.0.0", unit: "Wh", scaler: 0 }, (day) => (day === 9 ? 0 : 1400));
    await review();
    expect(await findings("H1")).toEqual(["heat-swapped: 1.440 m³ of heating water in 24 h and no energy of it"]);
  });

  test("backflow is told, fails its values and is estimated", async () => {
    await deliver("W2", water, (day, hour) => (day === 8 && hour === 3 ? -40 : hour === 7 ? 30 : 0));
    await review();
    const [finding] = await parts.exceptions.list({ meterId: "W2", limit: 10 });
    expect(finding).toMatchObject({ ruleId: "water-backflow", estimate: { outcome: "estimated" } });
  });
});
