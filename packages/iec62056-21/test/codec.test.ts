import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError, type Explained } from "@amity/bytes";
import { seededRandom, type Random } from "@amity/runtime";
import {
  LineAssembler,
  MeterSession,
  decodeReadout,
  encodeCommand,
  encodeData,
  encodeOptionSelect,
  encodeSignOn,
  errorOf,
  explainIec6205621,
  formatDataSet,
  formatIdentification,
  formatLogEntry,
  formatProfileTime,
  isIec6205621,
  logEntries,
  offerOf,
  parseAddress,
  parseDataSets,
  parseDecimal,
  parseIdentification,
  parseProfile,
  parseProfileTime,
  readoutDecodeBench,
  toOctets,
  withEvenParity,
} from "../src/index.ts";

const EXCHANGE = Uint8Array.of(
  ...encodeSignOn("12345"),
  ...toOctets("/AMT5\\2METER 1\r\n"),
  ...encodeOptionSelect({ protocol: 0, baudCharacter: "5", mode: 1 }),
  ...encodeCommand({ name: "P0", data: "(00001234)" }),
  ...encodeCommand({ name: "P1", data: "(secret)" }),
  ...encodeCommand({ name: "R1", data: "1.8.0()" }),
  ...encodeData("1.8.0(000123.456*kWh)"),
  ...encodeData("P.01(1220823161500)(00)(15)(2)(1.5)(kW)(2.5)(kW)\r\n(0.1)(0.2)\r\n(0.3)(0.4)\r\n", true),
  ...encodeData("(ERR1)"),
  ...encodeCommand({ name: "B0" }),
);

describe("messages", () => {
  test("of a whole exchange are told apart however the stream is cut", () => {
    const kinds = ["sign-on", "identification", "option-select", "command", "command", "command", "data", "data", "data", "command"];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }), (sizes) => {
        const assembler = new LineAssembler();
        assembler.isAckAlone = false;
        const parts = [];
        let at = 0;
        for (const size of [...sizes, EXCHANGE.length]) {
          parts.push(...assembler.push(EXCHANGE.subarray(at, at + size)));
          at += size;
        }
        expect(parts.map(({ kind }) => kind)).toEqual(kinds);
        expect(parts.reduce((sum, { octets }) => sum + octets.length, 0)).toBe(EXCHANGE.length);
      }),
    );
  });

  test("with any bit of a block turned are damaged", () => {
    const block = encodeData("1.8.0(000123.456*kWh)");
    for (let bit = 8; bit < block.length * 8; bit++) {
      if (bit % 8 === 7) continue;
      const bad = block.map((octet, at) => (at === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));
      const parts = [...new LineAssembler().push(bad)];
      expect(parts.filter(({ kind }) => kind === "data")).toEqual([]);
    }
  });

  test("longer than the limit are given up", () => {
    const assembler = new LineAssembler({ messageOctetsMax: 1000 });
    for (let round = 0; round < 50; round++) {
      assembler.push(new Uint8Array(500).fill(0x41));
      expect(assembler.pending).toBeLessThanOrEqual(1000);
    }
  });
});

describe("identifications", () => {
  test.each([
    ["/ISk5MT174-0001", "C", 9600],
    ["/ISk5\\2MT382-1000", "E", 9600],
    ["/ISk5\u0002MT382-1000", "E", 9600],
    ["/ABBDmeter", "B", 4800],
    ["/XYZ meter", "A", undefined],
  ])("%s is mode %s", (line, mode, baud) => {
    const identification = parseIdentification(line);
    if (identification === undefined) throw new Error("none");
    expect(offerOf(identification)).toMatchObject({ mode, ...(baud === undefined ? {} : { baud }) });
    expect(formatIdentification(identification)).toBe(`${line.replace("\u0002", "\\2")}\r\n`);
  });

  test.each(["ISk5", "/IS5", "/1235x", `/ABC5${"x".repeat(200)}`])("%s is none", (line) =>
    expect(parseIdentification(line)).toBeUndefined(),
  );
});

