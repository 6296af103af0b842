import { gzipSync, strToU8, zipSync } from "fflate";
import { zoneOf } from "@amity/intervals";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binaryKindOf, expandInput, readCsv, readD0010, refusalOf } from "../src/index.ts";
import { chunksOf, collect } from "./reading.ts";

const OPTIONS = { zone: zoneOf("UTC"), usagePointId: "UP" };

describe("what is no text", () => {
  it("is named where it begins like a known kind of file", () => {
    expect(binaryKindOf(strToU8("%PDF-1.7"))).toBe("a PDF document");
    expect(binaryKindOf(Uint8Array.of(0xff, 0xfe, 0x74, 0))).toMatch(/UTF-16/);
    expect(binaryKindOf(gzipSync(strToU8("a")))).toBe("a binary file (octet 31 at 0)");
  });

  it("is told from text by its control characters, in any language", () => {
    expect(binaryKindOf(strToU8("Zeit;Verbrauch für Süd kWh\r\n1;2\f\u001a"))).toBeUndefined();
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }).filter((text) => !/\p{Cc}/u.test(text)),
        (text) => binaryKindOf(strToU8(text)) === undefined,
      ),
    );
  });

  it("is refused by the readers of lines, at the beginning and in the middle", async () => {
    await expect(collect(readCsv(chunksOf(Uint8Array.of(1, 2, 3, 10, 4)), OPTIONS))).rejects.toMatchObject({ code: "binary" });
    const late = strToU8("timestamp,kwh\n2026-01-01T00:00Z,1\n\u0000\u0000\n");
    await expect(collect(readCsv(chunksOf(late, 20), OPTIONS))).rejects.toMatchObject({ code: "binary", blame: "decode" });
    await expect(collect(readD0010(chunksOf(Uint8Array.of(0, 1))))).rejects.toMatchObject({ code: "binary" });
  });

  it("and what is nothing at all is no CSV either", async () => {
    await expect(collect(readCsv(chunksOf(""), OPTIONS))).rejects.toMatchObject({ code: "empty" });
    await expect(collect(readCsv(chunksOf("\n\n# only a remark\n"), OPTIONS))).rejects.toMatchObject({ code: "empty" });
  });

  it("in an Office document is not taken for an archive of readings", async () => {
    const office = zipSync({ "[Content_Types].xml": strToU8("<a/>"), "xl/workbook.xml": strToU8("<b/>") });
    await expect(collect(expandInput("usage.xlsx", chunksOf(office)))).rejects.toMatchObject({ code: "archive", advice: "save it as CSV" });
  });
});

describe("what holds no readings", () => {
  it("is refused by what it is", () => {
    const kind = (text: string): string | undefined => refusalOf(strToU8(text));
    expect(kind('\n {"count":48}')).toMatch(/^JSON/);
    expect(kind("ZHV|9|D0150001|M|LBSL|X|NEEB|2017||||TR01|\n")).toMatch(/D0150/);
    expect(kind("UNB+UNOC:3+A:500+B:500+241204:0617+R'UNH+1+UTILMD:D:11A:UN:S1.1'")).toMatch(/UTILMD/);
    expect(kind('<!-- a --><ReadingList xmlns="urn:ieee:std:2030.5:ns">')).toMatch(/2030\.5/);
    expect(kind('<?xml version="1.0"?>\n<!-- x -->\n<xs:schema>')).toBe("an XML schema");
    expect(kind("<!DOCTYPE html><html>")).toBe("a web page");
  });

  it("lets everything else through", () => {
    for (const text of ["timestamp,kwh\n", "100,NEM12,1", "ZHV|1|D0010002|", "UNB+UNOC:3'UNH+1+MSCONS:D'", "<feed/>", "#F01", ""]) {
      expect(refusalOf(strToU8(text)), text).toBeUndefined();
    }
  });
});
