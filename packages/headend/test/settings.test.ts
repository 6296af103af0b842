import { deriveMeterKeys, formatToken, mintToken } from "@amity/meter";
import type { EndDeviceControl, TariffCalendar } from "@amity/model";
import { beforeEach, describe, expect, it } from "vitest";
import { objectionToSetting } from "../src/setting-checks.ts";
import { fleetUtility, SECRET, type FleetUtility } from "./fleet-utility.ts";
import { HOUR_MS, MINUTE_MS } from "./lasting-head-end.ts";

/** Noon in Sydney on a summer day. */
const START_MS = Date.UTC(2026, 0, 20, 1);
const CALENDAR: TariffCalendar = {
  name: "TOU 2026",
  seasons: [
    { name: "SUMMER", month: 11, day: 1, week: "ALL" },
    { name: "WINTER", month: 4, day: 1, week: "ALL" },
  ],
  weeks: [{ name: "ALL", days: [1, 1, 1, 1, 1, 2, 2] }],
  days: [
    {
      id: 1,
      switches: [
        { at: "07:00", tariff: 2 },
        { at: "22:00", tariff: 1 },
      ],
    },
    { id: 2, switches: [{ at: "00:00", tariff: 1 }] },
  ],
  specialDays: [
    { date: "12-25", day: 2 },
    { date: "2026-01-26", day: 2 },
  ],
};

let utility: FleetUtility;

beforeEach(async () => {
  utility = await fleetUtility({ startMs: START_MS });
});

/** Asks, waits, and says how it ended. */
async function ask(control: EndDeviceControl): Promise<{ state: string | undefined; outcome: string | undefined }> {
  const detail = await utility.ask(control);
  return { state: detail?.state, outcome: detail?.outcome };
}

const meter = () => {
  const device = utility.fleet.device(utility.meterIds[0]!);
  device.advance();
  return device.meter;
};

describe("settings of a meter through the command gate", () => {
  it("limit the supply, which the meter then keeps to, and lift the limit again", async () => {
    expect(await ask({ kind: "limit", watts: 20, overSeconds: 60 })).toEqual({
      state: "done",
      outcome: "read back: limit 20 W, exceeded for at most 60 s",
    });
    await utility.simulation.runUntil(utility.simulation.nowMs + 10 * MINUTE_MS);
    expect(meter().controlState).toBe("readyForReconnection");
    expect(await ask({ kind: "limit", overSeconds: 60 })).toEqual({ state: "done", outcome: "read back: no limit" });
    expect((await ask({ kind: "connect" })).state).toBe("done");
    await utility.simulation.runUntil(utility.simulation.nowMs + HOUR_MS);
    expect(meter().controlState).toBe("connected");
  });

  it("put a calendar in force at once: the meter counts by it", async () => {
    expect(await ask({ kind: "tariff", calendar: CALENDAR })).toEqual({
      state: "done",
      outcome: "read back: calendar TOU 2026 is in force",
    });
    const before = meter().tariffsAt(utility.simulation.nowMs);
    await utility.simulation.runUntil(utility.simulation.nowMs + 2 * HOUR_MS);
    const after = meter().tariffsAt(utility.simulation.nowMs);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBeGreaterThan(before[1] ?? 0);
  });

  it("let a calendar wait for its time", async () => {
    const activateAtMs = START_MS + 3 * HOUR_MS;
    expect(await ask({ kind: "tariff", calendar: CALENDAR, activateAtMs })).toEqual({
      state: "done",
      outcome: "read back: calendar TOU 2026 waits for its time",
    });
    expect(meter().tariffsAt(utility.simulation.nowMs)[1]).toBe(0);
    await utility.simulation.runUntil(START_MS + 5 * HOUR_MS);
    expect(meter().tariffsAt(utility.simulation.nowMs)[1]).toBeGreaterThan(0);
  });

  it("bring a message", async () => {
    expect(await ask({ kind: "message", text: "Work on your line on Friday" })).toEqual({
      state: "done",
      outcome: "read back: the message is in the meter",
    });
    const hex = meter().configured("0-0:96.13.0", 2) ?? "";
    expect(Buffer.from(hex, "hex").subarray(2).toString()).toBe("Work on your line on Friday");
  });

  it("end a billing period once for each command, and know it by what the meter counted", async () => {
    const ended = () => meter().functions.billing.count;
    const before = ended();
    const first = await ask({ kind: "resetDemand" });
    expect(first.state).toBe("done");
    expect(first.outcome).toMatch(new RegExp(`^read back: the last billing period ended 2026-01-20T.*, ${before + 1} in all$`));
    expect(ended()).toBe(before + 1);
    expect((await ask({ kind: "resetDemand" })).state).toBe("done");
    expect(ended()).toBe(before + 2);
  });

  it("bring a prepayment token, once, and say in words why another is refused", async () => {
    const [meterId = ""] = utility.meterIds;
    await utility.fleet.happen([meterId], (atMs) => ({ kind: "payment", atMs, change: { what: "activate" } }));
    const { vendingKey } = deriveMeterKeys(SECRET, meterId);
    const token = formatToken(mintToken(vendingKey, meterId, { id: 7, amount: 5_000 }));
    expect(await ask({ kind: "token", token })).toEqual({ state: "done", outcome: "read back: the token: it was executed" });
    expect(await ask({ kind: "token", token })).toEqual({
      state: "failed",
      outcome: "refused: the token: it is not valid, or was taken before",
    });
    expect(await ask({ kind: "token", token: token.replaceAll(/\d/g, "0") })).toEqual({
      state: "failed",
      outcome: "refused: the token: it is not authentic",
    });
    expect((await ask({ kind: "token", token: "12345" })).outcome).toBe("refused: the token: its format is wrong");
    await expect(ask({ kind: "token", token: "x".repeat(65) })).rejects.toMatchObject({ code: "bad-setting" });
  });

  it("are refused where they are none", async () => {
    const objection = (change: Partial<TariffCalendar>) => objectionToSetting({ kind: "tariff", calendar: { ...CALENDAR, ...change } });
    expect(objection({})).toBeUndefined();
    expect(objection({ seasons: [{ name: "S", month: 1, day: 1, week: "NONE" }] })).toContain("NONE");
    expect(objection({ weeks: [{ name: "ALL", days: [1, 1] }] })).toContain("seven days");
    expect(objection({ days: [{ id: 1, switches: [{ at: "7:00", tariff: 2 }] }] })).toContain("seven days");
    expect(objection({ days: [...CALENDAR.days, { id: 3, switches: [{ at: "25:00", tariff: 2 }] }] })).toContain("HH:MM");
    expect(objection({ specialDays: [{ date: "25 December", day: 1 }] })).toContain("special day");
    expect(objection({ name: "a name that is far too long" })).toContain("plain characters");
    expect(objectionToSetting({ kind: "limit", watts: 0, overSeconds: 1 })).toContain("W");
    expect(objectionToSetting({ kind: "message", text: "x".repeat(513) })).toContain("octets");
    await expect(ask({ kind: "limit", watts: -1, overSeconds: 1 })).rejects.toMatchObject({ code: "bad-setting" });
  });
});
