import { createReadStream, existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isMissing, unpackQuality } from "@amity/model";
import { nemOfQuality, qualityOfNem, readNem, type InterchangeRecord } from "../src/index.ts";

async function readText(text: string, chunk = 1000): Promise<InterchangeRecord[]> {
  const data = new TextEncoder().encode(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < data.length; at += chunk) yield data.slice(at, at + chunk);
  }
  return collect(chunks());
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<InterchangeRecord[]> {
  const records: InterchangeRecord[] = [];
  for await (const record of readNem(chunks)) records.push(record);
  return records;
}

const day = (count: number, value = "1.5"): string => Array.from({ length: count }, () => value).join(",");
const HEAD = "100,NEM12,200506161806,INTEGM,NEMMCO\n200,NEM1201006,E1,E1,E1,N1,01006,KWH,30,\n";

describe("a NEM12 file", () => {
  it("is read in NEM time, exactly, with its quality", async () => {
    const records = await readText(`${HEAD}300,20040301,${day(47)},.0005,A,,,20040330095000,\n900\n`);
    expect(records).toHaveLength(1);
    const [first] = records;
    if (first?.kind !== "intervals") throw new Error("no intervals");
    expect(first.usagePointId).toBe("NEM1201006");
    expect(first.series).toMatchObject({ meterId: "01006", channel: "1-0:1.8.0", unit: "Wh", scaler: -3, intervalSeconds: 1800 });
    expect(new Date(first.series.startMs).toISOString()).toBe("2004-02-29T14:00:00.000Z");
    expect([first.series.values[0], first.series.values[47]]).toEqual([1_500_000, 500]);
  });

  it("takes the quality of each interval from its 400 records, which must tile the day", async () => {
    const records = await readText(
      `${HEAD}300,20040301,${day(48)},V,,,,\n400,1,20,F14,76,\n400,21,24,A,,\n400,25,48,N,,\n300,20040302,${day(48)},V,,,,\n400,1,20,A,,\n400,22,48,A,,\n900\n`,
    );
    const [first, second] = records;
    if (first?.kind !== "intervals") throw new Error("no intervals");
    expect([0, 19, 20, 23].map((at) => nemOfQuality(first.series.qualities[at] ?? 0))).toEqual(["F14", "F14", "A", "A"]);
    expect(isMissing(first.series.qualities[24] ?? 0)).toBe(true);
    expect(second).toMatchObject({ kind: "putAside", line: 7, reason: "line 9: intervals 22 to 48 do not continue after 20 of 48" });
  });

  it("loses nothing beside a bad record, and names its line and field", async () => {
    const records = await readText(
      `${HEAD}300,20040301,${day(48)},A,,,,\n300,20041301,${day(48)},A,,,,\n300,20040302,${day(47)},A,,,,\n300,20040303,${day(47)},x,A\n300,20040304,${day(96)},A\n777,what\n300,20040305,${day(48)},A,,,,\n`,
    );
    expect(records.filter((record) => record.kind === "intervals")).toHaveLength(2);
    expect(records.flatMap((record) => (record.kind === "putAside" ? [[record.line, record.field, record.reason]] : []))).toEqual([
      [4, "IntervalDate", "not a date YYYYMMDD"],
      [5, "IntervalValue48", "47 values, 48 were expected"],
      [6, "IntervalValue48", '"x" is not a number'],
      [7, "QualityMethod", "more than the 48 values of 30 minutes"],
      [8, "RecordIndicator", '"777,what" is no record of this format'],
      [9, undefined, "no end record (900): the file may be cut off"],
    ]);
  });

  it("reads the same however the octets arrive", async () => {
    const text = `${HEAD}300,20040301,${day(48)},A,,,,\r\n300,20040302,${day(48, "-0.25")},S14,,,,\r\n900\r\n`;
    const whole = await readText(text, 1 << 20);
    for (const chunk of [1, 2, 3, 7, 64, 301]) expect(await readText(text, chunk)).toEqual(whole);
  });

  it("without a header, or empty, is refused for that reason", async () => {
    await expect(readText("\n200,A,E1,E1,E1,,,KWH,30,\n")).rejects.toMatchObject({ code: "no-header" });
    await expect(readText("")).rejects.toMatchObject({ code: "empty" });
    await expect(readText("100,NEM99,1,2,3\n")).rejects.toMatchObject({ code: "version" });
  });
});

