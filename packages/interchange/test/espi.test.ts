import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packQuality, QUALITY, unpackQuality } from "@amity/model";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEspi, writeEspi, type InterchangeRecord } from "../src/index.ts";
import { asidesIn, chunksOf, collect, countOf, intervalsIn, recordsOf, textOf, vector, VECTORS } from "./reading.ts";

const VALID = packQuality({ source: "external", category: "valid", method: "validated", final: false });
const OPTIONS = { createdMs: Date.UTC(2024, 0, 2) };

function series(values: readonly number[], channel = "1-0:1.8.0"): InterchangeRecord {
  const usagePointId = "UP/1 & <2>";
  const qualities = Uint16Array.from(values, (_, index) => (index % 2 === 0 ? VALID : QUALITY.raw));
  const startMs = Date.UTC(2024, 0, 1);
  return {
    kind: "intervals",
    usagePointId,
    series: {
      meterId: usagePointId,
      channel,
      unit: "Wh",
      scaler: -3,
      intervalSeconds: 900,
      startMs,
      values: Float64Array.from(values),
      qualities,
    },
  };
}
const REGISTER = {
  kind: "register",
  usagePointId: "UP2",
  reading: {
    meterId: "UP2",
    channel: "1-0:2.8.0",
    unit: "Wh",
    scaler: 0,
    atMs: Date.UTC(2024, 0, 1, 0, 0, 7),
    value: 12345678901n,
    quality: VALID,
  },
} as const satisfies InterchangeRecord;

describe("a Green Button feed", () => {
  it("comes back unchanged from its own writer, whatever the values and the chunks", async () => {
    const numbers = fc.array(fc.integer({ min: -1e14, max: 1e14 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 1, max: 200 }), async (values, size) => {
        const records = [series(values), series(values, "1-0:2.8.0"), REGISTER];
        const written = await textOf(writeEspi(recordsOf(records), OPTIONS));
        expect(await collect(readEspi(chunksOf(written, size)))).toEqual(records);
      }),
      { numRuns: 40 },
    );
  });

  it("says which service a usage point has, by the medium of its channels", async () => {
    const text = await textOf(
      writeEspi(recordsOf([{ ...REGISTER, reading: { ...REGISTER.reading, channel: "7-0:3.0.0", unit: "m3" } }]), OPTIONS),
    );
    expect(text).toContain("<ServiceCategory><kind>1</kind>");
    expect(text).toContain("<commodity>7</commodity>");
  });

  it("keeps apart channels that flow and unit do not tell apart", async () => {
    const records = [series([1, 2], "1-0:1.8.1"), series([3, 4], "1-0:1.8.2"), series([5], "a<b")];
    expect(await collect(readEspi(chunksOf(await textOf(writeEspi(recordsOf(records), OPTIONS)))))).toEqual(records);
  });

  it("leaves out missing values and so reads back as two series", async () => {
    const record = series([1, 2, 3]);
    if (record.kind !== "intervals") throw new Error("no intervals");
    record.series.qualities[1] = QUALITY.missing;
    const written = await textOf(writeEspi(recordsOf([record]), OPTIONS));
    expect(intervalsIn(await collect(readEspi(chunksOf(written)))).map((back) => [...back.series.values])).toEqual([[1], [3]]);
  });

  it("cut off anywhere is refused, never taken for whole", async () => {
    const written = await textOf(writeEspi(recordsOf([series([1, 2, 3])]), OPTIONS));
    for (let length = 0; length < written.length - 7; length += 13) {
      await expect(collect(readEspi(chunksOf(written.slice(0, length)))), `after ${length}`).rejects.toMatchObject({ blame: "decode" });
    }
  });

  it("expands no entities: a document type is refused", async () => {
    const bomb = '<!DOCTYPE feed [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feed>&b;</feed>';
    await expect(collect(readEspi(chunksOf(bomb)))).rejects.toMatchObject({ code: "doctype" });
    await expect(collect(readEspi(chunksOf("<feed>&b;</feed>")))).rejects.toMatchObject({ code: "xml" });
    await expect(collect(readEspi(chunksOf("<a>".repeat(100))))).rejects.toMatchObject({ code: "limit" });
    await expect(collect(readEspi(chunksOf("<feed/>")))).rejects.toMatchObject({ code: "no-feed" });
  });

  it("puts a reading aside by line and field and reads the others", async () => {
    const written = await textOf(writeEspi(recordsOf([series([1, 2, 3])]), OPTIONS));
    const records = await collect(readEspi(chunksOf(written.replace("<value>2<", "<value>2.5<"))));
    expect(countOf(records)).toBe(2);
    expect(asidesIn(records)).toMatchObject([{ field: "value", reason: '"2.5" is not an integer of 48 bits' }]);
    const inBtu = await collect(readEspi(chunksOf(written.replace("<uom>72<", "<uom>132<"))));
    expect(asidesIn(inBtu)).toMatchObject([{ field: "ReadingType", reason: "unit of measure 132 is not known" }]);
  });

  it("refuses to write what 48 bits cannot hold", async () => {
    await expect(textOf(writeEspi(recordsOf([series([2 ** 50])]), OPTIONS))).rejects.toMatchObject({ code: "not-representable" });
  });
});