describe("data sets", () => {
  test("come back as they went", () => {
    const text = fc.string({ unit: fc.constantFrom(..."0123456789.,-:& abcXYZ".split("")), maxLength: 12 });
    const value = fc.record({ value: text, unit: fc.option(fc.constantFrom("kWh", "m3", "V"), { nil: undefined }) });
    const dataSet = fc.record({
      address: fc.constantFrom("1.8.0", "1-0:1.8.0*255", "C.1.0", "6.8*01"),
      values: fc.array(value, { minLength: 1, maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(dataSet, { maxLength: 10 }), fc.constantFrom("", "\r\n"), (dataSets, separator) => {
        const block = parseDataSets(`${dataSets.map((one) => formatDataSet(one)).join(separator)}${separator}!`);
        expect(block).toMatchObject({ problems: [], isClosed: true });
        const seen = block.dataSets.map(({ address, values }) => ({
          address,
          values: values.map(({ value: content, unit }) => ({ value: content, unit })),
        }));
        expect(seen).toEqual(dataSets);
      }),
    );
  });

  test("that are damaged are named with their place, those beside them are kept", () => {
    const { dataSets, problems } = parseDataSets("1.8.0(123*kWh)\r\n2.8.0(45\r\ngarbage\r\nC.1.0(7)\r\n!");
    expect(dataSets.map(({ address }) => address)).toEqual(["1.8.0", "C.1.0"]);
    expect(problems.map(({ code, offset }) => [code, offset])).toEqual([
      ["parenthesis", 21],
      ["data-set", 26],
    ]);
  });

  test("hold exact numbers, and addresses of every length", () => {
    expect(parseDecimal("0008048.375")).toEqual({ value: 8048375n, scaler: -3 });
    expect(parseDecimal("-12345678901234567890.5")).toEqual({ value: -123456789012345678905n, scaler: -1 });
    expect(parseDecimal("12a")).toBeUndefined();
    expect(parseAddress("1-0:1.8.1*07")).toEqual({ medium: "1", channel: "0", quantity: "1", type: "8", tariff: "1", storage: "07" });
    expect(parseAddress("C.1")).toEqual({ quantity: "C", type: "1" });
    expect(parseAddress("GET_CLOCK")).toBeUndefined();
    expect(["(ERR)", "(ERR3)", "(ERROR)", "1.8.0(1)"].map(errorOf)).toEqual(["ERR", "ERR3", "ERROR", undefined]);
  });
});

describe("profiles", () => {
  test("take any time there is and give it back", () => {
    for (const digits of ["1220823161500", "0260229000000", "2991231235959", "260229000000"]) {
      const time = parseProfileTime(digits);
      expect(time === undefined ? undefined : formatProfileTime(time)).toBe(digits);
    }
    expect(parseProfileTime("12208231615")).toMatchObject({ season: "summer", second: 0 });
    expect(parseProfileTime("1221323161500")).toBeUndefined();
  });

  test("begin a new block at every header, and say what is missing of the last row", () => {
    const header = (stamp: string, status: string) => `P.01(${stamp})(${status})(15)(2)(1.5)(kW)(2.5)(kW)`;
    const text = `${header("0261121001500", "00")}\r\n(1)(2)\r\n${header("0261121003000", "40")}\r\n(3)(4)\r\n(5)`;
    const { blocks, problems } = parseProfile(parseDataSets(text).dataSets);
    expect(blocks.map(({ status, rows }) => [status, rows.length])).toEqual([
      ["00", 1],
      ["40", 1],
    ]);
    expect(problems).toMatchObject([{ code: "truncated" }]);
    expect(parseProfile(parseDataSets("P.01(0261121001500)(00)(15)(9999)").dataSets).problems).toMatchObject([{ code: "limit" }]);
  });
});

describe("explanations", () => {
  test("name every part of an exchange, but no password", () => {
    const tree = explainIec6205621(EXCHANGE);
    const text = JSON.stringify(tree);
    for (const part of ["device 12345", "mode E, 9600 Bd", "programming", "000123.456 kWh", "2 row(s)", "ERR1", "sign off"])
      expect(text).toContain(part);
    expect(text).not.toContain("secret");
    expect(text).not.toContain('"error"');
    expect(isIec6205621(EXCHANGE)).toBe(true);
  });

  test("read lines with parity bits, and show what a damaged block held", () => {
    expect(JSON.stringify(explainIec6205621(withEvenParity(EXCHANGE)))).toContain("000123.456 kWh");
    const block = encodeData("1.8.0(000123.456*kWh)");
    block[block.length - 1] = (block.at(-1) ?? 0) ^ 1;
    const [damaged] = explainIec6205621(block).children ?? [];
    expect(damaged).toMatchObject({ error: expect.stringContaining("block check") as string, children: [{ name: "1.8.0" }] });
  });
});

function check(node: Explained, length: number): void {
  expect(node.offset).toBeGreaterThanOrEqual(0);
  expect(node.offset + node.length).toBeLessThanOrEqual(length);
  for (const child of node.children ?? []) check(child, length);
}

/** Everything that takes octets from outside: a value, or a DecodeError. */
function decodeEverything(octets: Uint8Array): void {
  try {
    decodeReadout(octets);
    check(explainIec6205621(octets), octets.length);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  const device = {
    identification: { manufacturer: "AMT", baudCharacter: "5", capabilities: [], identifier: "x" },
    address: "1",
    readout: () => "1.8.0(1)\r\n",
    operand: () => "",
    authenticate: () => undefined,
    execute: () => ({ kind: "done" }) as const,
  };
  new MeterSession(device).receive(octets, 0);
}

describe("octets from outside", () => {
  test("of any kind, and cut anywhere, yield a value or a DecodeError", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeEverything), { numRuns: 1000 });
    for (let length = 0; length <= EXCHANGE.length; length++) decodeEverything(EXCHANGE.subarray(0, length));
  });

  test("mutated from good exchanges, 3,000 times from one seed, never crash a decoder", () => {
    const random = seededRandom(6205621);
    const corpus: Uint8Array[] = [EXCHANGE, ...readoutDecodeBench(3).frames];
    for (let round = 0; round < 3_000; round++) {
      const octets = mutated(corpus[random.below(corpus.length)] ?? EXCHANGE, random);
      try {
        decodeEverything(octets);
      } catch (error) {
        throw new Error(`round ${round}: ${Buffer.from(octets).toString("hex")}`, { cause: error });
      }
      // A corpus that grows by what came out lets mutations add up.
      if (round % 50 === 0 && corpus.length < 200) corpus.push(octets);
    }
  });
});

