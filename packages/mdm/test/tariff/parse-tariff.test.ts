import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "@amity/bytes";
import { prepareTariff, rate } from "../../src/rating/index.ts";
import { parseTariff, type Charge } from "../../src/tariff/index.ts";
import { juneWith } from "../rating/usage-fixtures.ts";

const energy: Charge = {
  kind: "energy",
  id: "day",
  label: "Day",
  flow: "import",
  periods: ["day"],
  tiers: {
    basis: "month",
    tiers: [
      { upTo: "100", rate: "0.2" },
      { upTo: null, rate: "0.3" },
    ],
  },
};
const calendar = {
  periods: ["day", "night"],
  defaultPeriod: "day",
  holidays: ["12-25", "2026-04-03"],
  schedules: [{ days: ["weekday"], season: { from: "11-01", to: "02-28" }, ranges: [{ from: "22:00", to: "06:00", period: "night" }] }],
};
const good = {
  id: "t",
  name: "T",
  currency: "EUR",
  zone: "Europe/Berlin",
  versions: [
    {
      version: 1,
      effectiveFrom: "2026-01-01",
      calendar,
      charges: [energy, { kind: "percentage", id: "vat", label: "VAT", percent: "19", isTax: true, of: ["day"] }],
    },
  ],
};
const withCharges = (...charges: unknown[]) => ({ ...good, versions: [{ ...good.versions[0], charges }] });

describe("a tariff from outside", () => {
  test("is taken when sound, and rates", () => {
    const tariff = parseTariff(JSON.parse(JSON.stringify(good)));
    expect(tariff).toEqual(good);
    expect(rate(prepareTariff(tariff), juneWith(0)).currency).toBe("EUR");
  });

  test.each<[string, unknown, RegExp]>([
    [
      "a price as a float",
      withCharges({ ...energy, tiers: undefined, rate: 0.2 }),
      /tariff\.versions\[0\]\.charges\[0\]\.(rate|tiers) must be/,
    ],
    [
      "a misspelt field",
      withCharges({ ...energy, lossfactor: "1.1" }),
      /charges\[0\]\.lossfactor must be no field \(there are kind, id, label, flow,/,
    ],
    ["an unknown kind", withCharges({ ...energy, kind: "energie" }), /charges\[0\]\.kind must be one of fixed, energy, demand/],
    ["a kind from the prototype", withCharges({ ...energy, kind: "constructor" }), /charges\[0\]\.kind must be one of/],
    [
      "a period that the calendar has not",
      withCharges({ ...energy, periods: ["noon"] }),
      /periods must be times of use of the calendar \(day, night\); found "noon"/,
    ],
    ["an id twice", withCharges(energy, energy), /charges\[1\]\.id must be an id that no earlier charge has/],
    [
      "a tax on a later line",
      withCharges({ kind: "percentage", id: "vat", label: "VAT", percent: "19", of: ["day"] }, energy),
      /charges\[0\]\.of must be ids of earlier charges; found "day"/,
    ],
    [
      "tiers that go down",
      withCharges({
        ...energy,
        tiers: {
          basis: "bill",
          tiers: [
            { upTo: "9", rate: "1" },
            { upTo: "5", rate: "1" },
            { upTo: null, rate: "1" },
          ],
        },
      }),
      /tiers\[1\]\.upTo must be above the tier before/,
    ],
    [
      "a last tier with a limit",
      withCharges({ ...energy, tiers: { basis: "bill", tiers: [{ upTo: "9", rate: "1" }] } }),
      /upTo must be null/,
    ],
    ["two prices for one charge", withCharges({ ...energy, rate: "1" }), /needs exactly one of rate, tiers and priceSeries/],
    [
      "a time that is none",
      {
        ...good,
        versions: [{ ...good.versions[0], calendar: { ...calendar, schedules: [{ ranges: [{ from: "7", to: "8", period: "day" }] }] } }],
      },
      /ranges\[0\]\.from must be a time HH:MM; found "7"/,
    ],
    ["a zone that is none", { ...good, zone: "Mars/Olympus" }, /"Mars\/Olympus" is not a time zone/],
    ["no versions", { ...good, versions: [] }, /versions must be a list of 1 to/],
    ["nothing", null, /tariff must be an object; found null/],
  ])("is refused by name: %s", (_name, value, says) => {
    expect(() => parseTariff(value === null ? null : JSON.parse(JSON.stringify(value)))).toThrow(says);
  });

  test("whatever comes, it is a tariff or a UsageError", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("id", "zone", "versions", "currency"), (value, field) => {
        try {
          parseTariff({ ...good, [field]: value });
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});
