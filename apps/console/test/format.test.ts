import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ago, exact, inWords, money, percent, quantity, span } from "../src/ui/format.ts";

describe("exact", () => {
  it.each([
    ["4712402", -3, "kWh", "4,712.402 kWh"],
    ["5", -3, "kWh", "0.005 kWh"],
    ["-86", 0, "Wh", "−86 Wh"],
    ["12", 2, "Wh", "1,200 Wh"],
    ["18446744073709551615", 0, "Wh", "18,446,744,073,709,551,615 Wh"],
  ])("writes %s × 10^%i %s digit for digit", (value, scaler, unit, text) => {
    expect(exact(value, scaler, unit)).toBe(text);
  });

  it("never loses a digit, whatever the scaler", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: -9, max: 0 }), (value, scaler) => {
        const digits = exact(String(value), scaler, "none")
          .replace(/[,.]/g, "")
          .replace(/^0+(?=\d)/, "");
        expect(digits).toBe(String(value));
      }),
    );
  });
});

describe("percent", () => {
  it("never says 100 where something lacks", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (expected) => {
        expect(percent((expected - 1) / expected)).not.toBe("100.0 %");
      }),
    );
    expect(percent(1)).toBe("100.0 %");
  });
});

it("chooses prefixes by size", () => {
  expect([0, 950, 1_234, 12_345, 234_567, 3_456_789].map((watts) => quantity(watts, "W"))).toEqual([
    "0 W",
    "950 W",
    "1.23 kW",
    "12.3 kW",
    "235 kW",
    "3.46 MW",
  ]);
});

it("says how long ago in words that fit", () => {
  const now = Date.UTC(2026, 10, 21, 12);
  expect(ago(undefined, now)).toBe("never");
  expect(ago("2026-11-21T11:59:40Z", now)).toBe("just now");
  expect(ago("2026-11-21T10:30:00Z", now)).toBe("1 h 30 min ago");
  expect(span(3 * 86_400 + 7_200)).toBe("3 d 2 h");
});

it("writes money and names for people", () => {
  expect(money("12345.60", "AUD")).toBe("AUD 12,345.60");
  expect(inWords("missingMinutes")).toBe("Missing minutes");
});