const TELLING = [...toOctets("()*!/?\r\n;&9A\\"), 0, 1, 2, 3, 4, 6, 0x15, 0x80, 0xff];

function mutated(seed: Uint8Array, random: Random): Uint8Array {
  let out: Uint8Array = seed.slice();
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(out.length + 1);
    const kind = random.below(4);
    if (kind === 0) out[at] = random.below(256);
    else if (kind === 1) out[at] = TELLING[random.below(TELLING.length)] ?? 0;
    else if (kind === 2) out = Uint8Array.from([...out.subarray(0, at), ...random.bytes(random.below(6)), ...out.subarray(at)]);
    else out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + 1 + random.below(6))]);
  }
  return out.subarray(0, 600);
}

describe("a log", () => {
  const LOG = [
    "P.98(1220826235646)(00008020)()(2)(0.9.1)()(0.9.2)()(1235703)(1220826)",
    "P.98(1220901000000)(00000010)()(0)",
    "P.98(1220906115553)(000000C0)()(0)",
    "P.98(0180814110004)(00)()(2)(91.11.0)()(91.11.10)()(4)(0)",
  ].join("\r\n");
  const entries = () => logEntries(parseProfile(parseDataSets(LOG).dataSets).blocks);

  test("has its stamps, the flags of its status word, and what its entries hold besides", () => {
    expect(entries().map(({ time, flags, otherBits }) => [time.season, time.hour, flags, otherBits])).toEqual([
      ["summer", 23, ["clockSet"], 0x8000],
      ["summer", 0, ["demandReset"], 0],
      ["summer", 11, ["powerUp", "powerDown"], 0],
      ["normal", 11, [], 0],
    ]);
    expect(entries()[0]?.elements).toEqual([
      { code: "0.9.1", value: "1235703" },
      { code: "0.9.2", value: "1220826" },
    ]);
    expect(entries()[3]?.elements[0]).toEqual({ code: "91.11.0", value: "4" });
  });

  test("is explained entry by entry, a load profile row by row", () => {
    const explained = (text: string) => JSON.stringify(explainIec6205621(toOctets(text)));
    expect(explained(LOG)).toContain("P.98: 2022-08-26T23:56:46 summer time, clockSet, bits 8000, 0.9.1 1235703, 0.9.2 1220826");
    const profile = "P.01(1260701121500)(00000000)(15)(2)(1.5)(kW)(2.5)(kW)(0.123)(0.000)\r\n(0.124)(0.001)\r\n";
    expect(explained(profile)).toContain("2026-07-01T12:30:00: 1.5 0.124 kW, 2.5 0.001 kW");
  });

  test("that has nothing for the time asked for is empty, not damaged", () => {
    expect(parseProfile(parseDataSets("P.98(ERROR)").dataSets)).toEqual({ blocks: [], refusals: ["ERROR"], problems: [] });
  });

  test("is written as it is read", () => {
    const text = entries()
      .map((entry) => formatLogEntry(entry))
      .join("");
    expect(logEntries(parseProfile(parseDataSets(text).dataSets).blocks)).toEqual(entries());
    expect(text.split("\r\n")[0]).toBe(LOG.split("\r\n")[0]);
  });
});
