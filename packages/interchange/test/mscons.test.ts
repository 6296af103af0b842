import { existsSync, readdirSync } from "node:fs";
import { packQuality, QUALITY, unpackQuality, type IntervalSeries } from "@amity/model";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMscons, writeMscons, type InterchangeRecord } from "../src/index.ts";
import { asidesIn, chunksOf, collect, countOf, intervalsIn, recordsOf, registersIn, textOf, vector, VECTORS } from "./reading.ts";

const OPTIONS = { sender: "9900000000001", receiver: "9900000000002", createdMs: Date.UTC(2024, 0, 2, 3, 4), reference: "R1" };
const VALID = packQuality({ source: "external", category: "valid", method: "validated", final: false });
const ESTIMATED = packQuality({ source: "external", category: "estimated", method: "none", final: false });

function profile(values: readonly number[], startMs = Date.UTC(2024, 0, 1)): InterchangeRecord {
  const qualities = Uint16Array.from(values, (_, index) => [VALID, ESTIMATED, QUALITY.raw][index % 3] ?? VALID);
  const series: IntervalSeries = {
    meterId: "1EMH?'+:1",
    channel: "1-1:1.29.0",
    unit: "Wh",
    scaler: -3,
    intervalSeconds: 900,
    startMs,
    values: Float64Array.from(values),
    qualities,
  };
  return { kind: "intervals", usagePointId: "DE001", series };
}

