import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { prepareTariff, rate } from "../../src/rating/index.ts";
import { parseTariff, tariffFromUrdb } from "../../src/tariff/index.ts";
import { inputOf, partOf } from "../rating/usage-fixtures.ts";

const folder = new URL("../../../../../shared/vectors/mdm/tariffs/", import.meta.url);
const options = { id: "u", zone: "America/Chicago", effectiveFrom: "2000-01-01", demandWindowMinutes: 60 };

function urdb(file: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  const rateDocument = (typeof parsed === "string" ? JSON.parse(parsed) : parsed) as Record<string, unknown> & {
    items?: Record<string, unknown>[];
  };
  return rateDocument.items?.[0] ?? rateDocument;
}
const monthOf = (from: string, to: string, kw: number) =>
  inputOf(from, to, { import: [partOf(from, to, () => kw * 1000, { zone: options.zone })] }, { contractDemandKw: "100" }, options.zone);

describe.skipIf(!existsSync(fileURLToPath(folder)))("rates of the OpenEI Utility Rate Database", () => {
  test.each(["urdbv7.json", "multi_tier_urdb_response.json", "urdb_rate_539f6a23ec4f024411ec8beb.json"])(
    "%s becomes a sound tariff that rates a month",
    (file) => {
      const { tariff } = tariffFromUrdb(urdb(file), options);
      expect(parseTariff(JSON.parse(JSON.stringify(tariff)))).toEqual(tariff);
      const bill = rate(prepareTariff(tariff), monthOf("2026-07-01", "2026-08-01", 120));
      const kwh = bill.lines.filter((line) => line.unit === "kWh").reduce((sum, line) => sum + Number(line.quantity), 0);
      expect(kwh).toBeCloseTo(120 * 744, 6);
      expect(Number(bill.total)).toBeGreaterThan(0);
    },
  );

  test("South Central Public Power's LP1 by hand: energy by kWh per kW, seasonal demand in two tiers", () => {
    const { tariff, leftOut } = tariffFromUrdb(urdb("urdb_rate_539f6a23ec4f024411ec8beb.json"), options);
    expect(leftOut).toEqual(["kWh per kW limits use the contract demand: name a demand charge in demandOf where the tariff says so"]);
    const july = rate(prepareTariff(tariff), monthOf("2026-07-01", "2026-08-01", 120));
    // 120 kW: 100 at 16.3 and 20 at 14.9; 89,280 kWh: 300 a contract kW (100) at 0.049, the rest at 0.033.
    const amounts = (kind: string) => july.lines.filter((line) => line.kind === kind).map((line) => Number(line.amount));
    expect(amounts("demand")).toEqual([1630, 298]);
    expect(amounts("energy")).toEqual([1470, 1956.24]);
    const january = rate(prepareTariff(tariff), monthOf("2026-01-01", "2026-02-01", 120));
    expect(january.lines.filter((line) => line.kind === "demand").map((line) => line.rate)).toEqual(["13.5", "12.1"]);
  });

  test("fixed charges by the day, minimums by month and year", () => {
    const daily = tariffFromUrdb(urdb("multi_tier_urdb_response.json"), options).tariff.versions[0]?.charges[0];
    expect(daily).toMatchObject({ kind: "fixed", amount: "3.298", per: "day" });
    const kinds = tariffFromUrdb(urdb("urdbv7.json"), options).tariff.versions[0]?.charges.filter((charge) => charge.kind === "minimum");
    expect(kinds).toMatchObject([
      { amount: "1", per: "month" },
      { amount: "12", per: "year" },
    ]);
  });
});

describe("a faulty rate", () => {
  test("is refused by its table", () => {
    expect(() => tariffFromUrdb({ energyweekdayschedule: [[0]], energyweekendschedule: [] }, options)).toThrow(
      /energy schedule has no period for month 1, hour 0/,
    );
  });
});
