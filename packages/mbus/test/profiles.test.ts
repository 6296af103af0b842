import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "@amity/bytes";
import {
  METER_PROFILES,
  MeterKey,
  decodeTelegram,
  encodeTelegram,
  knownFormats,
  linkAddressOctets,
  meterTime,
  meterTimeText,
  readProfile,
  readRecords,
  singleKey,
  storageSeries,
  writeRecords,
  type MeterAddress,
  type MeterProfile,
  type RecordInput,
} from "../src/index.ts";

/** A telegram made up for the test: octets behind a manufacturer's CI, or behind DIF 0F. */
function telegram(meter: MeterAddress, controlInformation: number, content: Uint8Array) {
  const message = {
    meter,
    header: controlInformation === 0x7a ? ("short" as const) : ("none" as const),
    controlInformation,
    accessNumber: 1,
    content,
  };
  return decodeTelegram(encodeTelegram({ control: 0x44, sender: meter, format: "none", message })).application;
}
const readings = (meter: MeterAddress, ci: number, hex: string) =>
  Object.fromEntries((readProfile(telegram(meter, ci, fromHex(hex)))?.readings ?? []).map(({ name, value }) => [name, value]));
const meter = (manufacturer: string, version: number, deviceType: number) => ({ id: "12345678", manufacturer, version, deviceType });

