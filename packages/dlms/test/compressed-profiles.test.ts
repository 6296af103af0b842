import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { data, decodeData, decodeProfileTable, encodeData, type DlmsData } from "../src/index.ts";

const row = (...cells: DlmsData[]): DlmsData => data.structure(...cells);

describe("a profile's deltas", () => {
  test("are added to the row before, each in its column", () => {
    const octets = encodeData(
      data.array(
        row(data.doubleLongUnsigned(1_000_000), data.long(-5)),
        row({ type: "delta-unsigned", value: 200 }, { type: "delta-integer", value: -7 }),
        row({ type: "delta-long", value: -300 }, { type: "delta-integer", value: 100 }),
        row({ type: "delta-double-long-unsigned", value: 70_000 }, data.long(3)),
      ),
    );
    const table = decodeProfileTable(octets);
    expect([0, 1, 2, 3].map((index) => table.numberAt(index, 0))).toEqual([1_000_000, 1_000_200, 999_900, 1_069_900]);
    expect([0, 1, 2, 3].map((index) => table.numberAt(index, 1))).toEqual([-5, -12, 88, 3]);
    expect(table.dataAt(1, 0)).toEqual({ type: "delta-unsigned", value: 200 });
  });

  test("come back from their octets, of every width", () => {
    const widths = [
      ["delta-integer", -0x80, 0x7f],
      ["delta-long", -0x8000, 0x7fff],
      ["delta-double-long", -0x8000_0000, 0x7fff_ffff],
      ["delta-unsigned", 0, 0xff],
      ["delta-long-unsigned", 0, 0xffff],
      ["delta-double-long-unsigned", 0, 0xffff_ffff],
    ] as const;
    const delta = fc.oneof(...widths.map(([type, min, max]) => fc.integer({ min, max }).map((value): DlmsData => ({ type, value }))));
    fc.assert(
      fc.property(delta, (value) => {
        expect(decodeData(encodeData(value))).toEqual(value);
      }),
    );
  });
});

describe("a profile as a compact array", () => {
  test("gives the table that its rows spelled out give", () => {
    const rows = [
      row(data.octets(Uint8Array.from({ length: 12 }, (_, index) => index)), data.unsigned(0), data.doubleLongUnsigned(17)),
      row(data.octets(Uint8Array.from({ length: 12 }, (_, index) => index + 1)), data.unsigned(8), data.doubleLongUnsigned(23)),
    ];
    const spelledOut = encodeData(data.array(...rows));
    // Type description: structure of octet-string, unsigned, double-long-unsigned (Green Book 9.5, TypeDescription).
    const contents = rows.flatMap((one) => (one.type === "structure" ? one.value.flatMap((cell) => [...encodeData(cell)].slice(1)) : []));
    const compact = Uint8Array.of(0x13, 0x02, 3, 0x09, 0x11, 0x06, contents.length, ...contents);
    expect(compact.length).toBeLessThan(spelledOut.length);
    const [one, other] = [decodeProfileTable(compact), decodeProfileTable(spelledOut)];
    expect(one.rowCount).toBe(2);
    for (const index of [0, 1]) {
      expect(one.octetsAt(index, 0)).toEqual(other.octetsAt(index, 0));
      expect([one.numberAt(index, 1), one.numberAt(index, 2)]).toEqual([other.numberAt(index, 1), other.numberAt(index, 2)]);
    }
    expect(encodeData(decodeData(compact))).toEqual(compact);
  });
});
