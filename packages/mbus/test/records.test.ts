import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError, fromHex, toHex } from "@amity/bytes";
import {
  compactProfiles,
  findVif,
  interpretCodes,
  isNotAvailable,
  meterTime,
  meterTimeText,
  readRecords,
  recordInput,
  scaledValue,
  writeRecords,
  type RecordInput,
} from "../src/index.ts";

const one = (hex: string) => {
  const list = readRecords(fromHex(hex));
  expect(list.problem).toBeUndefined();
  expect(list.records).toHaveLength(1);
  const record = list.records[0];
  if (record === undefined) throw new Error("no record");
  return record;
};

describe("a data record", () => {
  test("is not available where it holds the most negative value of its coding, and only there", () => {
    for (const hex of ["01 13 80", "02 13 0080", "03 13 000080", "04 13 00000080", "06 13 000000000080", "07 13 0000000000000080"])
      expect(isNotAvailable(one(hex))).toBe(true);
    for (const hex of ["01 13 81", "04 13 01000080", "02 13 80ff", "01 fd17 80", "0a 13 0080"])
      expect(isNotAvailable(one(hex))).toBe(false);
  });

  test.each([
    ["0c 13 27 04 85 02", "volume", "m³", 28504.27 / 10],
    ["04 03 a0 86 01 00", "energy", "Wh", 100000],
    ["02 5a 8d 02", "flowTemperature", "°C", 65.3],
    ["01 fd 71 bd", "receptionLevel", "dBm", -67],
    ["04 fd 48 17 09 00 00", "voltage", "V", 232.7],
    ["03 fd 59 40 e2 01", "current", "A", 123.456],
    ["02 fb 2e f4 01", "frequency", "Hz", 50],
    ["04 fb 82 75 05 00 00 00", "reactiveEnergy", "varh", 500],
    ["05 2e 00 00 c0 3f", "power", "W", 1500],
    ["0b 3b 20 00 f0", "volumeFlow", "m³/h", -0.02],
    ["02 fb 1a 65 01", "relativeHumidity", "%", 35.7],
    ["02 65 1e 09", "externalTemperature", "°C", 23.34],
    ["02 fd fd 02 0a 00", "remainingBatteryLife", "month", 10],
    ["07 07 00 e4 0b 54 02 00 00 00", "energy", "Wh", 100000000000000],
    ["04 7e 05 00 00 00", "any", "", 5],
    ["02 fb 68 00 14", "ratingFactor", "1/4096", 5120],
    ["02 fb 69 e8 03", "thermalOutputRatingFactor", "W", 1000],
    ["02 fb 6b 33 13", "roomSideThermalCouplingRatingFactor", "1/4096", 4915],
    ["02 fb 6e 00 10", "displayOutputScalingFactor", "1/4096", 4096],
  ])("%s is %s in %s", (hex, quantity, unit, value) => {
    const record = one(hex);
    expect([record.vib.quantity, record.vib.unit]).toEqual([quantity, unit]);
    expect(scaledValue(record)).toBeCloseTo(value, 9);
  });

  test("carries storage, tariff, subunit and function of ten DIFEs", () => {
    expect(one("cc 90 40 13 01 00 00 00")).toMatchObject({ storage: 1, tariff: 1, subunit: 2, function: "instantaneous" });
    expect(one("8c 90 40 13 01 00 00 00")).toMatchObject({ storage: 0, tariff: 1, subunit: 2 });
    expect(one("92 00 13 01 00")).toMatchObject({ function: "maximum" });
    expect(one("61 13 00")).toMatchObject({ storage: 1, function: "minimum" });
    expect(one(`ff${"ff".repeat(9)}7f 13`.replace("ff", "f0"))).toMatchObject({ tariff: 4 ** 10 - 1, subunit: 1023, function: "error" });
  });

  test("says in the second table of VIFEs which way, and how its data are written", () => {
    expect(one("02 83 fc 10 ff ff")).toMatchObject({
      value: -1,
      vib: { modifiers: [{ code: 0xfc10, name: "absoluteForwardAndBackward" }] },
    });
    expect(one("02 83 fc 11 ff ff")).toMatchObject({ value: 65_535, vib: { kind: "unsigned", modifiers: [{ name: "dataTypeC" }] } });
    expect(one("02 fd ba fc 12 01 80")).toMatchObject({ value: 0x8001, vib: { kind: "flags", modifiers: [{ name: "dataTypeD" }] } });
    expect(one("02 83 fc 14 01 00").vib.modifiers).toEqual([{ code: 0xfc14, name: "fromPartnerToMeter" }]);
    expect(one("02 83 fc 15 01 00").vib.modifiers).toEqual([{ code: 0xfc15, name: "fromMeterToPartner" }]);
  });

  test("keeps 64-bit integers exact", () => {
    expect(one("07 03 ff ff ff ff ff ff ff 7f").value).toBe(2n ** 63n - 1n);
    expect(one("07 03 ff ff ff ff ff ff ff ff").value).toBe(-1);
  });

  test("tells BCD that is no number from one that is negative", () => {
    expect(one("0a 13 12 f0").value).toBe(-12);
    expect(one("0a 13 1a 00").value).toEqual({ kind: "invalid", digits: "001a" });
  });

  test.each([
    ["02 6c bf 2c", "2021-12-31", true],
    ["04 6d 32 37 1f 15", "2008-05-31T23:50", true],
    ["06 6d 2c 2b 0b 64 11 00", "2011-01-04T11:43:44", true],
    ["03 6d 05 1e 0a", "10:30:05", true],
    ["02 6c ff ff", "2127-15-31", false],
    ["04 6d 80 00 00 00", "2000-00-00T00:00", false],
  ])("%s is the time %s", (hex, text, isValid) => {
    const { value } = one(hex);
    expect(value).toMatchObject({ isValid });
    expect(meterTimeText(value as never)).toBe(text);
  });

  test("reads texts, long numbers and octets of variable length", () => {
    expect(one("0d fd 11 04 44 43 42 41").value).toBe("ABCD");
    expect(one("0d 78 c9 01 02 03 04 05 06 07 08 09").value).toBe(90807060504030201n);
    expect(one("0d 13 d2 34 12").value).toBe(-1234);
    expect(one("0d fd 3b e2 aa bb").value).toMatchObject({ kind: "octets" });
    expect(one("0d 7f f5".concat("00".repeat(48))).octets).toBe(51);
  });

  test("reads a plain-text unit behind the VIFEs, as the standard has it, and before them, as old meters do", () => {
    const after = one("02 fc 74 03 48 52 25 22 15");
    expect([after.vib.unit, scaledValue(after)]).toEqual(["%RH", 54.1]);
    const before = one("02 fc 03 48 52 25 74 22 15");
    expect([before.vib.unit, scaledValue(before)]).toEqual(["%RH", 54.1]);
    expect(one("02 7c 03 48 52 25 22 15").vib.unit).toBe("%RH");
    for (const record of [after, before]) {
      const wire = record === after ? "02fc74034852252215" : "02fc03485225742215";
      expect(toHex(writeRecords([recordInput(record)]).finish())).toBe(wire);
    }
  });

  test.each([
    ["85 40 fd c8 fc 02", "voltage", ["phaseL2"]],
    ["04 93 3c", "volume", ["backwardFlow"]],
    ["04 ab 7e", "power", ["futureValue"]],
    ["02 fd c8 fc 05", "voltage", ["betweenL1L2"]],
    ["04 83 a3 3c", "energy", ["perDay", "backwardFlow"]],
  ])("%s names its modifiers", (hex, quantity, names) => {
    const codes = [...fromHex(hex)].slice(hex.startsWith("85") ? 2 : 1);
    expect(interpretCodes(codes)).toMatchObject({ quantity, modifiers: names.map((name) => ({ name })) });
  });

  test("applies correction factors and turns limit VIFEs into dates, counts and durations", () => {
    expect(interpretCodes([0x93, 0x7d])).toMatchObject({ exponent: 0 });
    expect(interpretCodes([0x93, 0x70])).toMatchObject({ exponent: -9 });
    expect(interpretCodes([0xda, 0x4a])).toMatchObject({ kind: "dateTime" });
    expect(interpretCodes([0xda, 0x49])).toMatchObject({ kind: "number", unit: "" });
    expect(interpretCodes([0xda, 0x59])).toMatchObject({ unit: "min" });
    expect(scaledValue(one("02 da 7b 0a 00"))).toBeCloseTo(1 + 1, 9);
  });

  test("keeps a record error beside the record", () => {
    expect(one("02 93 15 00 00").vib.recordError).toBe("no-data-available");
  });

  test("keeps reserved codes as unknown with their octets", () => {
    expect(one("01 6f 01").vib).toMatchObject({ quantity: "unknown", codes: [0x6f] });
    expect(one("01 fb 40 01").vib).toMatchObject({ quantity: "unknown", codes: [0xfb, 0x40] });
  });
});