describe("meter profiles", () => {
  test("have names of their own, and fields that say where they come from", () => {
    const names = METER_PROFILES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const profile of METER_PROFILES as readonly MeterProfile[]) {
      expect(profile.match.length).toBeGreaterThan(0);
      for (const field of profile.fields)
        expect(field.at !== undefined || field.codes !== undefined || field.coding?.startsWith("sap")).toBe(true);
    }
  });

  test("Techem heat cost allocator: closed and running period, temperatures", () => {
    // 31 December 2025, 100 units; 2 March, 7 units; 21.5 and 30.25 degrees.
    expect(readings(meter("TCH", 0x69, 0x80), 0xa0, "00 9f33 6400 2006 0700 6608 d10b")).toEqual({
      previousDate: "2025-12-31",
      previousConsumption: 100,
      currentDate: "2026-03-02",
      currentConsumption: 7,
      roomTemperature: 21.5,
      radiatorTemperature: 30.25,
    });
  });

  test("Techem radio water and heat: the total is both periods together", () => {
    expect(readings(meter("TCH", 0x74, 0x72), 0xa2, "00 9f33 e803 2006 0a00")).toMatchObject({ total: 101, totalAtPreviousDate: 100 });
    expect(readings(meter("TCH", 0x45, 0x43), 0xa2, "00 9f33 e80300 20 0a0000 00")).toMatchObject({
      total: 1000 + 10,
      currentConsumption: 10,
    });
    expect(readings(meter("TCH", 0x27, 0xc3), 0xa2, "00 9f33 e80300 20 0a0000 00")).toMatchObject({ total: 1.01 });
  });

  test("Qundis walk-by record: unit by its own VIF, unset dates left out", () => {
    const block = fromHex("0082000000000007c113ffff 45230100 ffff 00000000 5f31 40230100".concat("0080".repeat(12), "2f"));
    const record: RecordInput = { coding: "int8", codes: [0x13], value: 0 };
    const content = Uint8Array.of(0x0d, 0xff, 0x5f, block.length, ...block, ...writeRecords([record]).finish());
    const result = readProfile(telegram(meter("QDS", 0x1d, 6), 0x78, content));
    expect(result?.readings.slice(0, 4)).toEqual([
      { name: "total", value: 12.345, unit: "m³" },
      { name: "totalAtDueDate", value: 0, unit: "m³" },
      { name: "lastMonth", value: "2026-01-31", unit: "" },
      { name: "totalAtLastMonth", value: 12.34, unit: "m³" },
    ]);
  });

  test("Apator module: the volume register is found behind others, and not where an unknown one stands before it", () => {
    expect(readings(meter("APA", 0x05, 7), 0x7a, "0f 00000000000000 4300 00 a001020304 10 a2550000 ff")).toEqual({ total: 21.922 });
    expect(readings(meter("APA", 0x05, 7), 0x7a, "0f 00000000000000 5e 10 a2550000")).toEqual({});
  });

  test("Zenner module: fixed-point litres", () => {
    expect(readings(meter("ZRI", 0x0b, 0x16), 0x7a, "0f 00000000 00010000 00e80300 00")).toMatchObject({ totalAtDueDate: 0.001, total: 1 });
  });

  test("Apator NA-1: a block of its own under the factory's key, or the meter's; under another key nothing", () => {
    const na1 = meter("APA", 0x14, 7);
    const plain = fromHex("2f050200008075e83018056400008001");
    const octets = (key: Uint8Array) => {
      const iv = new Uint8Array(16).fill(0x42, 8);
      iv.set(linkAddressOctets(na1), 0);
      return toHex(Uint8Array.from([0x42, 0x01, ...new MeterKey(key).cipher.cbcEncrypt(iv, plain)]));
    };
    const values = readings(na1, 0xa0, octets(new Uint8Array(16)));
    // 2 * 16 + 5 litres; 100 * 4 + 1 would be more than that, so the last total must be smaller.
    expect(values).toEqual({});
    plain.set([0x15, 0x34, 0x12, 0x00], 1);
    expect(readings(na1, 0xa0, octets(new Uint8Array(16)))).toMatchObject({
      total: (0x1234 * 16 + 5) / 100,
      totalAtLastMonth: (0x1234 * 16 + 5 - 401) / 100,
      dateTime: "2026-01-01T00:00",
      ageOfLastMonth: 256 + 24,
      lastMonth: "2025-12-20T08:00",
      status: 0x80,
      frameStatus: 1,
    });
    const own = new Uint8Array(16).fill(7);
    const application = telegram(na1, 0xa0, fromHex(octets(own)));
    expect(readProfile(application)).toBeUndefined();
    expect(readProfile(application, METER_PROFILES, singleKey(own))?.readings[0]).toEqual({ name: "total", value: 745.65, unit: "m³" });
  });

  test("Apator E.ITN behind a prefix of any length", () => {
    expect(readings(meter("APA", 0x04, 8), 0xb6, "03 aabbcc a0 0000 00 6400 0000 0700 2006 0010 0014")).toMatchObject({
      previousConsumption: 100,
      currentConsumption: 7,
    });
    expect(readings(meter("APA", 0x04, 8), 0xb6, "09 aabbcc a0 0000 00 6400 0000 0700 2006 0010 0014")).toEqual({});
  });

  test("Hydrodigit: only the parts that its first octet announces, in their order", () => {
    const hydrodigit = meter("BMT", 0x13, 7);
    expect(readings(hydrodigit, 0x7a, "0f 05 0b 07000000")).toEqual({ contents: 5, batteryVoltage: 3.2, backflow: 0.007 });
    const months = "640000 c80000".concat(" ffffff".repeat(10));
    expect(readings(hydrodigit, 0x7a, `0f 92 25 86 17 26 02 03 ${months}`)).toEqual({
      contents: 0x92,
      tampered: "2025-06-17",
      leaked: "2026-02-03",
      totalEndOfJanuary: 1,
      totalEndOfFebruary: 2,
    });
  });

  test("BFW heat cost allocator: months of twelve bits, newest first, and the day", () => {
    const months = "000000".repeat(8).concat("ab 1c2d".replace(" ", ""));
    const values = readings(meter("BFW", 0x02, 8), 0x7a, `2f2f0000 0102 0304 0000 ${months} 310126`);
    expect(values).toMatchObject({ previousConsumption: 0x102, currentConsumption: 0x304, currentDate: "2026-01-31" });
    expect(values).toMatchObject({ consumptionMonth1: 0xc2d, consumptionMonth2: 0x1ab, consumptionMonth3: 0 });
  });

  test("RFM-TX1: the total is unmasked by the access number, the time stands in clear", () => {
    const message = { meter: meter("BMT", 0x05, 7), header: "short" as const, accessNumber: 0x21, configurationBits: 0x1006 };
    const masked = [0x78, 0x56, 0x34, 0x12].map((octet, index) => octet ^ 0x21 ^ ([112, 19, 34, 19][index] ?? 0));
    const content = Uint8Array.from([0, 0, ...masked, 0, 0, 0, 0, 0, 0, 0, 0x59, 0x04, 0x10, 0x31, 0x03, 0x26]);
    const sent = encodeTelegram({ control: 0x44, sender: message.meter, format: "none", message: { ...message, content } });
    expect(readProfile(decodeTelegram(sent).application)?.readings).toEqual([
      { name: "total", value: 12345.678, unit: "m³" },
      { name: "dateTime", value: "2026-03-31T10:04:59", unit: "" },
    ]);
  });

  test("Techem 3a: half months become months, whichever half the newest is", () => {
    const head = (day: number) => `0000 ${toHex(Uint8Array.of((3 << 5) | day, (26 << 1) & 0xff))} 102700 00`;
    const pairs = "0102 00 0304 00 0506 00".concat(" 0000 00".repeat(9));
    const mk3a = meter("TCH", 0x50, 0x72);
    expect(readings(mk3a, 0xa2, `${head(28)} ${pairs}`)).toMatchObject({ total: 1000, useMarch: 0.3, useFebruary: 0.7, useJanuary: 1.1 });
    expect(readings(mk3a, 0xa2, `${head(3)} ${pairs}`)).toMatchObject({ useMarch: 0.1, useFebruary: 0.5, useJanuary: 0.9 });
  });

  test("octets of a stranger, or too few of a known meter, read nothing", () => {
    expect(readProfile(telegram(meter("XYZ", 1, 7), 0xa2, fromHex("00112233445566778899aabbccdd")))).toBeUndefined();
    expect(readProfile(telegram(meter("TCH", 0x69, 0x80), 0xa0, fromHex("00 9f33 64")))).toBeUndefined();
    expect(readProfile(telegram(meter("DME", 0x41, 7), 0xa2, fromHex("00112233455566778899aabbccde")))).toBeUndefined();
  });
});

