import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError, fromHex, toHex } from "@amity/bytes";
import { seededRandom, type Random } from "@amity/runtime";
import {
  TransportAssembler,
  decodeSml,
  decodeTransport,
  encodeSml,
  encodeTransport,
  explainSml,
  integer,
  obisOctets,
  octetsValue,
  readingsOf,
  smlDecodeBench,
  type SmlMessage,
  type SmlTree,
} from "../src/index.ts";

const head = { transactionId: Uint8Array.of(1, 2), groupNo: 0, abortOnError: 0 };
const tree = (depth: number): SmlTree => ({
  parameterName: Uint8Array.of(depth),
  ...(depth === 0 ? {} : { children: [tree(depth - 1)] }),
});

/** One message of every kind of shape. */
const MESSAGES: readonly SmlMessage[] = [
  {
    ...head,
    body: {
      kind: "openResponse",
      value: { reqFileId: Uint8Array.of(9), serverId: Uint8Array.of(8), refTime: { kind: "timestamp", seconds: 1 } },
    },
  },
  {
    ...head,
    body: {
      kind: "getListResponse",
      value: {
        serverId: Uint8Array.of(8),
        actSensorTime: { kind: "secondsIndex", seconds: 5, isBare: true },
        valList: [
          {
            objName: obisOctets("1-0:1.8.0*255"),
            status: { value: 5n, width: 3 },
            valTime: { kind: "localTimestamp", seconds: 7, offsetMinutes: 60, seasonMinutes: -60 },
            unit: 30,
            scaler: -3,
            value: { kind: "integer", value: -5n, width: 5 },
            valueSignature: new Uint8Array(48).fill(0x1b),
          },
          { objName: Uint8Array.of(1), value: { kind: "boolean", value: true } },
          { objName: Uint8Array.of(1), value: { kind: "list", items: [integer(1), { kind: "list", items: [] }] } },
        ],
      },
    },
  },
  {
    ...head,
    body: { kind: "attention", value: { serverId: Uint8Array.of(8), attentionNo: fromHex("8181c7c7fe0a"), attentionDetails: tree(5) } },
  },
  { ...head, body: { kind: "unknown", tag: 0x0800, value: { kind: "list", items: [integer(3)] } } },
  { ...head, body: { kind: "closeResponse", value: { globalSignature: new Uint8Array(300) } }, tagOctets: 4 },
];
const FRAME = encodeSml(MESSAGES);

describe("messages", () => {
  test("of COSEM services are told by name, and signatures go with their values", () => {
    expect(JSON.stringify(explainSml(FRAME))).toContain('"getCosemRequest"');
    expect(readingsOf(decodeSml(FRAME))[0]?.signature).toEqual(new Uint8Array(48).fill(0x1b));
  });

  test("come back as they went, in either CRC", () => {
    for (const crc of ["x25", "kermit"] as const) {
      const frame = encodeSml(MESSAGES, crc);
      const file = decodeSml(frame);
      expect(file).toMatchObject({ problems: [], transportCrc: crc });
      expect(file.messages.map((message) => message.crc)).toEqual(MESSAGES.map(() => crc));
      expect(encodeSml(file.messages, crc)).toEqual(frame);
    }
  });

  test("with a wrong CRC are named, those beside them are kept", () => {
    const frame = FRAME.slice();
    const at = decodeSml(frame).messages[1]?.offset ?? 0;
    frame[8 + at + 2] = 0x77;
    const file = decodeSml(frame);
    expect(file.messages.map(({ crc }) => crc)).toEqual(["x25", "wrong", "x25", "x25", "x25"]);
    expect(file.problems.map(({ code }) => code)).toEqual(["crc", "crc"]);
    expect(readingsOf(file)).toEqual([]);
  });

  test("that cannot be read are said with place and field, those before are kept", () => {
    const frame = FRAME.slice();
    const third = decodeSml(frame).messages[2]?.offset ?? 0;
    frame[8 + third + 8 + 12 * 4] = 0x15;
    const file = decodeSml(frame);
    expect(file.messages.length).toBeLessThan(5);
    expect(file.problems[0]?.message).toMatch(/at byte \d+/);
    expect(JSON.stringify(explainSml(frame))).toContain('"error"');
  });

  test("whose scaler is beyond its octet are refused there: no text gets two thousand million digits", () => {
    const bare = toHex(FRAME.subarray(8));
    const file = decodeSml(fromHex(bare.replace("52fd", "557fffffff")));
    expect(bare).toContain("52fd");
    expect(file.problems[0]).toMatchObject({ code: "out-of-range", path: expect.stringContaining("scaler") as string });
    expect(file.messages).toHaveLength(1);
    expect(readingsOf(file)).toEqual([]);
  });

  test("nest no deeper than their limit", () => {
    const deep = (depth: number): SmlMessage => ({
      ...head,
      body: { kind: "attention", value: { serverId: head.transactionId, attentionNo: head.transactionId, attentionDetails: tree(depth) } },
    });
    expect(decodeSml(encodeSml([deep(31)])).problems).toEqual([]);
    expect(() => encodeSml([deep(32)])).toThrow(expect.objectContaining({ code: "limit" }) as Error);
    // Lists in lists as deep as the octets last: refused, not followed.
    const bottomless = fromHex(`76016200620072630800${"71".repeat(20_000)}`);
    expect(decodeSml(bottomless).problems[0]).toMatchObject({ code: "limit" });
    expect(() => explainSml(bottomless)).not.toThrow();
  });

  test("of a faulty DVS74 are put right, and of a mended one left alone", () => {
    const read = (serial: string, value: bigint, width: number) => {
      const valList = [
        { objName: obisOctets("1-0:96.1.0*255"), value: octetsValue(fromHex(`0a01445a47${serial}`)) },
        { objName: obisOctets("1-0:16.7.0*255"), unit: 27, scaler: -2, value: { kind: "integer", value, width } as const },
      ];
      const body = { kind: "getListResponse", value: { serverId: fromHex(serial), valList } } as const;
      return readingsOf(decodeSml(encodeSml([{ ...head, body }])))[1];
    };
    expect(read("000282225e", -29912n, 2)).toMatchObject({ text: "356.24", sent: { text: "-299.12" } });
    expect(read("000282225e", -126061n, 4)).toMatchObject({ text: "-1260.61" });
    expect(read("00039e2054", -29912n, 2)).toMatchObject({ text: "-299.12" });
  });
});

