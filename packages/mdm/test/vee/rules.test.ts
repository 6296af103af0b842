import { parseDay, zoneOf } from "@amity/intervals";
import { packQuality, QUALITY } from "@amity/model";
import { describe, expect, test } from "vitest";
import {
  compileRuleSet,
  markQualities,
  RULE_KINDS,
  STANDARD_RULE_SET,
  validate,
  type RuleKindName,
  type RuleSpec,
  type Series,
  type VeeContext,
} from "../../src/vee/index.ts";
import { COMMODITY_KINDS, contextOf, HOUR_MS, repeatDays, runRule, seriesOf } from "./series-fixtures.ts";

const DAY = "2026-05-04T00:00:00Z";
const DAY_MS = 24 * HOUR_MS;
const start = Date.parse(DAY);
/** A plausible day of hours in Wh: sleep, breakfast, work, evening. */
const HOURS = [200, 180, 170, 160, 170, 250, 600, 900, 500, 350, 300, 320, 400, 350, 300, 320, 500, 900, 1400, 1600, 1300, 900, 500, 300];
const total = HOURS.reduce((a, b) => a + b);
const good = () => seriesOf(DAY, 3600, HOURS);
const weeks = (count: number) => repeatDays(new Date(start - count * 7 * DAY_MS).toISOString(), 3600, HOURS, count * 7);
const flag = (method: "powerFailure" | "testMode") =>
  packQuality({ source: "endDevice", category: method === "testMode" ? "diagnostics" : "powerQuality", method, final: false });
const withQuality = (series: Series, at: number, quality: number): Series => ({
  ...series,
  qualities: series.qualities.map((code, index) => (index === at ? quality : code)),
});
const withValue = (series: Series, at: number, value: number): Series => ({
  ...series,
  values: series.values.map((old, index) => (index === at ? value : old)),
});
const hourly = (part: Partial<VeeContext> = {}, channel: Partial<VeeContext["channel"]> = {}) =>
  contextOf(part, { intervalSeconds: 3600, ...channel });
const registers = (advance: number, modulus = 0) => ({
  points: [
    { atMs: start, value: 50_000 },
    { atMs: start + DAY_MS, value: (50_000 + advance) % (modulus || Infinity) },
  ],
  modulus,
  dialUnit: 10,
});

interface Example {
  readonly kind: RuleKindName;
  readonly parameters?: RuleSpec["parameters"];
  readonly bad: readonly [Series, VeeContext];
  readonly fine: readonly [Series, VeeContext];
  /** Part of the reason that a person reads. */
  readonly says: RegExp;
}