test("Engelmann FAW: fifteen months, behind the check octets of an encrypted message", () => {
  const efe = meter("EFE", 0x20, 0x07);
  const key = new MeterKey(new Uint8Array(16).fill(7));
  const number = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, 0];
  const months = Array.from({ length: 15 }, (_, index) => number(90_000 - 1000 * index)).flat();
  const content = Uint8Array.of(0x2d, 5, 0, 0, 0x3f, 0x3c, ...number(80_000), 0, ...months, 0x1e, 0x0a, 0x44, 0x35, ...number(91_500));
  const message = { meter: efe, header: "long", controlInformation: 0x73, accessNumber: 1, content, security: { mode: 5, key } } as const;
  const frame = encodeTelegram({ control: 0x44, sender: efe, format: "none", message });
  const { application } = decodeTelegram(frame, { keys: () => key, formats: knownFormats() });
  expect(Object.fromEntries((readProfile(application)?.readings ?? []).map(({ name, value }) => [name, value]))).toMatchObject({
    total: 91.5,
    dueDate: "2025-12-31",
    totalAtDueDate: 80,
    totalMonthsAgo1: 90,
    totalMonthsAgo15: 76,
  });
});

describe("Diehl's scrambled records", () => {
  const dme: MeterAddress = { id: "12345678", manufacturer: "DME", version: 0x40, deviceType: 4 };
  const content = writeRecords([{ coding: "int32", codes: [0x06], value: 2651 }]).finish();

  /** Scrambles under the first seed: 32 bits of feedback, clocked eight times an octet. */
  function scrambled(spoil = 0): Uint8Array {
    const sum = content.reduce((total, octet) => (total + octet) & 0xff, 0);
    const message = { meter: dme, header: "short", accessNumber: 5, content, configurationBits: 0 } as const;
    const frame = encodeTelegram({ control: 0x44, sender: dme, format: "none", message });
    // Security mode 16 and above: the sum of the content, but for one bit of its own.
    frame[14] = (sum & 0xef) | 0x10;
    const word = (at: number) => new DataView(frame.buffer, frame.byteOffset).getUint32(at);
    let register = (0x39bc8a10 ^ 0xe66d83f8 ^ word(2) ^ word(6) ^ word(10)) >>> 0;
    for (let index = 15; index < frame.length; index++) {
      for (let step = 0; step < 8; step++) {
        const bit = ((register >>> 1) ^ (register >>> 2) ^ (register >>> 11) ^ (register >>> 31)) & 1;
        register = ((register << 1) | bit) >>> 0;
      }
      frame[index] = (frame[index] ?? 0) ^ (register & 0xff) ^ spoil;
    }
    return frame;
  }

  test("are standard ones below", () => {
    const { application } = decodeTelegram(scrambled(), { format: "none" });
    expect(application.problems).toEqual([]);
    expect(application.records.map(({ value, vib }) => [vib.quantity, value])).toEqual([["energy", 2651]]);
  });

  test("are left alone where the sum is wrong", () => {
    expect(decodeTelegram(scrambled(1), { format: "none" }).application.records.map(({ value }) => value)).not.toEqual([2651]);
  });
});

test("registers of a storage block have the date of their block, one interval older each", () => {
  const records = readRecords(
    writeRecords([
      { coding: "int8", codes: [0xfd, 0x28], storage: 8, value: 1 },
      { coding: "int16", codes: [0x6c], storage: 8, value: meterTime({ year: 2024, month: 11, day: 30 }) },
      ...[3, 2, 1].map((value, index): RecordInput => ({ coding: "int32", codes: [0x13], storage: 8 + index, value })),
    ]).finish(),
  ).records;
  expect(storageSeries(records).map(({ record, at }) => [record.value, meterTimeText(at)])).toEqual([
    [3, "2024-11-30"],
    [2, "2024-10-31"],
    [1, "2024-09-30"],
  ]);
  expect(storageSeries(records.filter(({ vib }) => vib.quantity !== "date"))).toEqual([]);
});
