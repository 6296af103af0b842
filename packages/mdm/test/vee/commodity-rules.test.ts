import { QUALITY } from "@amity/model";
import { describe, expect, it } from "vitest";
import {
  compileRuleSet,
  RULE_KINDS,
  STANDARD_RULE_SET,
  validate,
  type EventSpan,
  type Series,
  type VeeContext,
} from "../../src/vee/index.ts";
import { COMMODITY_KINDS, contextOf, HOUR_MS, runRule, seriesOf } from "./series-fixtures.ts";

const DAY_MS = 24 * HOUR_MS;
const DAY = "2026-02-04T00:00:00Z";
const start = Date.parse(DAY);
const at = (days: number) => new Date(start + days * DAY_MS).toISOString();
/** Litres an hour of a home: asleep, up, away, back. */
const WATER_DAY = [0, 0, 0, 0, 0, 8, 60, 45, 5, 0, 0, 4, 12, 0, 0, 0, 6, 30, 55, 40, 25, 60, 12, 0];

const days = (count: number, hour: (day: number, hour: number) => number | undefined, from = 0): Series =>
  seriesOf(
    at(from),
    3600,
    Array.from({ length: count * 24 }, (_, index) => hour(Math.floor(index / 24) + from, index % 24)),
  );
const usual = (_: number, hour: number) => WATER_DAY[hour] ?? 0;
const dripping = (day: number, hour: number) => usual(day, hour) + 6;
const inM3 = (part: Partial<VeeContext> = {}, channel: Partial<VeeContext["channel"]> = {}) =>
  contextOf(part, { unit: "m3", scaler: -3, commodity: "water", kind: "volume", intervalSeconds: 3600, ...channel });
const inWh = (part: Partial<VeeContext> = {}) => contextOf(part, { commodity: "heat", intervalSeconds: 3600 });
const tenths = (count: number, of: (day: number, hour: number) => number, from = 0) => days(count, of, from);
const span = (kind: EventSpan["kind"], fromDay: number, toDay: number): EventSpan => ({
  kind,
  fromMs: start + fromDay * DAY_MS,
  toMs: start + toDay * DAY_MS,
});

