import { zoneOf } from "@amity/intervals";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { estimate, STANDARD_ESTIMATION_PLAN } from "../../src/estimation/index.ts";
import {
  compileRuleSet,
  markQualities,
  RULE_KINDS,
  validate,
  type EventSpan,
  type RuleKindName,
  type Series,
  type SpanKind,
} from "../../src/vee/index.ts";
import { contextOf } from "./series-fixtures.ts";

const base = Date.UTC(2026, 2, 28);
const everyKind = compileRuleSet({
  id: "all",
  version: 1,
  rules: (Object.keys(RULE_KINDS) as RuleKindName[]).map((kind) => ({ id: kind, kind, severity: "issue" })),
});
const zones = ["UTC", "Europe/Berlin", "Australia/Lord_Howe"].map(zoneOf);

/** Any values and any quality codes, also ones that no table knows, on a few grids around a clock change. */
const anySeries: fc.Arbitrary<Series> = fc
  .record({
    shift: fc.integer({ min: -200, max: 200 }),
    intervalSeconds: fc.constantFrom(900, 1800, 3600),
    slots: fc.array(fc.tuple(fc.integer({ min: -1000, max: 1_000_000 }), fc.integer({ min: 0, max: 0xffff })), { maxLength: 150 }),
  })
  .map(({ shift, intervalSeconds, slots }) => ({
    startMs: base + shift * intervalSeconds * 1000,
    intervalSeconds,
    values: Float64Array.from(slots, ([value]) => value),
    qualities: Uint16Array.from(slots, ([, code]) => code),
  }));
const anySpan: fc.Arbitrary<EventSpan> = fc
  .record({
    kind: fc.constantFrom<SpanKind>("outage", "disconnected", "inactive", "testMode", "clockSet", "storm", "meterExchange"),
    at: fc.integer({ min: -90, max: 90 }),
    hours: fc.integer({ min: -2, max: 60 }),
    shiftMs: fc.integer({ min: -1e7, max: 1e7 }),
  })
  .map(({ kind, at, hours, shiftMs }) => ({
    kind,
    fromMs: base + at * 1_700_000,
    toMs: base + at * 1_700_000 + hours * 3_600_000,
    shiftMs,
  }));
const anyRegisters = fc
  .array(fc.tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: 0, max: 100_000 })), { maxLength: 6 })
  .map((points) => ({
    points: points.map(([at, value]) => ({ atMs: base + at * 600_000, value })).toSorted((a, b) => a.atMs - b.atMs),
    modulus: 100_000,
    dialUnit: 1,
  }));
const anyInput = fc.record({
  series: anySeries,
  history: anySeries,
  checkMeter: anySeries,
  reactive: anySeries,
  replaces: anySeries,
  spans: fc.array(anySpan, { maxLength: 5 }),
  registers: anyRegisters,
  zone: fc.constantFrom(...zones),
  expected: fc.record({ fromMs: fc.integer({ min: base - 1e8, max: base }), toMs: fc.integer({ min: base, max: base + 1e8 }) }),
});

describe("whatever comes", () => {
  test("every kind of rule gives findings that can be kept, inside the time that was asked about, and leaves the series alone", () => {
    fc.assert(
      fc.property(anyInput, ({ series, zone, ...context }) => {
        const before = { values: Float64Array.from(series.values), qualities: Uint16Array.from(series.qualities) };
        const verdict = validate(
          series,
          contextOf({
            zone,
            ...context,
            siblings: [context.checkMeter],
            behind: [context.reactive],
            declared: { overlaps: [context.replaces], clockDeviationMs: 1e6 },
          }),
          everyKind,
        );
        for (const finding of verdict.findings) {
          expect(finding.toMs).toBeGreaterThanOrEqual(finding.fromMs);
          expect(finding.reason).not.toMatch(/NaN|undefined|Infinity/);
          expect(Object.values(finding.numbers).every(Number.isFinite)).toBe(true);
        }
        markQualities(series, verdict, everyKind);
        expect({ values: series.values, qualities: series.qualities }).toEqual(before);
      }),
      { numRuns: 400 },
    );
  });

  test("estimation gives safe integers and finite errors, and every decision lies in the series", () => {
    fc.assert(
      fc.property(anyInput, ({ series, zone, ...context }) => {
        const result = estimate(
          series,
          contextOf({ zone, ...context, temperature: context.reactive, classProfile: context.replaces }),
          STANDARD_ESTIMATION_PLAN,
        );
        expect(result.values).toHaveLength(series.values.length);
        expect(result.values.every(Number.isSafeInteger)).toBe(true);
        expect(result.standardErrors.every((error) => Number.isFinite(error) && error >= 0)).toBe(true);
        for (const decision of result.decisions) expect(decision.reason).not.toMatch(/NaN|undefined|Infinity/);
      }),
      { numRuns: 400 },
    );
  });
});
