import { createReadStream, existsSync, readdirSync } from "node:fs";
import { zoneOf } from "@amity/intervals";
import { packQuality, QUALITY } from "@amity/model";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandInput, readCsv, readNem, writeCsv, writeNem12, writeNem13, type InterchangeRecord } from "../src/index.ts";
import { asidesIn, chunksOf, collect, intervalsIn, recordsOf, registersIn, textOf, VECTORS } from "./reading.ts";

const OPTIONS = { from: "AMITYMDP", to: "NEMMCO", createdMs: Date.UTC(2024, 0, 2, 3, 4, 5) };
const VALID = packQuality({ source: "external", category: "valid", method: "validated", final: false });
const ESTIMATED = packQuality({ source: "external", category: "estimated", method: "likeDay", final: true });

function day(values: readonly number[], date = Date.UTC(2024, 0, 1)): Extract<InterchangeRecord, { kind: "intervals" }> {
  const qualities = Uint16Array.from(values, (_, index) => (index % 5 < 3 ? VALID : ESTIMATED));
  const series = { meterId: "SERIAL1", channel: "1-0:1.8.0", unit: "Wh", scaler: -3, intervalSeconds: 1800 } as const;
  return {
    kind: "intervals",
    usagePointId: "NEM1201006",
    series: { ...series, startMs: date - 36_000_000, values: Float64Array.from(values), qualities },
  };
}

describe("a NEM12 file that is written", () => {
  it("reads back as it was, values and qualities", async () => {
    const values = fc.array(fc.integer({ min: -1e12, max: 1e12 }), { minLength: 48, maxLength: 48 });
    await fc.assert(
      fc.asyncProperty(values, async (one) => {
        const records = [day(one), day(one, Date.UTC(2024, 0, 2))];
        expect(await collect(readNem(chunksOf(await textOf(writeNem12(recordsOf(records), OPTIONS)))))).toEqual(records);
      }),
      { numRuns: 40 },
    );
  });

  it("fills what a day lacks with null data", async () => {
    const part = day([1, 2, 3]);
    const [back] = intervalsIn(await collect(readNem(chunksOf(await textOf(writeNem12(recordsOf([part]), OPTIONS))))));
    expect([...(back?.series.values ?? [])].slice(0, 4)).toEqual([1, 2, 3, 0]);
    expect([...(back?.series.qualities ?? [])].filter((code) => code === QUALITY.missing)).toHaveLength(45);
  });

  it("refuses what the format has no words for", async () => {
    const good = day([1]);
    for (const bad of [
      { ...good, usagePointId: "UP1" },
      { ...good, series: { ...good.series, channel: "a long name" } },
      { ...good, series: { ...good.series, intervalSeconds: 1200 } },
      { ...good, series: { ...good.series, unit: "m3" as const } },
    ]) {
      await expect(textOf(writeNem12(recordsOf([bad]), OPTIONS))).rejects.toMatchObject({ code: "not-representable" });
    }
  });
});

describe("a NEM13 file that is written", () => {
  it("holds both readings of a register", async () => {
    const reading = { meterId: "S1", channel: "1-0:1.8.0", unit: "Wh", scaler: -3, quality: VALID } as const;
    const records = [100n, 10n ** 17n].map((value, index) => {
      return { kind: "register", usagePointId: "NEM1301001", reading: { ...reading, value, atMs: Date.UTC(2024, index, 1) } } as const;
    });
    expect(await collect(readNem(chunksOf(await textOf(writeNem13(recordsOf(records), OPTIONS)))))).toEqual(records);
  });
});

describe("a CSV file that is written", () => {
  it("reads back as it was, a missing value as a missing one", async () => {
    const record = day([1_500, 0, 3, 4]);
    record.series.qualities[1] = QUALITY.missing;
    const text = await textOf(writeCsv(recordsOf([record])));
    expect(text.split("\n")[1]).toBe("NEM1201006,SERIAL1,1-0:1.8.0,2023-12-31T14:00:00Z,1800,0.0015,kWh,valid,validated,external,false,-3");
    expect(await collect(readCsv(chunksOf(text), { zone: zoneOf("UTC"), usagePointId: "" }))).toEqual([record]);
  });

  it("puts aside by line and column what somebody broke in it", async () => {
    const lines = (await textOf(writeCsv(recordsOf([day([1, 2, 3, 4])])))).split("\n");
    const broken = [
      lines[0],
      lines[1]?.replace(",kWh,", ",pints,"),
      lines[2]?.replace(",valid,", ",fine,"),
      lines[3]?.replace("Z,", ","),
      lines[4],
      "a,b",
    ];
    const back = await collect(readCsv(chunksOf(broken.join("\n")), { zone: zoneOf("UTC"), usagePointId: "" }));
    expect(asidesIn(back).map(({ line, field }) => [line, field])).toEqual([
      [2, "unit"],
      [3, "quality"],
      [4, "interval_start"],
      [6, undefined],
    ]);
    expect(intervalsIn(back).map(({ series }) => [...series.values])).toEqual([[4]]);
  });

  it("never lets a name become a formula", async () => {
    const text = await textOf(writeCsv(recordsOf([{ ...day([1]), usagePointId: '=cmd|"x",1' }])));
    expect(text.split("\n")[1]?.startsWith('"\'=cmd|""x"",1",')).toBe(true);
  });
});

const folders = ["nem12", "nem13"].filter((folder) => existsSync(`${VECTORS}${folder}`));
describe.skipIf(folders.length === 0)("AEMO's own examples", () => {
  const files = folders.flatMap((folder) => readdirSync(`${VECTORS}${folder}`).map((name) => `${folder}/${name}`));
  it.each(files.filter((file) => /\.(csv|zip)$/i.test(file)))("%s survives being read, written and read", async (file) => {
    for await (const input of expandInput(file, createReadStream(`${VECTORS}${file}`))) {
      const records = (await collect(readNem(input.chunks))).flatMap((record) =>
        // One example carries a usage point of six characters, which is no NMI and is rightly refused.
        "usagePointId" in record ? [{ ...record, usagePointId: record.usagePointId.padEnd(10, "0") }] : [],
      );
      const writer = file.startsWith("nem12") ? writeNem12 : writeNem13;
      const back = await collect(readNem(chunksOf(await textOf(writer(recordsOf(records), OPTIONS)), 4096)));
      expect(intervalsIn(back)).toEqual(intervalsIn(records));
      // A register that is read three times is written as two pairs.
      const keys = (all: readonly InterchangeRecord[]): Set<string> =>
        new Set(registersIn(all).map(({ usagePointId, reading }) => [usagePointId, reading.channel, reading.atMs, reading.value].join()));
      expect(keys(back)).toEqual(keys(records));
    }
  });
});
