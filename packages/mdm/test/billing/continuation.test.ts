import { describe, expect, test } from "vitest";
import { continuationOf } from "../../src/billing/index.ts";
import { prepareTariff, rate, type Bill } from "../../src/rating/index.ts";
import { dayOf, inputOf, partOf, tariffOf } from "../rating/usage-fixtures.ts";

const tariff = prepareTariff(
  tariffOf(
    [
      { kind: "energy", id: "net", label: "Net", flow: "netImport", rate: "0.3" },
      { kind: "demand", id: "kw", label: "Demand", measure: "kW", windowMinutes: 60, rate: "0", ratchet: { percent: "80", months: 6 } },
      { kind: "minimum", id: "year", label: "Yearly minimum", amount: "100", per: "year", of: ["net"] },
    ],
    { netting: { kind: "billingPeriod", surplus: "kWh", trueUpMonth: 12, trueUpRate: "0.05" } },
  ),
);
const months = Array.from({ length: 13 }, (_, index) => new Date(Date.UTC(2026, index, 1)).toISOString().slice(0, 10));

/** A year of bills, each from what those before hand on. Sun in the first half, use in the second. */
function yearOfBills(): readonly Bill[] {
  const bills: Bill[] = [];
  for (let month = 0; month < 12; month += 1) {
    const [from = "", to = ""] = [months[month], months[month + 1]];
    const flows = {
      import: [partOf(from, to, (_, index) => (index === 0 ? (month === 1 ? 50_000 : 10_000) : 0))],
      export: [partOf(from, to, (_, index) => (index === 5 && month < 6 ? 15_000 : 0), { channelId: "export" })],
    };
    bills.push(rate(tariff, inputOf(from, to, flows, continuationOf(bills, dayOf(from)))));
  }
  return bills;
}

describe("a year of bills that hand on to each other", () => {
  const bills = yearOfBills();
  const energy = (month: number) => bills[month]?.lines.find((line) => line.chargeId === "net")?.quantity;

  test("surplus is carried and used up, in order", () => {
    // January 5 over; February uses 35 less those 5; March to June 5 each; July and August use them up.
    expect([0, 1, 2, 5, 6, 7, 8].map(energy)).toEqual(["0", "30", "0", "0", "0", "0", "10"]);
    expect(bills[5]?.carried?.energyKwh).toEqual({ all: "20" });
  });

  test("the ratchet remembers the highest demand of the months before", () => {
    expect([0, 1, 2, 7, 8].map((month) => bills[month]?.lines.find((line) => line.chargeId === "kw")?.quantity)).toEqual([
      "10",
      "50",
      "40",
      "40",
      "10",
    ]);
  });

  test("the yearly minimum is settled with the last bill of the year against all of them", () => {
    const sum = bills.reduce((total, bill) => total + Number(bill.total), 0);
    expect(bills.filter((bill) => bill.lines.some((line) => line.chargeId === "year"))).toEqual([bills[11]]);
    expect(sum).toBeCloseTo(100, 9);
  });

  test("a gap before the bill hands on no surplus, and the next year begins anew", () => {
    expect(continuationOf(bills.slice(0, 6), dayOf("2026-08-01")).carried).toBeUndefined();
    expect(continuationOf(bills, dayOf("2027-01-01")).yearToDate).toBe("0");
  });
});
