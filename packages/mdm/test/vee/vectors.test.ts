import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseDay, zoneOf } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { describe, expect, test } from "vitest";
import { estimate, STANDARD_ESTIMATION_PLAN } from "../../src/estimation/index.ts";
import { monthlyEstimate } from "../../src/estimation/monthly.ts";
import { powerFactorAdjustedKw } from "../../src/usage/index.ts";
import { allocateUnaccounted, transformerLoading, unaccountedForEnergy } from "../../src/settlement/index.ts";
import { intervalsInDay } from "../../src/usage/index.ts";
import { changePercent, registerAdvance, type Series } from "../../src/vee/index.ts";
import { contextOf, runRule, seriesOf } from "./series-fixtures.ts";

const path = fileURLToPath(new URL("../../../../../shared/vectors/mdm/vee-vectors.json", import.meta.url));
const vectors: Record<string, Vector> = existsSync(path)
  ? Object.fromEntries((JSON.parse(readFileSync(path, "utf8")) as { vectors: Vector[] }).vectors.map((vector) => [vector.id, vector]))
  : {};
const wh = (kwh: number) => Math.round(kwh * 1000);
const day = "2026-05-04T00:00:00Z";

/** The fields that the vectors use; each vector has some of them. */
interface Vector {
  readonly id: string;
  readonly result: string;
  readonly tz: string;
  readonly date: string;
  readonly intervals_kwh_day: readonly number[];
  readonly estimates: readonly number[];
  readonly ref: readonly (readonly number[])[];
  readonly est: readonly number[];
  readonly scaled: readonly number[];
  readonly loads: Readonly<Record<string, number>>;
  readonly alloc: Readonly<Record<string, number>>;
  readonly expected_intervals: number & Readonly<Record<string, number>>;
  readonly [field: string]: unknown;
}

/** A vector; its remaining fields are numbers. */
function vectorOf(id: string): Vector & Readonly<Record<NumberField, number>> {
  return vectors[id] as Vector & Readonly<Record<NumberField, number>>;
}
type NumberField =
  | "highest"
  | "third"
  | "ratio"
  | "start"
  | "end"
  | "multiplier"
  | "interval_sum"
  | "diff"
  | "digits"
  | "usage"
  | "left"
  | "right"
  | "missing"
  | "interval_min"
  | "known_sum"
  | "register_advance"
  | "register_diff"
  | "each"
  | "adl_kwh"
  | "intervals"
  | "hist_kwh"
  | "hist_days"
  | "est_days"
  | "constant"
  | "last_read"
  | "adu"
  | "trunc"
  | "est_read"
  | "prev_usage"
  | "prev_days"
  | "cur_usage"
  | "cur_days"
  | "pct"
  | "kw"
  | "pf"
  | "adjusted"
  | "generation"
  | "losses"
  | "ufe"
  | "sum_kw"
  | "nameplate"
  | "kva";

