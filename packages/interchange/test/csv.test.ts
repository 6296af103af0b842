import { createReadStream, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createGunzip } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { zoneOf } from "@amity/intervals";
import { parseScaled, readCsv, type CsvOptions, type InterchangeRecord } from "../src/index.ts";

const UTC: CsvOptions = { zone: zoneOf("UTC"), usagePointId: "UP1" };

async function read(text: string, options: CsvOptions = UTC, chunk = 7): Promise<InterchangeRecord[]> {
  const data = new TextEncoder().encode(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < data.length; at += chunk) yield data.subarray(at, at + chunk);
  }
  const records: InterchangeRecord[] = [];
  for await (const record of readCsv(chunks(), options)) records.push(record);
  return records;
}

const series = (records: InterchangeRecord[]) => records.flatMap((record) => (record.kind === "intervals" ? [record] : []));
const asides = (records: InterchangeRecord[]) => records.flatMap((record) => (record.kind === "putAside" ? [record] : []));

describe("CSV interval data", () => {
  it("of timestamp,value without a header is read as kWh of one usage point", async () => {
    const [first, ...more] = series(await read("2026-01-01T00:00:00Z,0.25\n2026-01-01T00:15:00Z,0.5\n2026-01-01T00:30:00Z,0.0000015\n"));
    expect(more).toEqual([]);
    expect(first?.series).toMatchObject({ intervalSeconds: 900, startMs: Date.UTC(2026, 0, 1), unit: "Wh", scaler: -3 });
    expect([...(first?.series.values ?? [])]).toEqual([250_000, 500_000, 2]);
  });

  it("with a header finds id, time and value by name, whatever their order", async () => {
    const text =
      "value_wh;meter_id;timestamp\n100;A;2026-01-01 00:00\n200;A;2026-01-01 01:00\n7;B;2026-01-01 00:00\n8;B;2026-01-01 01:00\n";
    const found = series(await read(text));
    expect(found.map((record) => [record.usagePointId, ...record.series.values])).toEqual([
      ["A", 100_000, 200_000],
      ["B", 7000, 8000],
    ]);
  });

  it("with one column a usage point reads each", async () => {
    const found = series(await read("time,house_1_kwh,house_2_kwh\n2026-01-01 00:00,1,2\n2026-01-01 00:30,3,\n2026-01-01 01:00,5,6\n"));
    expect(found.map((record) => [record.usagePointId, record.series.startMs % 86_400_000, ...record.series.values])).toEqual([
      ["house_1_kwh", 0, 1_000_000, 3_000_000, 5_000_000],
      ["house_2_kwh", 0, 2_000_000],
      ["house_2_kwh", 3_600_000, 6_000_000],
    ]);
  });

  it("puts bad rows aside with line, field and reason, and reads the rest", async () => {
    const records = await read(
      "timestamp,kwh\n2026-01-01 00:00,1\nnever,2\n2026-01-01 00:30,abc\n2026-01-01 01:00,3\n2026-01-01 01:07,9\n2026-01-01 01:30,4\n2026-01-01 02:0",
    );
    expect(asides(records).map(({ line, field, reason }) => [line, field, reason])).toEqual([
      [3, "time", '"never" is not a time'],
      [4, "kwh", '"abc" is not a number'],
      [8, undefined, "1 of 2 fields; the file ends here, it may be cut off"],
      [2, "kwh", "a step of 420 s is no interval length; say it with --interval"],
      [5, "kwh", "a step of 420 s is no interval length; say it with --interval"],
      [6, "kwh", "a step of 420 s is no interval length; say it with --interval"],
      [7, "kwh", "a step of 420 s is no interval length; say it with --interval"],
    ]);
    const told = await read("timestamp,kwh\n2026-01-01 00:00,1\n2026-01-01 00:37,9\n2026-01-01 01:00,3\n", {
      ...UTC,
      intervalSeconds: 1800,
    });
    expect(asides(told).map(({ line, reason }) => [line, reason])).toEqual([[3, "the time is off the grid of 1800 s"]]);
    expect(series(told).map((record) => [...record.series.values])).toEqual([[1_000_000], [3_000_000]]);
  });

  it("counts the same row once and refuses another value for the same interval", async () => {
    const records = await read(
      "timestamp,kwh\n2026-01-01 00:00,1\n2026-01-01 00:30,2\n2026-01-01 00:30,2\n2026-01-01 00:30,5\n2026-01-01 01:00,3\n",
    );
    expect(series(records).map((record) => [...record.series.values])).toEqual([[1_000_000, 2_000_000, 3_000_000]]);
    expect(asides(records)).toMatchObject([{ line: 5, reason: "the same interval again with another value (2000000 before)" }]);
  });

  it("reads the hour that comes twice as two hours, and a day of 23 as 23", async () => {
    const berlin = { ...UTC, zone: zoneOf("Europe/Berlin") };
    const autumn = ["00:00", "01:00", "02:00", "02:00", "03:00"].map((time, index) => `2026-10-25 ${time},${index}`).join("\n");
    expect(series(await read(`${autumn}\n`, berlin)).map((record) => record.series.values.length)).toEqual([5]);
    const spring = ["00:00", "01:00", "03:00", "04:00"].map((time, index) => `2026-03-29 ${time},${index}`).join("\n");
    expect(series(await read(`${spring}\n`, berlin)).map((record) => record.series.values.length)).toEqual([4]);
  });

  it("without a time column says so and what to do", async () => {
    await expect(read("a,b\n1,2\n")).rejects.toMatchObject({ code: "no-time-column", blame: "decode" });
  });

  it("reads the same however the octets arrive", async () => {
    const text = "timestamp,kwh\r\n2026-01-01 00:00,1.5\r\n2026-01-01 00:30,2.25\r\n2026-01-01 01:00,x\r\n";
    const whole = await read(text, UTC, 10_000);
    for (let chunk = 1; chunk < 40; chunk++) expect(await read(text, UTC, chunk)).toEqual(whole);
  });
});

