import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import {
  METER_PROFILES,
  decodeTelegram,
  encodeTelegram,
  readProfile,
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

  test("octets of a stranger, or too few of a known meter, read nothing", () => {
    expect(readProfile(telegram(meter("XYZ", 1, 7), 0xa2, fromHex("00112233445566778899aabbccdd")))).toBeUndefined();
    expect(readProfile(telegram(meter("TCH", 0x69, 0x80), 0xa0, fromHex("00 9f33 64")))).toBeUndefined();
    expect(readProfile(telegram(meter("DME", 0x41, 7), 0xa2, fromHex("00112233455566778899aabbccde")))).toBeUndefined();
  });
});