describe("a list of records", () => {
  test("keeps what was sound and says where it broke", () => {
    const list = readRecords(fromHex("0113 7f 2f2f 0413 0102"), 0, undefined, 19);
    expect(list.records).toHaveLength(1);
    expect(list.problem).toBeInstanceOf(DecodeError);
    expect(list.problem).toMatchObject({ offset: 26, code: "truncated", path: "records[1]" });
  });

  test.each([
    ["3f", "reserved-dif"],
    [`84${"80".repeat(11)}00 13 00`, "too-many-difes"],
    [`04 93${"93".repeat(12)}00 00`, "too-many-vifes"],
    ["0d 13 fa", "lvar"],
    ["0d 13 10 00", "truncated"],
    ["04", "truncated"],
    ["84", "truncated"],
    ["02 7c 20 41", "plain-text-unit"],
  ])("%s is an error", (hex, code) => {
    expect(readRecords(fromHex(hex)).problem?.code).toBe(code);
  });

  test("ends at the manufacturer's data and says whether more follows", () => {
    expect(readRecords(fromHex("0113 05 0f aabb"))).toMatchObject({
      manufacturerOffset: 3,
      moreFollows: false,
      manufacturerData: fromHex("aabb"),
    });
    expect(readRecords(fromHex("1f"))).toMatchObject({ moreFollows: true, manufacturerData: new Uint8Array(0) });
  });
});