describe("values", () => {
  it.each([
    ["1", 1_000_000],
    [".5", 500_000],
    ["1.", 1_000_000],
    ["0.0000005", 1],
    ["0.0000004", 0],
    ["-2.25", -2_250_000],
    ["12.3456785", 12_345_679],
  ])("%s kWh is %d mWh", async (text, expected) => {
    const [first] = await readText(`${HEAD}300,20040301,${text},${day(47)},A,,,,\n900\n`);
    expect(first?.kind === "intervals" && first.series.values[0]).toBe(expected);
  });
  it.each(["", ".", "-", "1.2.3", "1e3", " ", "+1"])('"%s" is none', async (text) => {
    const [first] = await readText(`${HEAD}300,20040301,${text},${day(47)},A,,,,\n900\n`);
    expect(first).toMatchObject({ kind: "putAside", field: "IntervalValue1" });
  });
});

describe("a NEM13 file", () => {
  it("gives both register readings", async () => {
    const records = await readText(
      "100,NEM13,200401101030,MDA1,Ret1\n250,VABC005890,11,1,11,11,METSER123,E,006342.8,20031005093055,A,,,007654.9,20040107100333,E62,,,1312.1,kWh,20040407,20040108100333,\n900\n",
    );
    expect(
      records.map((record) => (record.kind === "register" ? [record.reading.value, new Date(record.reading.atMs).toISOString()] : record)),
    ).toEqual([
      [6_342_800_000n, "2003-10-04T23:30:55.000Z"],
      [7_654_900_000n, "2004-01-07T00:03:33.000Z"],
    ]);
  });
});

describe("AEMO's qualities", () => {
  it("go in and out by method, and keep final and estimate apart", () => {
    for (const text of ["A", "N", "S14", "F14", "S17", "S19", "S11", "S23", "S24", "F16", "E25"])
      expect(nemOfQuality(qualityOfNem(text) ?? 0)).toBe(text);
    expect(unpackQuality(qualityOfNem("F52") ?? 0)).toMatchObject({ final: true, category: "estimated", method: "likeDay" });
    expect(qualityOfNem("X")).toBeUndefined();
    expect(qualityOfNem("S99")).toBeUndefined();
  });
});

const folder = fileURLToPath(new URL("../../../../shared/vectors/mdm/", import.meta.url));

describe.skipIf(!existsSync(folder))("AEMO's published examples", () => {
  const plain = (name: string): string[] =>
    existsSync(join(folder, name)) ? readdirSync(join(folder, name)).filter((file) => file.endsWith(".csv")) : [];
  it.each([...plain("nem12").map((file) => `nem12/${file}`), ...plain("nem13").map((file) => `nem13/${file}`)])(
    "%s loads whole",
    async (file) => {
      const records = await collect(createReadStream(join(folder, file)));
      expect(records.filter((record) => record.kind === "putAside")).toEqual([]);
      expect(records.length).toBeGreaterThan(0);
    },
  );

  const refusals: Record<string, RegExp> = {
    "Example_empty_file.csv": /empty/,
    "Example_NEM12_missing_header.csv": /not a header/,
    "Example_NEM12_powercor.csv": /not a header/,
    "Example_NEM12_powercor_missing_fields.csv": /not a header/,
    "Example_NEM12_empty.csv": /no readings/,
    "Example_NEM12_incomplete_interval.csv": /0 values, 48 were expected/,
    "Example_NEM12_15min_200_30min_300.csv": /48 values, 96 were expected/,
    "Example_NEM12_30min_200_15min_400.csv": /more than the 48 values|49 to 96 do not continue/,
  };
  it.each(Object.entries(refusals))("invalid/%s is refused for %s", async (file, reason) => {
    const reasons = await collect(createReadStream(join(folder, "nem12/invalid", file))).then(
      (records) => records.flatMap((record) => (record.kind === "putAside" ? [record.reason] : [])).join("\n"),
      (error: Error) => error.message,
    );
    expect(reasons).toMatch(reason);
  });
});