describe("decimal text", () => {
  it("becomes integers exactly", () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.integer({ min: 0, max: 6 }), (value, decimals) => {
        const digits = String(Math.abs(value)).padStart(decimals + 1, "0");
        const text = `${value < 0 ? "-" : ""}${digits.slice(0, digits.length - decimals)}.${digits.slice(digits.length - decimals)}`;
        expect(parseScaled(text, -decimals)).toEqual({ value, rounded: false });
      }),
    );
  });
  it("is rounded only where it must be, and says so", () => {
    expect(parseScaled("0.0005", -3)).toEqual({ value: 1, rounded: true });
    expect(parseScaled("1e3", 0)).toEqual({ value: 1000, rounded: false });
    expect(parseScaled("2.5e-3", -4)).toEqual({ value: 25, rounded: false });
    expect(parseScaled("99999999999999999999", 0)).toBeUndefined();
    expect(parseScaled(".", 0)).toBeUndefined();
    expect(parseScaled("0x10", 0)).toBeUndefined();
  });
});

const households = fileURLToPath(new URL("../../../../shared/data/households-nsw/meters_halfhourly_kwh.csv.gz", import.meta.url));

describe.skipIf(!existsSync(households))("the half-hours of real households (Smart-Grid Smart-City trial)", () => {
  it("are read to the last row, with nothing lost in silence", async () => {
    const chunks = createReadStream(households).pipe(createGunzip());
    let values = 0;
    const homes = new Set<string>();
    let putAside = 0;
    for await (const record of readCsv(chunks, { zone: zoneOf("Australia/Sydney"), usagePointId: "none" })) {
      if (record.kind === "intervals") {
        values += record.series.values.length;
        homes.add(record.usagePointId);
        expect(record.series.intervalSeconds).toBe(1800);
      } else putAside++;
    }
    expect(homes.size).toBe(20);
    // 417,067 rows, two of which say again what another said (labels inside the skipped hour)
    expect(values + putAside).toBe(417_065);
    expect(putAside).toBeLessThan(200);
  });
});

describe("columns that are not energy", () => {
  it("of temperatures are degrees under their own name, and dates and holidays are no values", async () => {
    const text =
      "Time,Demand,Temperature,Date,Holiday\n2012-01-01 00:00 +1100,4382.8,21.4,2012-01-01,TRUE\n2012-01-01 00:30 +1100,4263.3,21.05,2012-01-01,TRUE\n";
    const records = await read(text);
    expect(asides(records)).toEqual([]);
    expect(series(records).map(({ usagePointId, series: { unit, channel } }) => [usagePointId, unit, channel])).toEqual([
      ["Demand", "Wh", "1-0:1.8.0"],
      ["Temperature", "degC", "Temperature"],
    ]);
    expect(series(await read("ts,Temp\n2012-01-01 00:00,17.7\n2012-01-01 01:00,17\n"))[0]?.series).toMatchObject({
      unit: "degC",
      channel: "Temp",
    });
  });
});
