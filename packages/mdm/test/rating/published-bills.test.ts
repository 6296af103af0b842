import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { prepareTariff, rate } from "../../src/rating/index.ts";
import type { Charge } from "../../src/tariff/index.ts";
import { CENT, inputOf, juneWith, partOf, tariffOf } from "./usage-fixtures.ts";

const path = fileURLToPath(new URL("../../../../../shared/vectors/mdm/bills/published-bills.json", import.meta.url));

interface PublishedLine {
  readonly k: string;
  readonly upto?: number | null;
  readonly rate?: number;
  readonly amount?: number;
  readonly amounts?: readonly number[];
  readonly rates?: readonly number[];
}
interface Published {
  readonly id: string;
  readonly lines: readonly PublishedLine[];
  readonly usage_kwh: number;
  readonly total: number;
  readonly tiers: readonly (number | null)[];
  readonly demand_kw: number;
  readonly typical_kwh: number;
  readonly weather_adj_kwh: number;
  readonly actual_kwh: number;
  readonly credit: number;
  readonly tax: number;
  readonly tax_pct: number;
}

const bills = new Map<string, Published>(
  existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Published[]).map((bill) => [bill.id, bill]) : [],
);
const bill = (id: string): Published => bills.get(id) as Published;
const fixed = (id: string, amount: number): Charge => ({ kind: "fixed", id, label: id, amount: String(amount), per: "bill" });
const blocks = (lines: readonly PublishedLine[]): Charge => ({
  kind: "energy",
  id: "blocks",
  label: "Energy",
  flow: "import",
  tiers: {
    basis: "bill",
    tiers: lines
      .filter((line) => line.k === "block")
      .map((line) => ({ upTo: line.upto === null || line.upto === undefined ? null : String(line.upto), rate: String(line.rate) })),
  },
});
const flat = (id: string, rateText: number): Charge => ({ kind: "energy", id, label: id, flow: "import", rate: String(rateText) });
const amountsOf = (result: ReturnType<typeof rate>) => result.lines.map((line) => Number(line.amount));

describe.skipIf(!existsSync(path))("bills that utilities printed reproduce to the cent", () => {
  test("City of Seymour: declining blocks, power cost rider, 1 % tax, each line rounded half up", () => {
    const vector = bill("seymour-winter");
    const charges = [
      blocks(vector.lines),
      flat("pca", 0.085),
      fixed("customer", 7.5),
      { kind: "percentage", id: "tax", label: "Tax", percent: String(vector.tax_pct), isTax: true } as const,
    ];
    const result = rate(prepareTariff(tariffOf(charges, { rounding: CENT })), juneWith(vector.usage_kwh));
    expect(amountsOf(result)).toEqual([...vector.lines.map((line) => line.amount), vector.tax]);
    expect(Number(result.total)).toBe(vector.total);
  });

  test("Hydro One: two tiers on energy adjusted for losses, GST on all lines", () => {
    const vector = bill("hydroone-1000");
    const energy = { ...blocks(vector.lines), lossFactor: "1.092" } as Charge;
    const fixedLines = vector.lines.filter((line) => line.k === "fixed").map((line, index) => fixed(`f${index}`, line.amount ?? 0));
    const charges = [energy, ...fixedLines, { kind: "percentage", id: "gst", label: "GST", percent: "7", isTax: true } as const];
    const result = rate(prepareTariff(tariffOf(charges, { rounding: CENT })), juneWith(1000));
    expect(amountsOf(result)).toEqual(vector.lines.map((line) => line.amount));
    expect(Number(result.total)).toBe(vector.total);
  });

  test("PSE&G: fixed, energy, negative adjustment and demand", () => {
    const vector = bill("pseg-gs-june");
    const demand: Charge = { kind: "demand", id: "demand", label: "Demand", measure: "kW", windowMinutes: 60, rate: "8.744667" };
    const charges = [fixed("service", 3.74), flat("energy", 0.09444), flat("eca", -0.017192), demand];
    const level = (vector.usage_kwh - vector.demand_kw) * 1000;
    const base = Math.floor(level / 719);
    const series = partOf("2026-06-01", "2026-07-01", (_, index) =>
      index === 0 ? vector.demand_kw * 1000 : base + (index <= level - base * 719 ? 1 : 0),
    );
    const result = rate(prepareTariff(tariffOf(charges, { rounding: CENT })), inputOf("2026-06-01", "2026-07-01", { import: [series] }));
    expect(amountsOf(result)).toEqual(vector.lines.map((line) => line.amount));
    expect(Number(result.total)).toBe(vector.total);
    expect(result.lines[3]?.quantity).toBe("30");
  });

  test("JCPB: register difference at a flat price with an availability fee", () => {
    const vector = bill("jcpb");
    const result = rate(
      prepareTariff(tariffOf([flat("energy", 0.0951), fixed("fee", 18.48)], { rounding: CENT })),
      juneWith(vector.usage_kwh),
    );
    expect(amountsOf(result)).toEqual(vector.lines.map((line) => line.amount));
    expect(Number(result.total)).toBe(vector.total);
  });

  test("Black & Decker: three tiers of three unbundled components", () => {
    const vector = bill("blackdecker-tiers");
    const charges = vector.lines.map((line): Charge => ({
      kind: "energy",
      id: line.k,
      label: line.k,
      flow: "import",
      tiers: {
        basis: "bill",
        tiers: vector.tiers.map((upTo, index) => ({ upTo: upTo === null ? null : String(upTo), rate: String(line.rates?.[index]) })),
      },
    }));
    const result = rate(prepareTariff(tariffOf(charges, { rounding: CENT })), juneWith(vector.usage_kwh));
    expect(amountsOf(result)).toEqual(vector.lines.flatMap((line) => line.amounts));
    expect(Number(result.total)).toBe(vector.total);
  });

  test("Portland General Electric: peak-time rebate against ten similar days and the weather", () => {
    const vector = bill("pge-oregon-ptr");
    // Tuesday 21 July 2026, 17:00 to 20:00; every earlier day used the typical energy in those hours.
    const eventFrom = Date.parse("2026-07-21T17:00:00Z");
    const wh = (kwh: number) => Math.round((kwh * 1000) / 3);
    const inHours = (atMs: number) => new Date(atMs).getUTCHours() >= 17 && new Date(atMs).getUTCHours() < 20;
    const exact = (kwh: number, index: number) => (index % 24 === 19 ? Math.round(kwh * 1000) - 2 * wh(kwh) : wh(kwh));
    const valueAt = (atMs: number, index: number) =>
      inHours(atMs) ? exact(atMs >= eventFrom && atMs < eventFrom + 86_400_000 ? vector.actual_kwh : vector.typical_kwh, index) : 500;
    const charges: Charge[] = [{ kind: "peakRebate", id: "ptr", label: "Peak-time rebate", events: "ptr", rate: "1", baselineDays: 10 }];
    const input = inputOf(
      "2026-07-01",
      "2026-08-01",
      { import: [partOf("2026-07-01", "2026-08-01", valueAt)] },
      {
        events: { ptr: [{ fromMs: eventFrom, toMs: eventFrom + 3 * 3_600_000 }] },
        weatherAdjustmentKwh: [String(vector.weather_adj_kwh)],
        history: [partOf("2026-06-01", "2026-07-01", valueAt)],
      },
    );
    expect(Number(rate(prepareTariff(tariffOf(charges, { rounding: CENT })), input).total)).toBe(-vector.credit);
  });
});
