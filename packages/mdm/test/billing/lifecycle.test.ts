import { QUALITY } from "@amity/model";
import { describe, expect, test } from "vitest";
import { bestRead, cancellationOf, changedPins, compareBills, holdsOf, monthlyCycle } from "../../src/billing/index.ts";
import { prepareTariff, rate } from "../../src/rating/index.ts";
import { CENT, inputOf, partOf, tariffOf } from "../rating/usage-fixtures.ts";

const HOUR_MS = 3_600_000;
const tariff = prepareTariff(
  tariffOf(
    [
      { kind: "energy", id: "energy", label: "Energy", flow: "import", rate: "0.25" },
      { kind: "fixed", id: "standing", label: "Standing charge", amount: "0.4", per: "day" },
      { kind: "percentage", id: "vat", label: "VAT", percent: "19", isTax: true },
    ],
    { rounding: CENT },
  ),
);

function juneBill(options: { quality?: number; badHours?: number; extraWh?: number; version?: number } = {}) {
  const part = partOf("2026-06-01", "2026-07-01", (_, index) => 500 + (index === 100 ? (options.extraWh ?? 0) : 0));
  part.series.qualities.fill(options.quality ?? QUALITY.missing, 0, options.badHours ?? 0);
  const blocks = Array.from({ length: 30 }, (_, day) => ({
    channelId: "import",
    dayStartMs: Date.UTC(2026, 5, 1 + day),
    version: day === 4 ? (options.version ?? 1) : 1,
  }));
  return rate(tariff, inputOf("2026-06-01", "2026-07-01", { import: [{ ...part, blocks }] }));
}

describe("the gate before billing", () => {
  const facts = { days: 30 };

  test("a whole, actual bill passes", () => {
    expect(holdsOf(juneBill(), facts)).toEqual([]);
  });

  test("holes, failures and too many estimates hold a bill, with the numbers", () => {
    expect(holdsOf(juneBill({ badHours: 2 }), facts)).toMatchObject([
      { kind: "missing", numbers: { intervals: 2 }, reason: "2 of 720 intervals are missing (limit 0.0 %)" },
    ]);
    expect(holdsOf(juneBill({ badHours: 72, quality: QUALITY.estimatedLikeDay }), facts)).toEqual([]);
    expect(holdsOf(juneBill({ badHours: 73, quality: QUALITY.estimatedLikeDay }), facts)).toMatchObject([{ kind: "estimated" }]);
    expect(
      holdsOf(juneBill({ badHours: 20, quality: QUALITY.estimatedLikeDay }), {
        ...facts,
        unscaledEstimates: 80,
        estimateOverOutageAtEnd: true,
      }).map((hold) => hold.kind),
    ).toEqual(["unscaledEstimates", "estimateOverOutageAtEnd"]);
  });

  test("time that no meter covers counts as missing", () => {
    const part = partOf("2026-06-01", "2026-06-30", () => 500);
    const bill = rate(tariff, inputOf("2026-06-01", "2026-07-01", { import: [part] }));
    expect(bill.quality).toMatchObject({ intervals: 720, missing: 24 });
    const none = rate(tariff, inputOf("2026-06-01", "2026-07-01", {}));
    expect(holdsOf(none, facts)).toMatchObject([{ kind: "noUsage" }]);
  });

  test("a bill far from the usual waits; three earlier bills are needed to know the usual", () => {
    const earlier = [1, 2, 3].map(() => ({ total: "40", days: 31 }));
    expect(holdsOf(juneBill(), { ...facts, earlier })).toMatchObject([{ kind: "high" }]);
    expect(holdsOf(juneBill(), { ...facts, earlier: earlier.slice(1) })).toEqual([]);
    expect(holdsOf(juneBill(), { ...facts, earlier: earlier.map((bill) => ({ ...bill, total: "300" })) })).toEqual([]);
    expect(holdsOf(juneBill(), { ...facts, earlier: earlier.map((bill) => ({ ...bill, total: "4000" })) })).toMatchObject([
      { kind: "low" },
    ]);
  });
});

describe("a late correction to a locked bill", () => {
  test("shows which pinned versions changed, cancels the bill to nothing and says what the new one changes", () => {
    const locked = juneBill();
    const rebilled = juneBill({ extraWh: 10_000, version: 2 });
    const current = (pin: { dayStartMs: number }) => (pin.dayStartMs === Date.UTC(2026, 5, 5) ? 2 : 1);
    expect(changedPins(locked, current)).toEqual([
      { channelId: "import", dayStartMs: Date.UTC(2026, 5, 5), billedVersion: 1, currentVersion: 2 },
    ]);
    expect(changedPins(rebilled, current)).toEqual([]);
    const cancellation = cancellationOf(locked);
    expect(Number(cancellation.total) + Number(locked.total)).toBe(0);
    expect(cancellation.lines.map((line) => line.amount)).toEqual(locked.lines.map((line) => `-${line.amount}`));
    expect(compareBills(locked, rebilled)).toEqual({
      lines: [
        {
          chargeId: "energy",
          label: "Energy",
          quantityBefore: "360",
          quantityAfter: "370",
          amountBefore: "90",
          amountAfter: "92.5",
          difference: "2.5",
        },
        {
          chargeId: "vat",
          label: "VAT",
          quantityBefore: "102",
          quantityAfter: "104.5",
          amountBefore: "19.38",
          amountAfter: "19.86",
          difference: "0.48",
        },
      ],
      totalBefore: "121.38",
      totalAfter: "124.36",
      difference: "2.98",
    });
  });
});

describe("best read", () => {
  const wantedMs = Date.UTC(2026, 6, 1);
  const window = { wantedMs, earliestMs: wantedMs - 48 * HOUR_MS, latestMs: wantedMs + 24 * HOUR_MS };
  const at = (hours: number, value: number, quality: number = QUALITY.validated) => ({ atMs: wantedMs + hours * HOUR_MS, value, quality });

  test("an actual read further away before an estimate nearby; of actual ones the nearest; of equals the earlier", () => {
    expect(bestRead([at(-30, 1), at(1, 2, QUALITY.estimatedLinear)], window)).toMatchObject({ kind: "read", read: { value: 1 } });
    expect(bestRead([at(-30, 1), at(-3, 2), at(5, 3)], window)).toMatchObject({ read: { value: 2 } });
    expect(bestRead([at(3, 2), at(-3, 1)], window)).toMatchObject({ read: { value: 1 } });
  });

  test("none in the window: between the reads around it, by time; none on both sides: nothing is invented", () => {
    expect(bestRead([at(-72, 1000), at(72, 1144)], window)).toMatchObject({ kind: "interpolated", read: { atMs: wantedMs, value: 1072 } });
    expect(bestRead([at(-72, 1000)], window)).toMatchObject({ kind: "none" });
  });

  test("cycles cut at the 31st end with the month's last day", () => {
    const day = (text: string) => Date.parse(text) / 86_400_000;
    expect(monthlyCycle(2026, 1, { dayOfMonth: 31, delayDays: 2, windowDays: 5 })).toEqual({
      fromDay: day("2026-01-31"),
      toDay: day("2026-02-28"),
      openDay: day("2026-03-02"),
      closeDay: day("2026-03-07"),
    });
    expect(monthlyCycle(2026, 0, { dayOfMonth: 1, delayDays: 0, windowDays: 0 }).fromDay).toBe(day("2025-12-01"));
  });
});
