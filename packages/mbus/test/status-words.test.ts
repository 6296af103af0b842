import { describe, expect, test } from "vitest";
import {
  decodeTelegram,
  encodeTelegram,
  explainMbus,
  statusWords,
  writeRecords,
  type MeterAddress,
  type RecordInput,
} from "../src/index.ts";

function telegram(meter: MeterAddress, records: readonly RecordInput[]): Uint8Array {
  const message = { meter, header: "short", accessNumber: 1, content: writeRecords(records).finish() } as const;
  return encodeTelegram({ control: 0x44, sender: meter, format: "none", message });
}
const flags = (value: number, codes = [0xfd, 0x17]): RecordInput => ({ coding: "int16", codes, value });
const words = (meter: MeterAddress, record: RecordInput) =>
  statusWords(decodeTelegram(telegram(meter, [record])).application).map((each) => each.words);
const meter = (manufacturer: string, version: number, deviceType: number): MeterAddress => ({
  id: "12345678",
  manufacturer,
  version,
  deviceType,
});

describe("a meter's own error bits", () => {
  test("have words where the maker's are published", () => {
    expect(words(meter("KAM", 0x1b, 0x16), flags(0b1101, [0xff, 0x20]))).toEqual([["dry", "leak", "burst"]]);
    expect(words(meter("QDS", 0x23, 0x04), flags(0x0102))).toEqual([["supply sensor interrupted", "tampered"]]);
    expect(words(meter("APA", 0x20, 0x16), flags(0x0180))).toEqual([["leak", "tampered this month"]]);
    expect(words(meter("ZRI", 0x99, 0x07), flags(0x8028))).toEqual([["accuracy not assured", "dry", "radio module lost"]]);
    expect(words(meter("EFE", 0x00, 0x04), flags(0x80))).toEqual([["battery low"]]);
  });

  test("are none where all is well, and a number where nobody tells", () => {
    expect(words(meter("QDS", 0x23, 0x04), flags(0))).toEqual([[]]);
    expect(words(meter("IMT", 0x01, 0x07), flags(0x02))).toEqual([["bit 1"]]);
    expect(words(meter("XYZ", 0x01, 0x07), flags(0x02))).toEqual([]);
  });

  test("stand in the explanation of a telegram", () => {
    const explained = explainMbus(telegram(meter("KAM", 0x1b, 0x16), [flags(0b0100, [0xff, 0x20])]), { protocol: "wmbus" });
    expect(JSON.stringify(explained)).toContain("instantaneous, VIF ff 20: leak");
  });
});