const names = existsSync(VECTORS) ? readdirSync(`${VECTORS}greenbutton-espi`).filter((name) => name.endsWith(".xml")) : [];
describe.skipIf(names.length === 0)("public samples of Green Button", () => {
  it.each(names)("%s gives every interval reading that it holds", async (name) => {
    const text = readFileSync(`${VECTORS}greenbutton-espi/${name}`, "utf8");
    const held = [...text.matchAll(/<(?:\w+:)?IntervalReading[ >]/g)].length;
    if (!/<(?:\w+:)?(?:feed|entry)[ >]/.test(text)) {
      await expect(collect(readEspi(vector(`greenbutton-espi/${name}`)))).rejects.toMatchObject({ code: "no-feed" });
      return;
    }
    const records = await collect(readEspi(vector(`greenbutton-espi/${name}`)));
    expect(countOf(records) + asidesIn(records).filter(({ text: tag }) => tag === "<IntervalReading>").length).toBe(held);
    expect(asidesIn(records)).toMatchObject(held === 0 ? [{ line: 0 }] : []);
  });

  it("with estimated and edited readings and their usage point", async () => {
    const [first] = intervalsIn(await collect(readEspi(vector("greenbutton-espi/oespi_test_usage_data_01.xml"))));
    expect(first?.usagePointId).toBe("5446AF3F");
    expect(first?.series).toMatchObject({ channel: "1-0:1.8.0", unit: "Wh", scaler: 0, intervalSeconds: 900, startMs: 1330578000_000 });
    expect([...(first?.series.qualities ?? [])].slice(0, 2).map((code) => unpackQuality(code).category)).toEqual(["estimated", "edited"]);
  });
});

const xmllint = process.env["XMLLINT"] ?? "xmllint";
const canValidate = names.length > 0 && spawnSync(xmllint, ["--version"]).status === 0;
describe.skipIf(!canValidate)("against the public schema", () => {
  it("every resource that is written is valid", async () => {
    const estimated = series([1, 2, 3], "1-0:1.8.1");
    if (estimated.kind === "intervals")
      estimated.series.qualities[1] = packQuality({ source: "mdms", category: "estimated", method: "scaled", final: true });
    const written = await textOf(writeEspi(recordsOf([estimated, REGISTER]), OPTIONS));
    expect(written).toContain("<extension>");
    const folder = mkdtempSync(join(tmpdir(), "espi-"));
    const resources = [...written.matchAll(/<content>\n([\s\S]*?)\n<\/content>/g)].map((match) => match[1] ?? "");
    expect(resources).toHaveLength(8);
    const files = resources.map((_, index) => join(folder, `${index}.xml`));
    for (const [index, resource] of resources.entries()) writeFileSync(join(folder, `${index}.xml`), resource);
    execFileSync(xmllint, ["--nonet", "--noout", "--schema", `${VECTORS}greenbutton-espi/espi.xsd`, ...files], { stdio: "pipe" });
    rmSync(folder, { recursive: true });
  });
});
