import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isEstimated,
  isMissing,
  packQuality,
  QUALITY,
  QUALITY_CATEGORIES,
  QUALITY_METHODS,
  QUALITY_SOURCES,
  unpackQuality,
  type QualityMethod,
} from "../src/index.ts";

describe("a quality code", () => {
  it("comes back as it was packed", () => {
    const quality = fc.record({
      source: fc.constantFrom(...QUALITY_SOURCES),
      category: fc.constantFrom(...QUALITY_CATEGORIES),
      method: fc.constantFrom(...(Object.keys(QUALITY_METHODS) as QualityMethod[])),
      final: fc.boolean(),
    });
    fc.assert(
      fc.property(quality, (original) => {
        expect(unpackQuality(packQuality(original))).toEqual(original);
      }),
    );
  });
  it("of any 16 bits reads as something", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (code) => {
        expect(unpackQuality(code).source).toBeTypeOf("string");
      }),
    );
  });
  it("tells missing and estimated apart", () => {
    expect([
      isMissing(QUALITY.missing),
      isMissing(QUALITY.raw),
      isEstimated(QUALITY.estimatedLinear),
      isEstimated(QUALITY.validated),
    ]).toEqual([true, false, true, false]);
  });
});