const examples: readonly Example[] = [
  {
    kind: "gap",
    bad: [seriesOf(DAY, 3600, [1, undefined, undefined, 4]), hourly()],
    fine: [good(), hourly()],
    says: /^2 intervals are missing/,
  },
  {
    kind: "duplicate",
    bad: [good(), hourly({ declared: { overlaps: [withValue(good(), 3, 9)] } })],
    fine: [good(), hourly({ declared: { overlaps: [good()] } })],
    says: /delivered twice, 1 of them with different/,
  },
  {
    kind: "intervalSize",
    bad: [good(), hourly({}, { intervalSeconds: 900 })],
    fine: [good(), hourly()],
    says: /3600 s where the channel has 900 s/,
  },
  {
    kind: "unit",
    bad: [good(), hourly({ declared: { unit: "varh" } })],
    fine: [good(), hourly({ declared: { unit: "Wh" } })],
    says: /varh where the channel has Wh/,
  },
  {
    kind: "multiplier",
    bad: [good(), hourly({ declared: { multiplier: 40 } })],
    fine: [good(), hourly({ declared: { multiplier: 1 } })],
    says: /multiplier 40 where 1/,
  },
  {
    kind: "dayLength",
    bad: [
      seriesOf(
        "2026-03-08T08:00:00Z",
        900,
        Array.from({ length: 96 }, () => 1),
      ),
      contextOf({ zone: zoneOf("America/Los_Angeles"), declared: { dayCounts: [{ day: parseDay("2026-03-08") ?? 0, count: 96 }] } }),
    ],
    fine: [
      seriesOf(
        "2026-03-08T08:00:00Z",
        900,
        Array.from({ length: 92 }, () => 1),
      ),
      contextOf({ zone: zoneOf("America/Los_Angeles"), declared: { dayCounts: [{ day: parseDay("2026-03-08") ?? 0, count: 92 }] } }),
    ],
    says: /2026-03-08 has 96 intervals where its civil day has 92/,
  },
  {
    kind: "negative",
    bad: [withValue(good(), 5, -3), hourly()],
    fine: [withValue(good(), 5, -3), hourly({}, { mayBeNegative: true })],
    says: /lowest -3 Wh/,
  },
  {
    kind: "zeroRun",
    bad: [
      seriesOf(
        DAY,
        3600,
        HOURS.map(() => 0),
      ),
      hourly(),
    ],
    fine: [
      seriesOf(
        DAY,
        3600,
        HOURS.map(() => 0),
      ),
      hourly({ spans: [{ kind: "disconnected", fromMs: start, toMs: start + DAY_MS }] }),
    ],
    says: /no consumption for 24 h/,
  },
  {
    kind: "highLow",
    bad: [
      seriesOf(
        DAY,
        3600,
        HOURS.map((value) => value * 4),
      ),
      hourly({ history: weeks(2) }),
    ],
    fine: [good(), hourly({ history: weeks(2) })],
    says: /400 % of the average/,
  },
  {
    kind: "limit",
    parameters: { maximumInUnitPerHour: 20_000 },
    bad: [withValue(good(), 7, 20_001), hourly()],
    fine: [withValue(good(), 7, 20_000), hourly()],
    says: /20001 Wh in one interval \(limit 20000\)/,
  },
  { kind: "spike", bad: [withValue(good(), 7, 9000), hourly()], fine: [good(), hourly()], says: /above the third highest/ },
  {
    kind: "repeated",
    bad: [
      seriesOf(
        DAY,
        3600,
        HOURS.map((value, index) => (index > 8 && index < 16 ? 333 : value)),
      ),
      hourly(),
    ],
    fine: [good(), hourly()],
    says: /333 Wh repeats in 7 intervals/,
  },
  {
    kind: "sumCheck",
    bad: [good(), hourly({ registers: registers(total + 11) })],
    fine: [good(), hourly({ registers: registers(total + 10) })],
    says: /the register moved by/,
  },
  {
    kind: "rollover",
    bad: [good(), hourly({ registers: registers(-5) })],
    fine: [good(), hourly({ registers: registers(60_000, 100_000) })],
    says: /went back from 50000 to 49995/,
  },
  {
    kind: "registerDelta",
    bad: [
      good(),
      hourly({
        registers: {
          modulus: 0,
          dialUnit: 1,
          points: [0, 1, 2].map((day) => ({ atMs: start + day * DAY_MS, value: [0, 10, 40][day] ?? 0 })),
        },
      }),
    ],
    fine: [
      good(),
      hourly({
        registers: {
          modulus: 0,
          dialUnit: 1,
          points: [0, 1, 2].map((day) => ({ atMs: start + day * DAY_MS, value: [0, 10, 22][day] ?? 0 })),
        },
      }),
    ],
    says: /a change of 66.67 %/,
  },
  {
    kind: "inactive",
    bad: [good(), hourly({ spans: [{ kind: "inactive", fromMs: start + 3 * HOUR_MS, toMs: start + 6 * HOUR_MS }] })],
    fine: [
      seriesOf(
        DAY,
        3600,
        HOURS.map((value, index) => (index >= 3 && index < 6 ? 0 : value)),
      ),
      hourly({ spans: [{ kind: "inactive", fromMs: start + 3 * HOUR_MS, toMs: start + 6 * HOUR_MS }] }),
    ],
    says: /580 Wh used while inactive/,
  },
  {
    kind: "flagged",
    bad: [withQuality(good(), 4, flag("powerFailure")), hourly()],
    fine: [good(), hourly()],
    says: /flagged 1 intervals: powerFailure/,
  },
  {
    kind: "clock",
    bad: [good(), hourly({ declared: { clockDeviationMs: -181_000 } })],
    fine: [good(), hourly({ declared: { clockDeviationMs: 180_000 } })],
    says: /off by -181 s/,
  },
  {
    kind: "timeShift",
    bad: [seriesOf(DAY, 3600, [...HOURS.slice(-2), ...HOURS.slice(0, -2)]), hourly({ history: weeks(4) })],
    fine: [good(), hourly({ history: weeks(4) })],
    says: /when moved by -120 min/,
  },
  {
    kind: "prolongedEstimation",
    parameters: { maximumDays: 2 },
    bad: [seriesOf(DAY, 3600, [...HOURS, ...HOURS, ...HOURS], QUALITY.estimatedLikeDay), hourly()],
    fine: [good(), hourly()],
    says: /missing for 3.0 days/,
  },
  {
    kind: "replacement",
    bad: [withValue(good(), 2, 171), hourly({ replaces: { ...good(), qualities: good().qualities.map((code) => code | 0x8000) } })],
    fine: [good(), hourly({ replaces: good() })],
    says: /1 stored intervals would change by 1 Wh in all, 1 of them final/,
  },
  {
    kind: "siblingTotal",
    bad: [good(), hourly({ siblings: [withValue(good(), 0, 2000)] })],
    fine: [
      good(),
      hourly({
        siblings: [
          seriesOf(
            DAY,
            3600,
            HOURS.map((value) => value - 50),
          ),
          seriesOf(
            DAY,
            3600,
            HOURS.map(() => 50),
          ),
        ],
      }),
    ],
    says: /siblings add up to 14670 Wh, this channel has 12870/,
  },
  {
    kind: "checkMeter",
    bad: [
      good(),
      hourly({
        checkMeter: seriesOf(
          DAY,
          3600,
          HOURS.map((value) => value * 1.05),
        ),
      }),
    ],
    fine: [
      good(),
      hourly({
        checkMeter: seriesOf(
          DAY,
          3600,
          HOURS.map((value) => value * 1.01),
        ),
      }),
    ],
    says: /of the check meter/,
  },
  {
    kind: "energyBalance",
    bad: [
      good(),
      hourly({
        behind: [
          seriesOf(
            DAY,
            3600,
            HOURS.map((value) => value * 0.8),
          ),
        ],
      }),
    ],
    fine: [
      good(),
      hourly({
        behind: [
          seriesOf(
            DAY,
            3600,
            HOURS.map((value) => value * 0.97),
          ),
        ],
      }),
    ],
    says: /20.0 % of the energy is unaccounted for/,
  },
  {
    kind: "reactive",
    bad: [
      good(),
      hourly({
        reactive: seriesOf(
          DAY,
          3600,
          HOURS.map((value) => value * 4),
        ),
      }),
    ],
    fine: [good(), hourly({ reactive: good() })],
    says: /more than 3 times the active/,
  },
  {
    kind: "powerFactor",
    bad: [good(), hourly({ reactive: good() })],
    fine: [
      good(),
      hourly({
        reactive: seriesOf(
          DAY,
          3600,
          HOURS.map((value) => value / 4),
        ),
      }),
    ],
    says: /power factor 0.707/,
  },
];