describe("the transport", () => {
  test("carries any payload, whatever runs of 1b are in it, however it is cut", () => {
    const octet = fc.oneof(fc.constant(0x1b), fc.constant(0x01), fc.constant(0x1a), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (body, size) => {
        // A file never ends with 1b: its last octet is the end mark of a message.
        const payload = Uint8Array.from([...body, 0]);
        const frame = encodeTransport(payload);
        const stream = Uint8Array.from([...frame, ...frame]);
        const assembler = new TransportAssembler();
        const found = [];
        for (let at = 0; at < stream.length; at += size) found.push(...assembler.push(stream.subarray(at, at + size)));
        expect(found).toEqual([
          { kind: "frame", octets: frame },
          { kind: "frame", octets: frame },
        ]);
        expect(decodeTransport(frame)).toMatchObject({ payload, crc: "x25" });
        expect(frame.length % 4).toBe(0);
      }),
    );
  });

  test("finds the next frame after one that lost its end", () => {
    const parts = new TransportAssembler().push(Uint8Array.from([...FRAME.subarray(0, 50), ...FRAME]));
    expect(parts.map((part) => (part.kind === "frame" ? "frame" : part.error.code))).toEqual(["interrupted", "frame"]);
  });

  test("gives up frames that never end, and holds no more than its limit", () => {
    const assembler = new TransportAssembler({ frameOctetsMax: 1000 });
    assembler.push(FRAME.subarray(0, 20));
    for (let round = 0; round < 100; round++) {
      assembler.push(new Uint8Array(500));
      expect(assembler.pending).toBeLessThanOrEqual(1000);
    }
    expect(assembler.push(FRAME).at(-1)?.kind).toBe("frame");
  });

  test("names every bit that turned: no damaged frame passes both CRCs", () => {
    for (let bit = 64; bit < FRAME.length * 8; bit++) {
      const bad = FRAME.slice();
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let problems = 1;
      try {
        problems = decodeSml(bad).problems.length;
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
      expect(problems).toBeGreaterThan(0);
    }
  });
});

/** Everything that takes octets from outside: a value, or a DecodeError. */
function decodeEverything(octets: Uint8Array): void {
  for (const decode of [
    () => readingsOf(decodeSml(octets)),
    () => void explainSml(octets),
    () => void new TransportAssembler().push(octets),
  ]) {
    try {
      decode();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      expect(error.offset).toBeLessThanOrEqual(octets.length);
    }
  }
}

describe("octets from outside", () => {
  const bare = decodeTransport(FRAME).payload;

  test("of any kind, and cut anywhere, yield a value or a DecodeError", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeEverything), { numRuns: 1000 });
    for (const seed of [FRAME, bare]) for (let length = 0; length <= seed.length; length++) decodeEverything(seed.subarray(0, length));
  });

  test("mutated from good frames, 6,000 times from one seed, never crash a decoder", () => {
    const random = seededRandom(1103);
    const corpus: Uint8Array[] = [FRAME, bare, ...(smlDecodeBench(2).frames as Uint8Array[])];
    for (let round = 0; round < 6_000; round++) {
      const octets = mutated(corpus[random.below(corpus.length)] ?? FRAME, random);
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

function mutated(seed: Uint8Array, random: Random): Uint8Array {
  let out: Uint8Array = seed.slice();
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(out.length + 1);
    const kind = random.below(4);
    if (kind === 0) out[at] = random.below(256);
    else if (kind === 1)
      out[at] = [0x00, 0x01, 0x1b, 0x1a, 0x71, 0x72, 0x76, 0x77, 0x7f, 0x80, 0x8f, 0xf1, 0x62, 0x65, 0x55][random.below(15)] ?? 0;
    else if (kind === 2) out = Uint8Array.from([...out.subarray(0, at), ...random.bytes(random.below(6)), ...out.subarray(at)]);
    else out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + 1 + random.below(6))]);
  }
  return out.subarray(0, 600);
}
