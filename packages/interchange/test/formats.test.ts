import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { zoneOf } from "@amity/intervals";
import { packQuality, QUALITY } from "@amity/model";
import * as fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { expandInput, FILE_FORMATS, formatOf, readInterchange, refusalOf, writeParquet, type InterchangeRecord } from "../src/index.ts";
import { chunksOf, collect, recordsOf, VECTORS } from "./reading.ts";

const OPTIONS = { zone: zoneOf("UTC"), usagePointId: "UP" };

describe("any input", () => {
  it("yields records or a decode error in every format, whatever the octets", async () => {
    const heads = [
      "",
      "UNB+UNOC:3+A+B'LOC+172+X'QTY+220:",
      "ZHV|1|D0010002|\n026|",
      "#O 1\n#S 1\n",
      "MEPMD01,1,a,",
      "<feed><entry>",
      "100,NEM12,1,2,3\n200,",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...FILE_FORMATS),
        fc.constantFrom(...heads),
        fc.uint8Array({ maxLength: 300 }),
        async (format, head, tail) => {
          const octets = Uint8Array.from([...new TextEncoder().encode(head), ...tail]);
          const outcome = await collect(readInterchange(format, chunksOf(octets, 37), OPTIONS)).catch((error: unknown) => error);
          if (!Array.isArray(outcome)) expect(outcome).toMatchObject({ blame: "decode" });
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe.skipIf(!existsSync(VECTORS))("the format of every public sample", () => {
  const folders = {
    nem12: "nem12",
    nem13: "nem12",
    "greenbutton-espi": "espi",
    mscons: "mscons",
    cmep: "cmep",
    d0010: "d0010",
    "uk-hh": "df2",
    "cim-61968-9/messages": "cim",
  };
  it.each(Object.entries(folders))("in %s is told from its first octets as %s", async (folder, format) => {
    for (const name of readdirSync(`${VECTORS}${folder}`).filter((file) => /\.(csv|zip|xml|txt|edi|dat|uff|df2)$/i.test(file))) {
      if (folder === "cim-61968-9/messages" && !/TC57/i.test(readFileSync(`${VECTORS}${folder}/${name}`, "utf8"))) continue;
      for await (const input of expandInput(name, createReadStream(`${VECTORS}${folder}/${name}`))) {
        const [head = new Uint8Array(0)] = await collect(input.chunks);
        expect(formatOf(head, name), `${folder}/${name}`).toBe(format);
      }
    }
  });
});

describe.skipIf(!existsSync(VECTORS))("the public samples of what holds no readings", () => {
  const folders = {
    "d0150/": /D0150/,
    "utilmd/": /UTILMD/,
    "octopus/": /^JSON/,
    "ieee2030.5/pricing/": /2030\.5/,
    "ieee2030.5/meter_mirroring/": /2030\.5/,
    "openadr2b/eievent/": /OpenADR/,
  };
  it.each(Object.entries(folders))("in %s are refused as %s", (folder, kind) => {
    for (const name of readdirSync(VECTORS + folder)) {
      expect(refusalOf(readFileSync(VECTORS + folder + name)), folder + name).toMatch(kind);
    }
  });
});

describe("Parquet", () => {
  it("is read by an independent reader with every value exact", async () => {
    const values = Float64Array.from([1, 2 ** 53 - 1, -5, 0]);
    const valid = packQuality({ source: "mdms", category: "valid", method: "validated", final: false });
    const qualities = Uint16Array.from([valid, QUALITY.raw, valid, QUALITY.missing]);
    const startMs = Date.UTC(2024, 0, 1);
    const series = {
      meterId: "M1",
      channel: "1-0:1.8.0",
      unit: "Wh",
      scaler: -3,
      intervalSeconds: 900,
      startMs,
      values,
      qualities,
    } as const;
    const parts = await collect(writeParquet(recordsOf([{ kind: "intervals", usagePointId: "Ü1", series }])));
    const rows = await parquetReadObjects({ file: bufferOf(parts) });
    expect(rows.map(({ value }) => value as unknown)).toEqual([1n, BigInt(Number.MAX_SAFE_INTEGER), -5n, null]);
    expect(rows[1]).toMatchObject({ usage_point_id: "Ü1", start: new Date(startMs + 900_000), scaler: -3, unit: "Wh", quality: "raw" });
  });

  it("hands on a row group at a time", async () => {
    const count = 35_000;
    const many: InterchangeRecord[] = Array.from({ length: 7 }, (_, index) => ({
      kind: "intervals",
      usagePointId: `UP${index}`,
      series: {
        meterId: "M",
        channel: "1-0:1.8.0",
        unit: "Wh",
        scaler: 0,
        intervalSeconds: 900,
        startMs: 0,
        values: Float64Array.from({ length: count }, (_unused, at) => at),
        qualities: new Uint16Array(count),
      },
    }));
    const parts = await collect(writeParquet(recordsOf(many)));
    expect(parts).toHaveLength(3);
    const rows = await parquetReadObjects({ file: bufferOf(parts), columns: ["usage_point_id", "value"] });
    expect(rows).toHaveLength(7 * count);
    expect(rows.at(-1)).toEqual({ usage_point_id: "UP6", value: BigInt(count - 1) });
  });

  it("without a row is still a file", async () => {
    expect(await parquetReadObjects({ file: bufferOf(await collect(writeParquet(recordsOf([])))) })).toEqual([]);
  });
});

function bufferOf(parts: readonly Uint8Array[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