describe("validation rules", () => {
  test("every kind of rule has an example here", () => {
    expect([...examples.map((example) => example.kind), ...COMMODITY_KINDS].toSorted()).toEqual(Object.keys(RULE_KINDS).toSorted());
  });

  test.each(examples.map((example) => [example.kind, example] as const))(
    "%s objects to the bad series and says why, and passes the good one",
    (kind, example) => {
      const rule = { kind, ...(example.parameters === undefined ? {} : { parameters: example.parameters }) };
      const findings = runRule(...example.bad, rule);
      expect(findings).toHaveLength(1);
      expect(findings[0]?.reason).toMatch(example.says);
      expect(findings[0]).toMatchObject({
        ruleSetId: "test",
        ruleSetVersion: 3,
        kind,
        parameters: { ...RULE_KINDS[kind].defaults, ...example.parameters },
      });
      expect(runRule(...example.fine, rule)).toEqual([]);
    },
  );

  test("a gap reaches beyond the series where more was expected", () => {
    const findings = runRule(good(), hourly({ expected: { fromMs: start - 2 * HOUR_MS, toMs: start + DAY_MS + HOUR_MS } }), {
      kind: "gap",
    });
    expect(findings.map(({ fromMs, toMs }) => [fromMs - start, toMs - start])).toEqual([
      [-2 * HOUR_MS, 0],
      [DAY_MS, DAY_MS + HOUR_MS],
    ]);
  });

  test("a reading taken within an interval leaves that interval's share open", () => {
    const points = [
      { atMs: start + HOUR_MS / 2, value: 0 },
      { atMs: start + 3.5 * HOUR_MS, value: 100 + 180 + 170 + 80 },
    ];
    expect(runRule(good(), hourly({ registers: { points, modulus: 0, dialUnit: 1 } }), { kind: "sumCheck" })).toEqual([]);
    const low = points.map((point) => ({ ...point, value: point.value === 0 ? 0 : 340 }));
    expect(runRule(good(), hourly({ registers: { points: low, modulus: 0, dialUnit: 1 } }), { kind: "sumCheck" })).toHaveLength(1);
  });

  test("a share of nothing is said in words, and only numbers that can be kept are kept", () => {
    const findings = [
      ...runRule(
        good(),
        hourly({
          history: repeatDays(
            new Date(start - 14 * DAY_MS).toISOString(),
            3600,
            HOURS.map(() => 0),
            14,
          ),
        }),
        { kind: "highLow" },
      ),
      ...runRule(
        seriesOf(
          DAY,
          3600,
          HOURS.map(() => 0),
        ),
        hourly({ behind: [good()] }),
        { kind: "energyBalance" },
      ),
      ...runRule(
        good(),
        hourly({
          registers: {
            modulus: 0,
            dialUnit: 1,
            points: [0, 1, 2].map((day) => ({ atMs: start + day * DAY_MS, value: [0, 10, 10][day] ?? 0 })),
          },
        }),
        { kind: "registerDelta" },
      ),
    ];
    expect(findings.map((finding) => finding.reason)).toEqual([
      expect.stringContaining("against the average 0.0"),
      expect.stringContaining("nothing went in"),
      expect.stringContaining("to nothing"),
    ]);
    for (const finding of findings) expect(JSON.parse(JSON.stringify(finding.numbers))).toEqual(finding.numbers);
  });

  test("a meter exchange is no register that went back", () => {
    const context = hourly({
      registers: registers(-5),
      spans: [{ kind: "meterExchange", fromMs: start + HOUR_MS, toMs: start + HOUR_MS }],
    });
    expect(runRule(good(), context, { kind: "rollover" })).toEqual([]);
  });

  test("a zero run counts the zeros at the end of the history", () => {
    const zeros = seriesOf(
      DAY,
      3600,
      HOURS.map((value, index) => (index < 6 ? 0 : value)),
    );
    expect(runRule(zeros, hourly(), { kind: "zeroRun" })).toEqual([]);
    const history = seriesOf(
      new Date(start - DAY_MS).toISOString(),
      3600,
      HOURS.map((value, index) => (index >= 4 ? 0 : value)),
    );
    expect(runRule(zeros, hourly({ history }), { kind: "zeroRun" })[0]?.numbers).toMatchObject({ runHours: 26 });
  });
});