describe("MSCONS", () => {
  it("comes back unchanged from its own writer, whatever the values and the chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -1e12, max: 1e12 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 99 }),
        async (values, size) => {
          const record = profile(values);
          const written = await textOf(writeMscons(recordsOf([record]), OPTIONS));
          expect(await collect(readMscons(chunksOf(written, size)))).toEqual([record]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("carries registers beyond 2^53 exactly", async () => {
    const reading = {
      meterId: "M",
      channel: "1-1:1.8.0",
      unit: "Wh",
      scaler: -3,
      atMs: Date.UTC(2024, 0, 1),
      value: 10n ** 20n + 1n,
      quality: VALID,
    } as const;
    const record = { kind: "register", usagePointId: "DE001", reading } as const;
    const written = await textOf(writeMscons(recordsOf([record]), OPTIONS));
    expect(await collect(readMscons(chunksOf(written)))).toEqual([record]);
  });

  it("cut off after any octet is told, with all whole values before the cut", async () => {
    const written = await textOf(writeMscons(recordsOf([profile([1, 2, 3])]), OPTIONS));
    let most = 0;
    for (let length = 30; length < written.length; length += 3) {
      const records = await collect(readMscons(chunksOf(written.slice(0, length)))).catch((error: unknown) => error);
      if (!Array.isArray(records)) {
        expect(records).toMatchObject({ blame: "decode" });
        continue;
      }
      expect(asidesIn(records).length, `after ${length}`).toBeGreaterThan(0);
      most = Math.max(most, countOf(records));
    }
    expect(most).toBe(3);
  });

  it("refuses what it cannot say and what is no MSCONS", async () => {
    const odd = { ...profile([1]), kind: "intervals" } as Extract<InterchangeRecord, { kind: "intervals" }>;
    const inVolts = { ...odd, series: { ...odd.series, unit: "V" as const } };
    await expect(textOf(writeMscons(recordsOf([inVolts]), OPTIONS))).rejects.toMatchObject({ code: "not-representable" });
    await expect(collect(readMscons(chunksOf("UNB+UNOC:3+A+B'UNH+1+UTILMD:D'")))).rejects.toMatchObject({ code: "message-type" });
    await expect(collect(readMscons(chunksOf("100,NEM12,2024")))).rejects.toMatchObject({ blame: "decode" });
    await expect(collect(readMscons(chunksOf("")))).rejects.toMatchObject({ code: "empty" });
  });

  it("puts an unknown qualifier, a bad number and a wrong count aside by segment and reads the rest", async () => {
    const text =
      "UNB+UNOC:3+A+B+240101:0000+1'UNH+1+MSCONS:D:04B:UN:2.4c'LOC+172+X'DTM+163:202401010000?+00:303'DTM+672:15:806'LIN+1'" +
      "PIA+5+1-1?:1.29.0:SRW'QTY+999:1'QTY+220:1x'QTY+220:7'UNT+99+1'UNZ+1+1'";
    const records = await collect(readMscons(chunksOf(text)));
    expect(asidesIn(records).map(({ line, field }) => [line, field])).toEqual([
      [8, "QTY qualifier"],
      [9, "QTY"],
      [11, "UNT"],
    ]);
    expect(intervalsIn(records)[0]?.series.startMs).toBe(Date.UTC(2024, 0, 1, 0, 30));
  });
});

describe.skipIf(!existsSync(VECTORS))("public samples of MSCONS", () => {
  const counts: Readonly<Record<string, number>> = {
    MSCONS_TL_Multiple_LOC_SAMPLE: 5944,
    MSCONS_TL_SAMPLE01: 2976,
    MSCONS_TL_SAMPLE02: 2976,
  };
  const names = existsSync(VECTORS) ? readdirSync(`${VECTORS}mscons`).filter((name) => !name.includes("13016")) : [];
  it.each(names)("%s is read whole", async (name) => {
    const records = await collect(readMscons(vector(`mscons/${name}`)));
    // Some samples were made anonymous by hand: they count segments that are not there (a remark) and hold a few impossible times.
    const lost = asidesIn(records).filter(({ field }) => field !== "UNT");
    expect(lost.every(({ field }) => field === "DTM")).toBe(true);
    expect(lost.length).toBeLessThanOrEqual(name.startsWith("MSCONS_TL_SAMPLE0") ? 67 : 0);
    expect(countOf(records) + lost.length).toBe(counts[name.replace(".txt", "")] ?? 96);
  });

  it("with the comma as decimal mark, local offsets and substituted values", async () => {
    const comma = intervalsIn(await collect(readMscons(vector("mscons/MSCONS_TL_SAMPLE01.txt"))));
    expect(comma[0]?.series).toMatchObject({ startMs: Date.UTC(2015, 10, 30, 23), channel: "1-1:1.10.0", intervalSeconds: 900 });
    expect([...(comma[0]?.series.values ?? [])].slice(39, 41)).toEqual([900_000, 148_000]);
    const swiss = names.find((name) => name.includes("LG")) ?? "";
    const [old] = intervalsIn(await collect(readMscons(vector(`mscons/${swiss}`))));
    expect(old?.usagePointId).toBe("CH1022201234500000000000000022079");
    expect([...(old?.series.qualities ?? [])].filter((code) => unpackQuality(code).category === "estimated")).toHaveLength(2);
  });

  it("put a month's billing quantity aside rather than call it an interval", async () => {
    const records = await collect(readMscons(vector("mscons/MSCONS_2.4c_13016_billing_energy.edi")));
    expect(asidesIn(records)[0]?.reason).toContain("744 hours");
    expect(registersIn(records)).toEqual([]);
  });
});

describe("a period that is no interval", () => {
  it("is put aside in the words of its fault", async () => {
    const value = (from: string, to: string): string => `QTY+220:1'DTM+163:${from}?+00:303'DTM+164:${to}?+00:303'`;
    const periods = value("202401010000", "202401010016") + value("202401010100", "202401010015") + value("202401010000", "202402010000");
    const text = `UNB+UNOC:3+A:500+B:500+240101:0000+R'UNH+1+MSCONS:D:04B:UN:2.4c'LOC+172+X'LIN+1'PIA+5+1-0?:1.8.0:SRW'${periods}UNT+14+1'UNZ+1+R'`;
    expect(asidesIn(await collect(readMscons(chunksOf(text)))).map(({ reason }) => reason)).toEqual([
      "a period of 16 minutes is no interval length",
      "the period ends before it begins",
      "a period of 744 hours is not an interval (a billing quantity is not interval data)",
    ]);
  });
});
