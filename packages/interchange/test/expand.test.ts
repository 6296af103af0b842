import { createReadStream, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync, zipSync, strToU8 } from "fflate";
import { describe, expect, it } from "vitest";
import { detectFormat, expandInput, readNem } from "../src/index.ts";

async function* pieces(data: Uint8Array, size = 100): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.slice(at, at + size);
}

async function texts(name: string, data: Uint8Array): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const file of expandInput(name, pieces(data))) {
    let text = "";
    for await (const chunk of file.chunks) text += new TextDecoder().decode(chunk);
    found.push([file.name, text]);
  }
  return found;
}

describe("input files", () => {
  const content = "timestamp,kwh\n".repeat(5000);
  it("come plain, as gzip or as zip, told by their octets", async () => {
    expect(await texts("a.csv", strToU8(content))).toEqual([["a.csv", content]]);
    expect(await texts("a.csv.gz", gzipSync(strToU8(content)))).toEqual([["a.csv", content]]);
    expect(await texts("b.zip", zipSync({ "x.csv": strToU8("1"), "y.csv": strToU8("2") }))).toEqual([
      ["b.zip/x.csv", "1"],
      ["b.zip/y.csv", "2"],
    ]);
    expect(await texts("empty", new Uint8Array(0))).toEqual([["empty", ""]]);
  });
  it("that are broken archives say so", async () => {
    await expect(texts("c.gz", gzipSync(strToU8(content)).subarray(0, 60))).rejects.toMatchObject({ blame: "decode" });
    await expect(texts("c.zip", zipSync({ "x.csv": strToU8(content) }).subarray(0, 60))).rejects.toMatchObject({ code: "archive" });
  });
  it("are told apart by how they begin", () => {
    expect(detectFormat(strToU8("100,NEM12,200405011135,MDA1,Ret1\n"))).toBe("nem12");
    expect(detectFormat(strToU8("timestamp,kwh\n"))).toBe("csv");
  });
});

const folder = fileURLToPath(new URL("../../../../shared/vectors/mdm/", import.meta.url));

describe.skipIf(!existsSync(folder))("AEMO's zipped test scenarios", () => {
  it.each(["nem12", "nem13"])("of %s give their readings, and reasons for the rest", async (kind) => {
    let readings = 0;
    const reasons: string[] = [];
    for (const zip of readdirSync(join(folder, kind)).filter((name) => /\.zip$/i.test(name))) {
      for await (const file of expandInput(zip, createReadStream(join(folder, kind, zip)))) {
        for await (const record of readNem(file.chunks)) {
          if (record.kind === "putAside") reasons.push(`${file.name} line ${record.line}: ${record.field ?? ""} ${record.reason}`);
          else readings++;
        }
      }
    }
    // One of the files has a record folded over three lines; what stands around it must load.
    expect(reasons.filter((reason) => !reason.startsWith("NEM12#Scenario10#ETSAMDP#NEMMCO.zip"))).toEqual([]);
    expect(readings).toBeGreaterThan(100);
  });
});
