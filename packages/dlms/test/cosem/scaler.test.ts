import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatScaled, rescale, scaledText } from "../../src/cosem/scaler.ts";
import { unitCode, unitOf } from "../../src/cosem/units.ts";

describe("a scaler", () => {
  it.each([
    [1234, -2, "12.34"],
    [5, -3, "0.005"],
    [-5, -3, "-0.005"],
    [0, 3, "0"],
    [12, 3, "12000"],
    [18446744073709551615n, -3, "18446744073709551.615"],
    [1.5, 0, "1.5"],
    [Number.NaN, 0, "NaN"],
  ] as const)("turns %s × 10^%i into %s", (raw, scaler, expected) => expect(scaledText(raw, scaler)).toBe(expected));

  it("never loses a digit of an integer", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }), fc.integer({ min: -12, max: 12 }), (raw, scaler) => {
        const text = scaledText(raw, scaler);
        const [whole = "", fraction = ""] = text.split(".");
        expect(rescale(BigInt(whole + fraction), -fraction.length, Math.min(scaler, 0))).toBe(rescale(raw, scaler, Math.min(scaler, 0)));
      }),
    );
  });

  it("says where another scaler would lose digits", () => {
    expect(rescale(2_000, 0, 3)).toBe(2n);
    expect(rescale(1_500, 0, 3)).toBeUndefined();
    expect(() => rescale(1, 99, 0)).toThrow("outside");
  });

  it("is printed with its unit, if there is one", () => {
    expect(formatScaled(12_345, { scaler: 1, unit: 30 })).toBe("123450 Wh");
    expect(formatScaled(7, { scaler: 0, unit: 255 })).toBe("7");
  });
});

describe("a unit", () => {
  it("is found by its code, known or not, and by its symbol", () => {
    expect(unitOf(30)).toEqual({ code: 30, symbol: "Wh", quantity: "active energy" });
    expect(unitOf(200)).toEqual({ code: 200, symbol: "unit 200", quantity: "unknown" });
    expect(unitCode("varh")).toBe(32);
    expect(unitCode("furlong")).toBeUndefined();
  });
});