describe("rule sets", () => {
  const compile = (rules: readonly RuleSpec[]) => compileRuleSet({ id: "x", version: 1, rules });

  test("the standard set compiles and finds nothing in a plain day", () => {
    expect(
      validate(good(), hourly({ history: weeks(4), registers: registers(total) }), compileRuleSet(STANDARD_RULE_SET)).findings,
    ).toEqual([]);
  });

  test("a wrong kind, parameter or type is refused by name", () => {
    expect(() => compile([{ id: "a", kind: "nonsense" as RuleKindName, severity: "info" }])).toThrow(/rule a has unknown kind nonsense/);
    expect(() => compile([{ id: "a", kind: "toString" as RuleKindName, severity: "info" }])).toThrow(/unknown kind/);
    expect(() => compile([{ id: "a", kind: "spike", severity: "info", parameters: { ration: 2 } }])).toThrow(
      /no parameter ration \(it has ratio, scope, minimumInUnit\)/,
    );
    expect(() => compile([{ id: "a", kind: "spike", severity: "info", parameters: { ratio: "2" } }])).toThrow(/ratio must be a number/);
    expect(() =>
      compile([
        { id: "a", kind: "spike", severity: "info" },
        { id: "a", kind: "gap", severity: "info" },
      ]),
    ).toThrow(/rule id a occurs twice/);
  });

  test("order, eligibility and termination decide which rules run", () => {
    const rules: RuleSpec[] = [
      { id: "late", kind: "negative", severity: "issue", order: 9 },
      { id: "stop", kind: "unit", severity: "terminate", order: 1 },
      { id: "others", kind: "negative", severity: "issue", order: 0, eligibility: { channelClasses: ["industrial"] } },
      { id: "off", kind: "negative", severity: "issue", order: 0, enabled: false },
    ];
    const bad = withValue(good(), 1, -1);
    expect(validate(bad, hourly(), compile(rules)).findings.map((finding) => finding.ruleId)).toEqual(["late"]);
    const stopped = validate(bad, hourly({ declared: { unit: "W" } }), compile(rules));
    expect(stopped).toMatchObject({ terminated: true });
    expect(stopped.findings.map((finding) => finding.ruleId)).toEqual(["stop"]);
  });

  test("raw becomes validated, failed intervals say by what, anything else keeps its quality", () => {
    const raw = seriesOf(DAY, 3600, HOURS, QUALITY.raw);
    const series = withQuality(withValue(raw, 5, -1), 6, QUALITY.editedManually);
    const ruleSet = compile([{ id: "n", kind: "negative", severity: "issue" }]);
    const qualities = markQualities(series, validate(series, hourly(), ruleSet), ruleSet);
    expect(qualities[4]).toBe(QUALITY.validated);
    expect(qualities[5]).toBe(packQuality({ source: "mdms", category: "failedValidation", method: "negative", final: false }));
    expect(qualities[6]).toBe(QUALITY.editedManually);
  });

  test("findings are cut off at a limit and say so", () => {
    const flood = seriesOf(
      DAY,
      60,
      Array.from({ length: 5000 }, (_, index) => (index % 2 === 0 ? -1 : 1)),
    );
    const verdict = validate(flood, contextOf(), compile([{ id: "n", kind: "negative", severity: "issue" }]));
    expect(verdict).toMatchObject({ truncated: true });
    expect(verdict.findings).toHaveLength(1000);
  });
});
