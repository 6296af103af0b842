import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import {
  LineAssembler,
  decodeReadout,
  explainIec6205621,
  formatDataSet,
  parseDataSets,
  parseDecimal,
  parseProfile,
  toOctets,
  type DataSet,
} from "../src/index.ts";

const FOLDER = fileURLToPath(new URL("../../../../shared/vectors/iec62056-21/", import.meta.url));
const hasVectors = existsSync(FOLDER);
const read = <T>(file: string): T => (hasVectors ? (JSON.parse(readFileSync(FOLDER + file, "utf8")) as T) : ([] as T));

interface Recorded {
  readonly source: string;
  readonly messages: string[];
  readonly expected: Record<string, Record<string, string>>;
}

/** Some block checks in the recordings were made up, some blocks have no end: their data are read all the same. */
function dataSetsOf(messages: string[]): readonly DataSet[] {
  return decodeReadout(toOctets(messages.join(""))).dataSets;
}

describe.skipIf(!hasVectors)("recorded readouts", () => {
  const recorded = read<Recorded[]>("smartmeter-obis-d0.json");

  test.each(recorded)("$source gives the expected values", ({ messages, expected }) => {
    const dataSets = dataSetsOf(messages);
    expect(dataSets.length).toBeGreaterThan(0);
    for (const [code, fields] of Object.entries(expected)) {
      // The source prefixes codes of heat meters with 6-0.
      const storage = /\*(\d+)$/.exec(code)?.[1];
      const names = [code, code.replace(/^6-0:/, ""), code.replace(/\*\d$/, `*0${storage}`)];
      const found = dataSets.find(({ address }) => names.includes(address));
      if (found === undefined) continue;
      const raw = found.values.map(({ value, unit }) => (unit === undefined ? value : `${value}*${unit}`)).join(", ");
      expect(raw).toBe(fields["rawValue"]);
      const [value] = found.values;
      if (fields["values[0].value"] === undefined) continue;
      const number = parseDecimal(value?.value ?? "");
      expect(Number(number?.value) * 10 ** (number?.scaler ?? 0)).toBeCloseTo(Number(fields["values[0].value"]));
      if (fields["values[0].unit"] !== undefined) expect(value?.unit).toBe(fields["values[0].unit"]);
    }
  });

  test.each(recorded)("$source comes back as it was", ({ messages }) => {
    const dataSets = dataSetsOf(messages);
    const plain = messages.join("").replaceAll(/[\r\n]/g, "");
    for (const dataSet of dataSets) expect(plain).toContain(formatDataSet(dataSet));
  });
});

interface Sample {
  readonly vendor: string;
  readonly raw: string;
  readonly expected: { first_entry_timestamp?: string; status?: string; interval_min: number; rows: number; values: number };
}

describe.skipIf(!hasVectors)("load profiles", () => {
  const { samples = [] } = read<{ samples?: Sample[] }>("p01-load-profile.json");
  test.each(samples)("$vendor", ({ raw, expected }) => {
    const { blocks, problems } = parseProfile(parseDataSets(raw).dataSets);
    expect(problems).toEqual([]);
    const [block] = blocks;
    expect(blocks).toHaveLength(1);
    expect(block?.start.season).toBe("summer");
    expect(block?.intervalMinutes).toBe(expected.interval_min);
    expect(block?.rows).toHaveLength(expected.rows);
    expect(block?.rows.flatMap(({ values }) => values)).toHaveLength(expected.values);
    if (expected.first_entry_timestamp !== undefined) expect(block?.rows[0]?.end).toBe(expected.first_entry_timestamp);
    if (expected.status !== undefined) expect(block?.status).toBe(expected.status);
    expect(JSON.stringify(explainIec6205621(toOctets(raw)))).toContain(`${expected.rows} row(s)`);
  });
});

describe.skipIf(!hasVectors)("block checks", () => {
  test.each(read<{ hex: string; note: string }[]>("bcc-vectors.json"))("$note", ({ hex }) => {
    expect(new LineAssembler().push(fromHex(hex))).toMatchObject([{ kind: "command" }]);
  });
});