describe("compact profiles", () => {
  test("add increments to the base value and date of their storage number", () => {
    const { records } = readRecords(fromHex("8404 13 64000000 8204 6c 5f2c 8d04 93 1f 08 72fe 0500 0700 ffff"));
    const [profile] = compactProfiles(records);
    expect(profile?.spacing).toEqual({ unit: "month", count: 1 });
    expect(profile?.values.map(({ storage, value }) => [storage, value])).toEqual([
      [9, 105],
      [10, 112],
      [11, undefined],
    ]);
    expect(profile?.values.map(({ at }) => (at === undefined ? "" : meterTimeText(at)))).toEqual([
      "2019-01-31",
      "2019-02-28",
      "2019-03-31",
    ]);
  });
});

describe("what is written", () => {
  const input = fc.record({
    function: fc.constantFrom("instantaneous" as const, "maximum" as const, "minimum" as const, "error" as const),
    storage: fc.integer({ min: 0, max: 2 ** 30 }),
    tariff: fc.integer({ min: 0, max: 4 ** 5 }),
    subunit: fc.integer({ min: 0, max: 1023 }),
  });
  const body = fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => ({ coding: "int32" as const, codes: [0x13], value })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ coding: "int64" as const, codes: [0x03], value })),
    fc.integer({ min: -(10 ** 11) + 1, max: 10 ** 12 - 1 }).map((value) => ({ coding: "bcd12" as const, codes: [0x93, 0x3c], value })),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ coding: "real32" as const, codes: [0x2e], value })),
    fc.string({ unit: "grapheme-ascii", maxLength: 40 }).map((value) => ({ coding: "variable" as const, codes: [0xfd, 0x11], value })),
    fc
      .uint8Array({ maxLength: 15 })
      .map((octets) => ({ coding: "variable" as const, codes: [0xfd, 0x3b], value: { kind: "octets" as const, octets } })),
    fc
      .record({
        year: fc.integer({ min: 2000, max: 2080 }),
        month: fc.integer({ min: 1, max: 12 }),
        day: fc.integer({ min: 1, max: 28 }),
        hour: fc.integer({ min: 0, max: 23 }),
        minute: fc.integer({ min: 0, max: 59 }),
      })
      .map((parts) => ({ coding: "int32" as const, codes: [0x6d], value: meterTime(parts) })),
  );

  test("is read back as it was, and written again octet for octet", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(input, body), { maxLength: 12 }), (parts) => {
        const records = parts.map(([where, what]): RecordInput => ({ ...where, ...what }));
        const octets = writeRecords(records).finish();
        const list = readRecords(octets);
        expect(list.problem).toBeUndefined();
        expect(list.records).toHaveLength(records.length);
        for (const [index, record] of list.records.entries()) {
          const { value, storage, tariff, subunit } = records[index] as RecordInput;
          expect({ storage: record.storage, tariff: record.tariff, subunit: record.subunit }).toEqual({ storage, tariff, subunit });
          if (typeof value === "bigint" || typeof value === "number") expect(Number(record.value)).toBe(Number(value));
          else expect(record.value).toEqual(value);
        }
        expect(toHex(writeRecords(list.records.map(recordInput)).finish())).toBe(toHex(octets));
      }),
      { numRuns: 300 },
    );
  });

  test("finds the VIF of a quantity, unit and exponent", () => {
    expect(findVif("volume", "m³", -3)).toEqual([0x13]);
    expect(findVif("voltage", "V", -1)).toEqual([0xfd, 0x48]);
    expect(findVif("relativeHumidity", "%", -1)).toEqual([0xfb, 0x1a]);
    expect(findVif("operatingTime", "h")).toEqual([0x26]);
    expect(() => findVif("volume", "m³", 9)).toThrow(/no VIF/);
  });

  test("refuses values that do not fit", () => {
    expect(() => writeRecords([{ coding: "int8", codes: [0x13], value: 256 }])).toThrow(/does not fit/);
    expect(() => writeRecords([{ coding: "bcd4", codes: [0x13], value: 12345 }])).toThrow(/BCD/);
    expect(() => writeRecords([{ coding: "int8", codes: [], value: 1 }])).toThrow(/VIF/);
  });
});
