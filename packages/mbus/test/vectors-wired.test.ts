import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "@amity/bytes";
import {
  decodeWiredMessage,
  deviceTypeName,
  meterTimeText,
  recordInput,
  scaledValue,
  writeRecords,
  type DataRecord,
} from "../src/index.ts";

const FILE = new URL("../../../../shared/vectors/mbus/frames.json", import.meta.url);

interface Vector {
  readonly source: string;
  readonly kind: string;
  readonly hex: string;
  readonly expected_xml?: string;
}

const vectors = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Vector[]) : [];
const good = vectors.filter(({ kind, expected_xml }) => kind === "test-frames" && expected_xml !== undefined);
const refused = vectors.filter(({ kind }) => kind !== "test-frames");

describe.skipIf(vectors.length === 0)("wired frames of real meters", () => {
  test.each(good.map((vector) => [vector.source, vector] as const))("%s decodes to what another decoder printed", (_, vector) => {
    const { application } = decodeWiredMessage(fromHex(vector.hex));
    const xml = vector.expected_xml ?? "";
    // Some meters use reserved value information: said, and no reason to refuse the rest.
    expect(application?.problems.filter(({ code }) => code !== "unknown-vif")).toEqual([]);
    const id = (/<Id>(\w+)<\/Id>/.exec(xml)?.[1] ?? "").toLowerCase().padStart(8, "0");
    if (application?.kind === "fixed") {
      expect(application.fixed?.id).toBe(id);
      expect(deviceTypeName(application.fixed?.deviceType ?? -1).slice(0, 4)).toBe(
        /<Medium>(.*)<\/Medium>/.exec(xml)?.[1]?.toLowerCase().slice(0, 4),
      );
      expect(application.fixed?.counters.map(({ value }) => value)).toEqual(
        [...xml.matchAll(/<Value>(.*)<\/Value>/g)].map((match) => Number(match[1])),
      );
      return;
    }
    expect(application?.meter?.id).toBe(id);
    expect(application?.meter?.manufacturer).toBe(/<Manufacturer>(.*)<\/Manufacturer>/.exec(xml)?.[1]);
    const wanted = [...xml.matchAll(/<DataRecord[^>]*>(.*?)<\/DataRecord>/gs)].map((match) => match[1] ?? "");
    const records = application?.records ?? [];
    const plain = wanted.filter((text) => !/<Function>(Manufacturer specific|More records follow)/.test(text));
    expect(records).toHaveLength(plain.length);
    const differing = plain.flatMap((text, index) =>
      agrees(records[index], text) ? [] : [`${index}: ${shown(records[index])} / ${text.replace(/\s+/g, " ")}`],
    );
    expect(differing).toEqual([]);
  });

  test.each(good.map((vector) => [vector.source, vector] as const))("%s is written back octet for octet", (_, vector) => {
    const octets = fromHex(vector.hex);
    const { application } = decodeWiredMessage(octets);
    for (const record of application?.records ?? []) {
      const before = octets.subarray(record.offset, record.offset + record.octets);
      if (record.value !== null && typeof record.value === "object" && "kind" in record.value) {
        // Unset dates and broken BCD hold bits that no date or number has: there is nothing canonical to write.
        if (record.value.kind === "invalid" || (record.value.kind !== "octets" && !record.value.isValid)) continue;
      }
      if (!isCanonical(before)) continue;
      const written = writeRecords([recordInput(record)]).finish();
      // Meters fill the hundred-year bits of a date-time as they like; we write what the year needs.
      const hour = record.vib.kind === "dateTime" && record.coding === "int32" ? record.headerOctets + 1 : -1;
      const plain = before.map((octet, index) => (index === hour ? octet & ~0x60 : octet));
      expect(toHex(written)).toBe(toHex(plain));
    }
  });

  test.each(refused.map((vector) => [vector.source, vector] as const))(
    "%s is an error with an offset, or says its application error",
    (_, vector) => {
      let outcome: unknown;
      try {
        const { application } = decodeWiredMessage(fromHex(vector.hex));
        outcome = application?.applicationError ?? application?.problems[0]?.message ?? application?.records.length;
      } catch (error) {
        outcome = (error as Error).message;
      }
      expect(outcome).toBeDefined();
      const announced = /<Error>(.*)<\/Error>/.exec(vector.expected_xml ?? "")?.[1];
      if (announced !== undefined)
        expect(String(outcome).toLowerCase().slice(0, 8)).toBe(ERRORS[announced] ?? announced.toLowerCase().slice(0, 8));
    },
  );
});

/** Where our words differ from the other decoder's. */
const ERRORS: Readonly<Record<string, string>> = {
  "Application busy": "applicat",
  "Unimplemented CI-Field": "ci field",
  "Unspecified error": "unspecif",
};

function agrees(record: DataRecord | undefined, xml: string): boolean {
  const want = /<Value>(.*?)<\/Value>/s.exec(xml)?.[1] ?? "";
  if (record === undefined || !isSamePlace(record, xml)) return false;
  const { value } = record;
  if (typeof value === "number" || typeof value === "bigint")
    return isPowerOfTen(scaledValue(record) ?? 0, Number(want)) || Number(value) === Number(want);
  if (value === null) return want.trim() === "" || want.trim() === "0";
  if (typeof value === "string") return value.trim() === unescaped(want).trim() || Number(value) === Number(want);
  return agreesObject(record, value, want);
}

function isSamePlace(record: DataRecord, xml: string): boolean {
  const places = [
    ["StorageNumber", record.storage],
    ["Tariff", record.tariff],
    ["Device", record.subunit],
  ] as const;
  return places.every(([tag, own]) => {
    const text = new RegExp(`<${tag}>(\\d+)<`).exec(xml)?.[1];
    return text === undefined || Number(text) === own;
  });
}

function agreesObject(record: DataRecord, value: Extract<DataRecord["value"], object>, want: string): boolean {
  if (value.kind === "octets") {
    const hex = want.toLowerCase().replaceAll(/\s/g, "");
    return toHex(value.octets) === hex || toHex(value.octets.slice().reverse()) === hex;
  }
  if (value.kind === "invalid") return true;
  // The other decoder prints dates announced by a VIFE as the integer they are coded in.
  if (record.vib.modifiers.length > 0 && /^\d+$/.test(want)) return true;
  return !value.isValid || meterTimeText(value).slice(0, 10) === want.slice(0, 10);
}

function isPowerOfTen(own: number, want: number): boolean {
  if (own === 0 || want === 0) return Math.abs(own - want) < 1e-9;
  const exponent = Math.log10(own / want);
  // The other decoder prints six digits behind the point.
  return Math.abs(exponent - Math.round(exponent)) < 2e-5 / Math.min(1, Math.abs(want) * 10);
}

/** Headers with needless DIFEs, and texts in LVAR numbers, have a shorter form that we would write. */
function isCanonical(octets: Uint8Array): boolean {
  const last = octets.findIndex((octet) => octet < 0x80);
  return !(last > 0 && octets[last] === 0);
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&").replaceAll("&quot;", '"');
}

function shown(record: DataRecord | undefined): string {
  return JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}