describe.skipIf(!existsSync(path))("the published and derived VEE vectors reproduce exactly", () => {
  test.each(["spike-fail", "spike-pass"])("%s", (id) => {
    const vector = vectorOf(id);
    const findings = runRule(seriesOf(day, 3600, vector.intervals_kwh_day.map(wh)), contextOf(), { kind: "spike" });
    expect(findings.length).toBe(vector.result === "FAIL" ? 1 : 0);
    if (findings[0] !== undefined)
      expect(findings[0].numbers).toMatchObject({ highestInUnit: wh(vector.highest), thirdInUnit: wh(vector.third), ratio: vector.ratio });
  });

  test("spike-boundary: exactly the ratio passes", () => {
    const { highest, third } = vectorOf("spike-boundary");
    const values = [wh(highest), wh(third + 1), wh(third), 0, 0];
    expect(runRule(seriesOf(day, 3600, values), contextOf(), { kind: "spike" })).toEqual([]);
    expect(runRule(seriesOf(day, 3600, [wh(highest) + 1, ...values.slice(1)]), contextOf(), { kind: "spike" })).toHaveLength(1);
  });

  test.each(["sumcheck-pass", "sumcheck-fail-mult"])("%s", (id) => {
    const { start, end, multiplier, interval_sum: sum, diff, result } = vectorOf(id);
    const series = seriesOf(day, 3600, [...Array.from({ length: 23 }, () => wh(sum / 24)), wh(sum) - 23 * wh(sum / 24)]);
    const registers = {
      points: [
        { atMs: series.startMs, value: wh(start * multiplier) },
        { atMs: series.startMs + 86_400_000, value: wh(end * multiplier) },
      ],
      modulus: 0,
      dialUnit: wh(multiplier),
    };
    const findings = runRule(series, contextOf({ registers }, { multiplier }), { kind: "sumCheck" });
    expect(findings.length).toBe(result === "FAIL" ? 1 : 0);
    if (findings[0] !== undefined) expect(findings[0].numbers["differenceInUnit"]).toBe(wh(diff));
  });

  test("rollover of a five-digit register", () => {
    const { digits, start, end, usage } = vectorOf("rollover");
    expect(registerAdvance(start, end, 10 ** digits, 1000)).toEqual({ kind: "rollover", counts: usage });
    expect(registerAdvance(start, end, 10 ** digits, usage - 1).kind).toBe("backwards");
  });

  test("linear-2h and the gap that is too long for it", () => {
    const { left, right, missing, estimates, interval_min: minutes } = vectorOf("linear-2h");
    const hole = (count: number) => [wh(left), ...Array.from({ length: count }, () => undefined), wh(right)];
    const plan = { ...STANDARD_ESTIMATION_PLAN, steps: [{ kind: "linear" as const }] };
    const result = estimate(seriesOf(day, minutes * 60, hole(missing)), contextOf(), plan);
    expect(Array.from(result.values.slice(1, -1))).toEqual(estimates.map(wh));
    const long = estimate(seriesOf(day, minutes * 60, hole(vectorOf("linear-gap-too-long").missing)), contextOf(), plan);
    expect(long.decisions[0]).toMatchObject({ outcome: "none", tried: ["linear: longer than 120 min"] });
  });

  test("hist-3day: the mean of the three nearest same weekdays", () => {
    const { ref, estimates } = vectorOf("hist-3day");
    const noise = Array.from({ length: 24 }, () => 77_000);
    const mondays = ref.map(([first, second]) => [wh(first ?? 0), wh(second ?? 0), ...noise.slice(2)]);
    // Mondays and the days between them, oldest first; the last Monday has the hole.
    const history = mondays.flatMap((monday) => [...monday, ...Array.from({ length: 6 }, () => noise).flat()]);
    const series = seriesOf("2026-06-01T00:00:00Z", 3600, [undefined, undefined, ...noise.slice(2)]);
    const start = new Date(series.startMs - 21 * 86_400_000).toISOString();
    const plan = { ...STANDARD_ESTIMATION_PLAN, steps: [{ kind: "likeDay" as const }] };
    const result = estimate(series, contextOf({ history: seriesOf(start, 3600, history) }), plan);
    expect(Array.from(result.values.slice(0, 2))).toEqual(estimates.map(wh));
  });

  test("scale-to-register and flatline", () => {
    const scaled = vectorOf("scale-to-register");
    expect(scaleCase(scaled.known_sum, scaled.est, scaled.register_advance)).toEqual(scaled.scaled.map(wh));
    const flat = vectorOf("flatline");
    expect(
      scaleCase(
        flat.known_sum,
        Array.from({ length: flat.missing }, () => 0),
        flat.register_diff,
      ),
    ).toEqual(Array.from({ length: flat.missing }, () => wh(flat.each)));
  });

  test("adl: the average daily load spread evenly", () => {
    const { adl_kwh: daily, intervals, each } = vectorOf("adl");
    const plan = {
      ...STANDARD_ESTIMATION_PLAN,
      steps: [{ kind: "averageDailyLoad" as const, parameters: { fallbackInUnitPerDay: wh(daily) } }],
    };
    const result = estimate(seriesOf(day, 86_400 / intervals, [undefined, undefined]), contextOf(), plan);
    expect([...result.values]).toEqual([wh(each), wh(each)]);
  });

  test("ca-monthly-rounding: round, round, divide, truncate, add", () => {
    const v = vectorOf("ca-monthly-rounding");
    const result = monthlyEstimate({
      historyKwh: v.hist_kwh,
      historyDays: v.hist_days,
      estimateDays: v.est_days,
      meterConstant: v.constant,
      lastRead: v.last_read,
    });
    expect(result).toEqual({ averageDailyUse: v.adu, usage: v.usage, dialUnits: v.trunc, estimatedRead: v.est_read });
  });

  test("consec-delta-pct", () => {
    const v = vectorOf("consec-delta-pct");
    expect(changePercent(v.prev_usage / v.prev_days, v.cur_usage / v.cur_days)).toBeCloseTo(v.pct, 2);
  });

  test("pf95: kW adjusted by the power factor", () => {
    const v = vectorOf("pf95");
    expect(powerFactorAdjustedKw(v.kw, v.pf, 0.95).toNumber()).toBe(v.adjusted);
  });

  test.each(["dst-spring", "dst-fall"])("%s", (id) => {
    const v = vectorOf(id);
    expect(intervalsInDay(parseDay(v.date) ?? Number.NaN, v.interval_min * 60, zoneOf(v.tz))).toBe(v.expected_intervals);
  });

  test("nem-no-dst: 288, 96 and 48 intervals on every day of the year", () => {
    const zone = zoneOf("Etc/GMT-10");
    for (const [minutes, expected] of Object.entries(vectorOf("nem-no-dst").expected_intervals as Readonly<Record<string, number>>)) {
      for (let dayNumber = 20_454; dayNumber < 20_454 + 365; dayNumber += 1)
        expect(intervalsInDay(dayNumber, Number(minutes) * 60, zone)).toBe(expected);
    }
  });

  test("ufe: what nobody accounts for, shared by load", () => {
    const v = vectorOf("ufe");
    const { loads } = v;
    const ufe = unaccountedForEnergy(
      v.generation,
      Object.values(loads).reduce((a, b) => a + b),
      v.losses,
    );
    expect(ufe).toBe(v.ufe);
    const shares = allocateUnaccounted(ufe * 10_000, new Map(Object.entries(loads)));
    expect(Object.fromEntries([...shares].map(([name, share]) => [name, share / 10_000]))).toEqual(v.alloc);
  });

  test("xfmr: apparent power by the default power factor", () => {
    const v = vectorOf("xfmr");
    const loading = transformerLoading({ kw: v.sum_kw, nameplateKva: v.nameplate });
    expect(loading.kva).toBeCloseTo(v.kva, 3);
    expect(loading.percent).toBeCloseTo(v.pct, 2);
  });
});

/** Estimates put by hand between two readings, then scaled. */
function scaleCase(knownKwh: number, estimatesKwh: readonly number[], advanceKwh: number): readonly number[] {
  const profile = seriesOf(day, 3600, [...estimatesKwh.map(wh), 1000]);
  const series: Series = seriesOf(day, 3600, [...estimatesKwh.map(() => undefined), wh(knownKwh)], QUALITY.validated);
  const registers = {
    points: [
      { atMs: series.startMs, value: 0 },
      { atMs: series.startMs + series.values.length * 3_600_000, value: wh(advanceKwh) },
    ],
    modulus: 0,
    dialUnit: 1000,
  };
  const plan = { ...STANDARD_ESTIMATION_PLAN, steps: [{ kind: "checkMeter" as const, parameters: { rescale: false } }] };
  const result = estimate(series, contextOf({ registers, checkMeter: profile }), plan);
  return Array.from(result.values.slice(0, estimatesKwh.length));
}
