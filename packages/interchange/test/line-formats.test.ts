import { existsSync } from "node:fs";
import { QUALITY, unpackQuality } from "@amity/model";
import { zoneOf } from "@amity/intervals";
import { describe, expect, it } from "vitest";
import { readCmep, readD0010, readDf2, writeCmep } from "../src/index.ts";
import { asidesIn, chunksOf, collect, countOf, intervalsIn, recordsOf, registersIn, textOf, vector, VECTORS } from "./reading.ts";

const CMEP = "MEPMD01,20080501,HES,,MDM,C1,202401010000,M1,OK,E,KWH,1.0,00000015,3,202401010015,R0,0.5,,E0,1.25,,N0,\n";

describe("a CMEP record", () => {
  it("gives intervals that end at their stamp, and steps on where a stamp is left out", async () => {
    const records = await collect(readCmep(chunksOf(CMEP, 7)));
    expect(asidesIn(records)).toEqual([]);
    const [{ series, usagePointId } = expect.fail()] = intervalsIn(records);
    expect(usagePointId).toBe("M1");
    expect(new Date(series.startMs).toISOString()).toBe("2024-01-01T00:00:00.000Z");
    expect([...series.values]).toEqual([500_000, 1_250_000, 0]);
    expect([...series.qualities].map((code) => unpackQuality(code).category)).toEqual(["raw", "estimated", "missing"]);
  });

  it("comes back unchanged from its own writer", async () => {
    const [first = expect.fail()] = await collect(readCmep(chunksOf(CMEP)));
    const written = await textOf(writeCmep(recordsOf([first]), { sender: "A", receiver: "B", createdMs: 0 }));
    expect(await collect(readCmep(chunksOf(written)))).toEqual([first]);
  });

  it("multiplies by the constant and keeps gallons exact", async () => {
    const [record] = registersIn(
      await collect(readCmep(chunksOf("MEPMD01,1,S,,R,C,202401010000,M,OK,W,GALREG,10.0,00000100,1,202401010001,R0,3\n"))),
    );
    expect(record?.reading).toMatchObject({ unit: "m3", scaler: -12, value: 113_562_353_520n, atMs: Date.UTC(2024, 0, 1) });
  });

  it("cut off anywhere says so, and keeps the readings before the cut", async () => {
    for (let length = 1; length < CMEP.length - 1; length++) {
      const records = await collect(readCmep(chunksOf(CMEP.slice(0, length))));
      expect(asidesIn(records).length > 0 || countOf(records) === 3, `cut after ${length}`).toBe(true);
    }
    const records = await collect(readCmep(chunksOf(CMEP.slice(0, CMEP.indexOf("1.25") - 4))));
    expect(countOf(records)).toBe(1);
    expect(asidesIn(records)[0]).toMatchObject({ line: 1, field: "count" });
  });
});

describe.skipIf(!existsSync(VECTORS))("public samples", () => {
  it("of CMEP: five meters of 25 registers, off-minute stamps brought to the hour", async () => {
    const records = await collect(readCmep(vector("cmep/sensus_cmep_mepmd01.dat")));
    const registers = registersIn(records);
    expect(registers.length + asidesIn(records).length).toBeGreaterThanOrEqual(125);
    expect(registers).toHaveLength(125);
    expect(registers.filter(({ reading }) => reading.atMs % 3_600_000 !== 0)).toEqual([]);
  });

  it("of D0010: every register reading with MPAN, meter and status", async () => {
    const day = registersIn(await collect(readD0010(vector("d0010/multiple_daily_readings_synthetic.uff"))));
    expect(day).toHaveLength(7);
    expect(day[0]).toMatchObject({
      usagePointId: "1850001111222",
      reading: { meterId: "HF01 11222", channel: "S", value: 23_456_100_000n, atMs: Date.UTC(2024, 7, 1, 6) },
    });
    const all = await collect(readD0010(vector("d0010/DTC5259515123502080915D0010_as_in_public_tests.uff")));
    expect(registersIn(all)).toHaveLength(13);
    const [failed] = registersIn(await collect(readD0010(vector("d0010/mavis_2026_F_validation.uff"))));
    expect(unpackQuality(failed?.reading.quality ?? 0).category).toBe("failedValidation");
  });

  it("of DF2: half-hours stamped at their end", async () => {
    const records = await collect(readDf2(vector("uk-hh/stark.df2")));
    expect(asidesIn(records)).toEqual([]);
    const [{ series } = expect.fail()] = intervalsIn(records);
    expect(series).toMatchObject({ startMs: Date.UTC(2024, 3, 16), intervalSeconds: 1800, channel: "1-0:1.8.0" });
    expect([...series.values]).toEqual([770_000, 64_000, 0]);
  });
});

describe("a D0010 flow", () => {
  const HEAD = "ZHV|1|D0010002|D|UDMS|X|MRCY|20240101000000||||OPER|\n026|1200023305967|V|\n028|F75A|D|\n";

  it("puts a bad reading aside by field and reads the next, in the zone that is given", async () => {
    const text = `${HEAD}030|S|20240701000000|12x|||T|N|\n030|S|20240701000000|12.5|||T|N|\nZPT|1|4||1|20240101000000|\n`;
    const records = await collect(readD0010(chunksOf(text), zoneOf("Europe/London")));
    expect(asidesIn(records)).toMatchObject([{ line: 4, field: "registerReading" }]);
    expect(registersIn(records)[0]?.reading.atMs).toBe(Date.UTC(2024, 5, 30, 23));
  });

  it("without its footer, or with a count that differs, says so", async () => {
    const cut = await collect(readD0010(chunksOf(`${HEAD}030|S|20240701000000|12.5|||T|N|\n`)));
    expect(asidesIn(cut)[0]?.reason).toContain("cut off");
    const short = await collect(readD0010(chunksOf(`${HEAD}ZPT|1|9||1|20240101000000|\n`)));
    expect(asidesIn(short)).toMatchObject([{ field: "recordCount" }]);
    await expect(collect(readD0010(chunksOf("a,b\n")))).rejects.toMatchObject({ code: "no-header" });
    await expect(collect(readD0010(chunksOf("")))).rejects.toMatchObject({ code: "empty" });
  });
});

describe("a DF2 file", () => {
  it("ends a series at a gap and puts aside what it cannot read", async () => {
    const text = "#O 1\n#S 1\n16/04/2024,00:30,1,A\n16/04/2024,02:00,1,E\n31/02/2024,02:30,1,A\n16/04/2024,02:30,1,X\n#S 9\n1,2\n";
    const records = await collect(readDf2(chunksOf(text)));
    expect(intervalsIn(records)).toHaveLength(2);
    expect(intervalsIn(records)[0]?.series.qualities[0]).toBe(QUALITY.raw);
    expect(asidesIn(records).map(({ line, field }) => [line, field])).toEqual([
      [5, "time"],
      [6, "flag"],
      [7, "sensor"],
      [8, "sensor"],
    ]);
  });
});
