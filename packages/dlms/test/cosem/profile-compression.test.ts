import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compressProfile, data, decodeData, encodeData, expandProfile, type DlmsData, type ProfileCompression } from "../../src/index.ts";

const WAYS: readonly ProfileCompression[] = ["null-data", "delta", "compact-array"];
const stamp = (hour: number, minute: number, day = 20): DlmsData =>
  data.octets(Uint8Array.of(0x07, 0xea, 1, day, day === 20 ? 2 : 3, hour, minute, 0, 0, 0xff, 0xc4, 0));
const row = (...cells: DlmsData[]): DlmsData => data.structure(...cells);
const ROWS = data.array(
  row(stamp(23, 30), data.unsigned(0), data.doubleLongUnsigned(1_000_000)),
  row(stamp(23, 45), data.unsigned(0), data.doubleLongUnsigned(1_000_250)),
  row(stamp(0, 0, 21), data.unsigned(8), data.doubleLongUnsigned(1_000_250)),
  row(stamp(0, 45, 21), data.unsigned(8), data.doubleLongUnsigned(900_000)),
);

describe("a profile's rows", () => {
  test.each(WAYS)("come back from %s, which takes fewer octets", (way) => {
    const compressed = encodeData(compressProfile(ROWS, way, 900));
    expect(compressed.length).toBeLessThan(encodeData(ROWS).length);
    expect(expandProfile(decodeData(compressed), 900)).toEqual(ROWS);
  });

  test("have a stamp of null-data only where it is one period after the one before, over midnight too", () => {
    const compressed = compressProfile(ROWS, "null-data", 900);
    const rows = compressed.type === "array" ? compressed.value : [];
    expect(rows.map((one) => (one.type === "structure" ? one.value.map(({ type }) => type) : []))).toEqual([
      ["octet-string", "unsigned", "double-long-unsigned"],
      ["null-data", "null-data", "double-long-unsigned"],
      ["null-data", "unsigned", "null-data"],
      ["octet-string", "null-data", "double-long-unsigned"],
    ]);
  });

  test("of any kind come back from every way", () => {
    const cells = fc.tuple(
      fc.integer({ min: 0, max: 50 }).map((quarter) => stamp(Math.floor(quarter / 4), (quarter % 4) * 15)),
      fc.constantFrom<DlmsData>(data.unsigned(0), data.unsigned(8), data.unsigned(255)),
      fc
        .oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 1_000, max: 1_400 }))
        .map((value) => data.doubleLongUnsigned(value)),
      fc.integer({ min: -0x8000, max: 0x7fff }).map((value) => data.long(value)),
    );
    fc.assert(
      fc.property(fc.array(cells, { maxLength: 12 }), fc.constantFrom(...WAYS), fc.constantFrom(0, 900), (rows, way, period) => {
        const plain = data.array(...rows.map((one) => row(...one)));
        expect(expandProfile(decodeData(encodeData(compressProfile(plain, way, period))), period)).toEqual(plain);
      }),
    );
  });

  test("that begin with a difference are refused, with their place", () => {
    expect(() => expandProfile(data.array(row({ type: "delta-unsigned", value: 1 })), 900)).toThrow("row 0, column 0");
  });

  test("of differing types are not made a compact array", () => {
    const mixed = data.array(row(data.unsigned(1)), row(data.nothing));
    expect(compressProfile(mixed, "compact-array", 900)).toBe(mixed);
  });
});
