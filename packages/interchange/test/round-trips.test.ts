import { zoneOf } from "@amity/intervals";
import { isMissing, packQuality, QUALITY, unpackQuality } from "@amity/model";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  OUTPUT_FORMATS,
  readInterchange,
  writeInterchange,
  type FileFormat,
  type InterchangeRecord,
  type OutputFormat,
} from "../src/index.ts";
import { chunksOf, collect, intervalsIn, recordsOf, registersIn } from "./reading.ts";
import { anyQuality, registerRecord, seriesRecord } from "./record-fixtures.ts";

const OPTIONS = { createdMs: Date.UTC(2026, 0, 1), sender: "9900000000001", receiver: "9900000000002" };
const NEM_OPTIONS = { createdMs: OPTIONS.createdMs };
const READ = { zone: zoneOf("Europe/Berlin"), usagePointId: "NMI1234567" };

async function there(format: OutputFormat, records: readonly InterchangeRecord[]): Promise<Uint8Array> {
  const parts = await collect(writeInterchange(format, recordsOf(records), format.startsWith("nem") ? NEM_OPTIONS : OPTIONS));
  return Buffer.concat(parts);
}
const READERS = {
  csv: "csv",
  nem12: "nem12",
  espi: "espi",
  cim: "cim",
  mscons: "mscons",
  cmep: "cmep",
  multispeak: "multispeak",
} as const satisfies Partial<Record<OutputFormat, FileFormat>>;

async function back(format: keyof typeof READERS, octets: Uint8Array): Promise<InterchangeRecord[]> {
  return collect(readInterchange(READERS[format], chunksOf(octets, 4096), READ));
}

/** Days on which a clock of some zone is set, and one that none is; around the turn of a year as well. */
const starts = fc
  .tuple(
    fc.constantFrom(
      "2024-03-30",
      "2024-03-31",
      "2024-10-26",
      "2024-10-27",
      "2024-04-06",
      "2024-11-02",
      "2023-12-31",
      "2024-02-29",
      "2024-06-15",
    ),
    fc.integer({ min: 0, max: 95 }),
  )
  .map(([day, quarter]) => Date.parse(`${day}T00:00:00Z`) + quarter * 900_000);
const values = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
const lengths = fc.constantFrom(300, 900, 1800, 3600);
const slots = fc.array(fc.tuple(values, anyQuality), { minLength: 1, maxLength: 120 });
const onGrid = (startMs: number, seconds: number): number => startMs - (startMs % (seconds * 1000));
const meter = { meterId: "NMI1234567" };
const seriesOf = (startMs: number, seconds: number, list: [number, number][], part = {}): InterchangeRecord =>
  seriesRecord(list, { ...meter, ...part, intervalSeconds: seconds, startMs: onGrid(startMs, seconds) });

/** Each interval by its start: what is equal however the series are cut. */
function byStart(records: readonly InterchangeRecord[], quality: (code: number) => unknown): Map<number, unknown> {
  const found = new Map<number, unknown>();
  for (const { series } of intervalsIn(records)) {
    series.values.forEach((value, index) => {
      const code = series.qualities[index] ?? 0;
      if (!isMissing(code)) found.set(series.startMs + index * series.intervalSeconds * 1000, [value, quality(code)]);
    });
  }
  return found;
}

const exact = (code: number): number => code;
const withoutSource = (code: number): number => packQuality({ ...unpackQuality(code), source: "external" });

describe("written and read again", () => {
  it.each([
    ["csv", exact],
    ["cim", exact],
    ["multispeak", exact],
    ["espi", withoutSource],
  ] as const)("%s keeps every value and quality, over changes of the clocks", async (format, quality) => {
    await fc.assert(
      fc.asyncProperty(starts, lengths, slots, async (startMs, seconds, list) => {
        const records = [seriesOf(startMs, seconds, list), seriesOf(startMs, seconds, list, { channel: "1-0:2.8.0" })];
        const again = await back(format, await there(format, records));
        for (const channel of ["1-0:1.8.0", "1-0:2.8.0"]) {
          const of = (all: readonly InterchangeRecord[]) => intervalsIn(all).filter(({ series }) => series.channel === channel);
          expect(byStart(of(again), quality)).toEqual(byStart(of(records), quality));
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each(["nem12", "mscons", "cmep"] as const)(
    "%s keeps every value, and after its own few words for quality nothing changes any more",
    async (format) => {
      await fc.assert(
        fc.asyncProperty(starts, lengths, slots, async (startMs, seconds, list) => {
          const records = [seriesOf(startMs, seconds, list)];
          const written = await there(format, records);
          const again = await back(format, written);
          const none = (): undefined => undefined;
          expect(byStart(again, none)).toEqual(byStart(records, none));
          expect(byStart(await back(format, await there(format, again)), exact)).toEqual(byStart(again, exact));
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(["cim", "mscons", "cmep", "espi"] as const)("%s keeps registers", async (format) => {
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: 0n, max: 10n ** 11n }), async (value) => {
        const records = [registerRecord(value * 1000n, QUALITY.raw), registerRecord(value * 1000n, QUALITY.raw, "1-0:3.8.0")];
        const again = registersIn(await back(format, await there(format, records)));
        expect(again.map(({ reading }) => [reading.channel, reading.unit, reading.value, reading.scaler, reading.atMs])).toEqual(
          registersIn(records).map(({ reading }) => [reading.channel, reading.unit, reading.value, reading.scaler, reading.atMs]),
        );
      }),
      { numRuns: 30 },
    );
  });

  it("CSV keeps ids that look like formulas, and finer scalers", async () => {
    const records = [seriesRecord([[123_456_789, QUALITY.raw]], { meterId: '=1+"2",x', unit: "m3", scaler: -6, channel: "W" })];
    expect(await back("csv", await there("csv", records))).toEqual(records);
  });

  it.each(["csv", "cim", "espi", "multispeak"] as const)("%s keeps joules and cubic metres", async (format) => {
    const units = ["J", "m3"] as const;
    const records = units.map((unit) => seriesRecord([[123_456, QUALITY.raw]], { ...meter, unit, channel: `${unit} total` }));
    const again = intervalsIn(await back(format, await there(format, records)));
    expect(again.map(({ series }) => [series.unit, series.scaler, ...series.values])).toEqual([
      ["J", -3, 123_456],
      ["m3", -3, 123_456],
    ]);
  });

  it("every format says what it is made of", () => {
    for (const facts of Object.values(OUTPUT_FORMATS)) expect(facts.mediaType).toMatch(/^[a-z]+\/[a-z.+-]+/);
  });

  it("MSCONS is not written without the numbers of its parties", async () => {
    const write = (): AsyncIterable<Uint8Array> => writeInterchange("mscons", recordsOf([]), { createdMs: 0, sender: "me" });
    expect(write).toThrow(/13 digits/);
  });
});