describe("leak", () => {
  const rule = { kind: "leak", parameters: { zeroInUnitPerHour: 0.001 } } as const;

  it("is silent on a home that stands still at night", () => {
    expect(runRule(days(10, usual), inM3(), rule)).toEqual([]);
  });

  it("tells the third night without a standstill, with what runs away in a day", () => {
    const [finding, ...rest] = runRule(days(4, dripping), inM3(), rule);
    expect(rest).toEqual([]);
    expect(finding?.reason).toBe("3 nights up to 2026-02-06 without a standstill: at least 0.006 m3 an hour, 0.144 a day (limit 3 nights)");
    expect([finding?.fromMs, finding?.toMs]).toEqual([start + 2 * DAY_MS + HOUR_MS, start + 2 * DAY_MS + 5 * HOUR_MS]);
  });

  it("counts the nights before the judged day, and is told once however long it lasts", () => {
    const told = Array.from({ length: 12 }, (_, day) => {
      const history = day === 0 ? undefined : days(day, dripping);
      return runRule(days(1, dripping, day), inM3(history === undefined ? {} : { history }), rule).length;
    });
    expect(told).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("is told once more on the day on which it ends", () => {
    const mended = (day: number, hour: number) => (day < 6 ? dripping(day, hour) : usual(day, hour));
    const told = Array.from({ length: 10 }, (_, day) =>
      runRule(days(1, mended, day), inM3(day === 0 ? {} : { history: days(day, mended) }), rule).map(({ reason }) => reason),
    );
    expect(told.map((reasons) => reasons.length)).toEqual([0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    expect(told[6]?.[0]).toBe("it stands still again in the night of 2026-02-10, after 6 nights without: the leak has ended");
  });

  it("is told again as often as the rule set wants it", () => {
    const weekly = { kind: "leak", parameters: { zeroInUnitPerHour: 0.001, repeatNights: 7 } } as const;
    const told = Array.from(
      { length: 12 },
      (_, day) => runRule(days(1, dripping, day), inM3(day === 0 ? {} : { history: days(day, dripping) }), weekly).length,
    );
    expect(told.reduce((sum, count) => sum + count)).toBe(2);
  });

  it("forgets a leak that was mended for a night, and takes a night with a hole for no answer", () => {
    expect(
      runRule(
        days(5, (day, hour) => (day === 2 ? usual(day, hour) : dripping(day, hour))),
        inM3(),
        rule,
      ),
    ).toEqual([]);
    const holed = days(4, (day, hour) => (day === 1 && hour === 3 ? undefined : dripping(day, hour)));
    expect(runRule(holed, inM3(), rule).map(({ numbers }) => numbers["nights"])).toEqual([3]);
  });
});

describe("continuous flow", () => {
  it("is told on the day it passes its limit and not again on the next", () => {
    const rule = { kind: "continuousFlow", parameters: { minimumHours: 24 } } as const;
    const running = (day: number, hour: number) => (day * 24 + hour >= 30 ? 15 : usual(day, hour));
    const found = [0, 1, 2, 3].map(
      (day) => runRule(days(1, running, day), inM3(day === 0 ? {} : { history: days(day, running) }), rule).length,
    );
    expect(found).toEqual([0, 0, 1, 0]);
    expect(runRule(days(3, running), inM3(), rule)[0]?.numbers).toMatchObject({ hours: 43, lowestInUnit: 0.008 });
  });
});

describe("burst", () => {
  const rule = { kind: "burst" } as const;
  const history = days(10, usual, -10);

  it("is flow far above the highest hour known, for hours", () => {
    const broken = days(1, (day, hour) => (hour >= 14 && hour < 17 ? 900 : usual(day, hour)));
    const [finding] = runRule(broken, inM3({ history }), rule);
    expect(finding?.reason).toBe("0.9 m3 an hour for 3 h (limit 0.5 for 2 h)");
  });

  it("is neither a bath nor the usual of a large draw", () => {
    expect(
      runRule(
        days(1, (_, hour) => (hour === 20 ? 900 : 0)),
        inM3({ history }),
        rule,
      ),
    ).toEqual([]);
    const gardener = days(10, () => 700, -10);
    expect(
      runRule(
        days(1, () => 800),
        inM3({ history: gardener }),
        rule,
      ),
    ).toEqual([]);
  });
});

describe("backflow", () => {
  it("is a forward channel below zero, or any flow on a reverse one", () => {
    const back = days(1, (day, hour) => (hour === 2 || hour === 3 ? -4 : usual(day, hour)));
    expect(runRule(back, inM3(), { kind: "backflow" })[0]?.reason).toBe("0.008 m3 ran back in 2 intervals (tolerance 0)");
    expect(runRule(days(1, usual), inM3(), { kind: "backflow" })).toEqual([]);
    expect(
      runRule(
        days(1, (_, hour) => (hour === 4 ? 9 : 0)),
        inM3({}, { flow: "reverse" }),
        { kind: "backflow" },
      ),
    ).toHaveLength(1);
    expect(runRule(back, inM3(), { kind: "backflow", parameters: { toleranceInUnit: 0.01 } })).toEqual([]);
  });
});

describe("the meter's own alarms", () => {
  it("are told once, on the day on which they begin", () => {
    const spans = [span("leak", 1.5, 6), span("outage", 0, 1)];
    const found = [0, 1, 2].map((day) => runRule(days(1, usual, day), inM3({ spans }), { kind: "meterAlarm" }));
    expect(found.map((list) => list.length)).toEqual([0, 1, 0]);
    expect(found[1]?.[0]).toMatchObject({ reason: "the meter warned of a leak", fromIndex: 12, toIndex: 24 });
    expect(runRule(days(2, usual), inM3({ spans }), { kind: "meterAlarm", parameters: { alarms: ["burst"] } })).toEqual([]);
  });
});

describe("frost", () => {
  it("is water near freezing, in the meter or the return of a heat meter", () => {
    const mediumTemperature = tenths(1, (_, hour) => (hour >= 3 && hour < 6 ? 12 : 90));
    expect(runRule(days(1, usual), inM3({ mediumTemperature }), { kind: "frost" })[0]).toMatchObject({
      fromIndex: 3,
      toIndex: 6,
      reason: "the water was at 1.2 °C (limit 3 °C)",
    });
    expect(
      runRule(
        days(1, () => 0),
        inWh({ heat: { return: tenths(1, () => 20) } }),
        { kind: "frost" },
      ),
    ).toHaveLength(1);
    expect(runRule(days(1, usual), inM3(), { kind: "frost" })).toEqual([]);
  });
});

describe("stuck against heating demand", () => {
  const heating = (day: number) => (day < 6 ? 500 : 0);
  const cold = tenths(12, () => 20);
  const gas = (day: number, temperature = cold, spans: readonly EventSpan[] = []) =>
    runRule(days(1, heating, day), inM3({ history: days(day, heating), temperature, spans }, { commodity: "gas" }), { kind: "stuck" });

  it("is told when nothing was counted for two cold days where every cold day before drew", () => {
    expect([6, 7, 8].map((day) => gas(day).length)).toEqual([0, 1, 0]);
    expect(gas(7)[0]?.reason).toBe("nothing counted for 48 h at 2.0 °C outside, where 12.0 m3 a day are usual");
  });

  it("is no fault in the warm, with the supply shut, or where cold days never drew", () => {
    expect(
      gas(
        7,
        tenths(12, (day) => (day < 6 ? 20 : 180)),
      ),
    ).toEqual([]);
    expect(gas(7, cold, [span("disconnected", 6, 9)])).toEqual([]);
    const idle = days(7, () => 0);
    expect(
      runRule(
        days(2, () => 0, 7),
        inM3({ history: idle, temperature: cold }, { commodity: "gas" }),
        { kind: "stuck" },
      ),
    ).toEqual([]);
  });
});

describe("heat meters", () => {
  const volume = days(1, () => 50);
  const heat = { volume, volumeScaler: -3, supply: tenths(1, () => 700), return: tenths(1, () => 500) };
  /** 0.05 m3 x 20 K x 1.146 kWh is 1146 Wh an hour. */
  const sound = days(1, () => 1146);

  it("fit when energy is volume times temperature difference", () => {
    for (const kind of ["heatBalance", "temperatureDifference", "supplyReturnSwapped"] as const)
      expect(runRule(sound, inWh({ heat }), { kind })).toEqual([]);
  });

  it("show water without energy when supply and return are swapped", () => {
    const swapped = { ...heat, supply: heat.return, return: heat.supply };
    const [finding] = runRule(
      days(1, () => 0),
      inWh({ heat: swapped }),
      { kind: "supplyReturnSwapped" },
    );
    expect(finding?.reason).toBe("1.200 m³ of heating water in 24 h and no energy of it");
    expect(finding?.numbers["differenceK"]).toBe(-20);
  });

  it("show a difference that is too small, also of meters in joules", () => {
    const [finding] = runRule(
      days(1, () => 100),
      inWh({ heat: { volume, volumeScaler: -3 } }),
      { kind: "temperatureDifference" },
    );
    expect(finding?.reason).toBe("2026-02-04: 2.4 kWh from 1.20 m³ is a difference of 1.7 K (limit 3 K)");
    const joules = contextOf({ heat: { volume, volumeScaler: -3 } }, { commodity: "heat", unit: "J", scaler: 3, intervalSeconds: 3600 });
    expect(
      runRule(
        days(1, () => 360),
        joules,
        { kind: "temperatureDifference" },
      )[0]?.numbers["differenceK"],
    ).toBeCloseTo(1.745, 3);
  });

  it("show energy that volume and temperatures cannot explain", () => {
    const [finding] = runRule(
      days(1, () => 2292),
      inWh({ heat }),
      { kind: "heatBalance" },
    );
    expect(finding?.numbers["deviationPercent"]).toBeCloseTo(100, 6);
  });

  it("say nothing of a day whose water is not wholly known", () => {
    const holed = { ...heat, volume: days(1, (_, hour) => (hour === 7 ? undefined : 50)) };
    expect(
      runRule(
        days(1, () => 9000),
        inWh({ heat: holed }),
        { kind: "heatBalance" },
      ),
    ).toEqual([]);
  });
});

describe("the standard rules", () => {
  const rules = compileRuleSet(STANDARD_RULE_SET);
  const ruleIds = (series: Series, context: VeeContext) => validate(series, context, rules).findings.map(({ ruleId }) => ruleId);

  it("judge each commodity by its own", () => {
    const raw = (series: Series): Series => ({ ...series, qualities: new Uint16Array(series.values.length).fill(QUALITY.raw) });
    const back = raw(days(1, (day, hour) => (hour === 3 ? -20 : usual(day, hour))));
    expect(ruleIds(back, inM3())).toEqual(["water-backflow"]);
    expect(ruleIds(back, inM3({}, { commodity: "gas" }))).toEqual(["gas-backflow"]);
    expect(ruleIds(back, contextOf({}, { intervalSeconds: 3600 }))).toEqual(["negative"]);
    expect(ruleIds(raw(days(4, dripping)), inM3())).toEqual(["water-leak", "water-continuous-flow"]);
    // A pilot flame is no leak.
    expect(ruleIds(raw(days(4, () => 12)), inM3({}, { commodity: "gas" }))).toEqual([]);
    expect(ruleIds(raw(days(4, () => 45)), inM3({}, { commodity: "gas" }))).toEqual(["gas-leak"]);
  });

  it("have a plain sentence for every kind", () => {
    for (const kind of COMMODITY_KINDS) expect(RULE_KINDS[kind].summary).toMatch(/^[A-Z].*\.$/);
  });
});
