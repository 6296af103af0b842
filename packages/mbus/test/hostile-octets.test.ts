import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError, fromHex } from "@amity/bytes";
import { seededRandom } from "@amity/runtime";
import {
  FrameAssembler,
  MeterKey,
  WIRELESS_CONTROL,
  decodeTelegram,
  decodeWiredFrame,
  decodeWiredMessage,
  detectMbus,
  encodeFrameA,
  encodeFrameB,
  encodeTelegram,
  encodeWiredFrame,
  explainMbus,
  findVif,
  knownFormats,
  meterTime,
  readProfile,
  sealMessage,
  singleKey,
  stripFrame,
  writeRecords,
} from "../src/index.ts";

const METER = { id: "12345678", manufacturer: "QDS", version: 0x35, deviceType: 7 };
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const formats = knownFormats();
const keys = singleKey(KEY);

/** Seeds of the fuzzer: one frame of every shape. */
function seeds(): Uint8Array[] {
  const content = writeRecords([
    { coding: "int32", codes: findVif("volume", "m³", -3), value: 123456 },
    { coding: "int32", codes: [0x6d], storage: 17, tariff: 3, subunit: 1, value: meterTime({ year: 2026, month: 1, day: 2, hour: 3 }) },
    { coding: "variable", codes: [0xfd, 0x11], value: "customer" },
    { coding: "variable", codes: [0xff, 0x5f], value: { kind: "octets", octets: new Uint8Array(12) } },
    { coding: "int16", codes: [0xfc, 0x74], text: "%RH", value: 5410 },
    { coding: "variable", codes: [0x93, 0x1f], storage: 8, value: { kind: "octets", octets: Uint8Array.of(0x72, 254, 1, 0, 2, 0) } },
  ]).finish();
  const meterKey = new MeterKey(KEY);
  const counter = Uint8Array.of(1, 0, 0, 0);
  const long = sealMessage({ meter: METER, header: "long", accessNumber: 1, content });
  return [
    encodeWiredFrame({ kind: "long", control: 8, address: 1, controlInformation: 0x72, data: long.subarray(1) }),
    encodeWiredFrame({ kind: "long", control: 8, address: 1, controlInformation: 0x73, data: new Uint8Array(16).fill(0x25) }),
    encodeWiredFrame({ kind: "short", control: 0x7b, address: 1 }),
    ...(["a", "b", "none"] as const).map((format) =>
      encodeTelegram({
        control: WIRELESS_CONTROL.sndNr,
        sender: METER,
        format,
        message: { meter: METER, header: "short", accessNumber: 1, content, security: { mode: 5, key: meterKey } },
      }),
    ),
    encodeTelegram({
      control: 0x44,
      sender: METER,
      format: "none",
      extendedLink: { communicationControl: 0x20, accessNumber: 1 },
      authentication: { key: meterKey, counter },
      message: { meter: METER, header: "short", accessNumber: 1, content, security: { mode: 7, key: meterKey, counter } },
    }),
    encodeTelegram({ control: 0x44, sender: METER, format: "none", message: { meter: METER, header: "none", accessNumber: 1, content } }),
  ];
}

/** Everything that takes octets from outside: a value, or a DecodeError. */
function decodeEverything(octets: Uint8Array): void {
  for (const decode of [
    () => readProfile(decodeTelegram(octets, { keys, formats }).application),
    () => decodeTelegram(octets, { keys, formats, format: "none" }),
    () => decodeWiredMessage(octets, { keys }),
    () => explainMbus(octets, { keys, formats }),
    () => detectMbus(octets),
    () => new FrameAssembler().push(octets),
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
  test("of any kind yield a value or a DecodeError inside the frame", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), decodeEverything), { numRuns: 2000 });
  });

  test("cut anywhere yield a value or a DecodeError inside the frame", () => {
    for (const seed of seeds()) for (let length = 0; length <= seed.length; length++) decodeEverything(seed.subarray(0, length));
  });

  test("mutated from good frames, 8 000 times from one seed, never crash a decoder", () => {
    const random = seededRandom(13757);
    const corpus = seeds();
    for (let round = 0; round < 8_000; round++) {
      const octets = mutated(corpus[random.below(corpus.length)] ?? new Uint8Array(0), random);
      try {
        decodeEverything(octets);
      } catch (error) {
        throw new Error(`round ${round}: ${[...octets].map((octet) => octet.toString(16).padStart(2, "0")).join("")}`, { cause: error });
      }
      // A corpus that grows by what came out lets mutations add up.
      if (round % 50 === 0 && corpus.length < 300) corpus.push(octets);
    }
  });
});

function mutated(seed: Uint8Array, random: ReturnType<typeof seededRandom>): Uint8Array {
  let out: Uint8Array = seed.slice();
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(out.length + 1);
    switch (random.below(5)) {
      case 0:
        out[at] = random.below(256);
        break;
      case 1:
        out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        out = Uint8Array.from([...out.subarray(0, at), ...random.bytes(random.below(6)), ...out.subarray(at)]);
        break;
      case 3:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + 1 + random.below(6))]);
        break;
      default:
        out[at] = [0x00, 0x0d, 0x0f, 0x1f, 0x2f, 0x68, 0x72, 0x7c, 0x7f, 0x80, 0x8d, 0x90, 0xfb, 0xfc, 0xfd, 0xff][random.below(16)] ?? 0;
    }
  }
  return out.subarray(0, 300);
}

describe("frames", () => {
  test("of formats A and B lose exactly the CRCs that they were given, at every length", () => {
    for (let length = 11; length <= 240; length++) {
      const frame = Uint8Array.from({ length }, (_, index) => (index === 0 ? length - 1 : (index * 37) & 0xff));
      expect(stripFrame(encodeFrameA(frame), "a").octets).toEqual(frame);
      expect(stripFrame(encodeFrameA(frame)).format).toBe("a");
      expect(stripFrame(encodeFrameB(frame), "b").octets).toEqual(frame);
      expect(stripFrame(frame)).toEqual({ format: "none", octets: frame });
    }
  });

  test("with one bit turned are refused", () => {
    const frame = Uint8Array.from({ length: 60 }, (_, index) => (index === 0 ? 59 : index));
    for (const [format, octets] of [
      ["a", encodeFrameA(frame)],
      ["b", encodeFrameB(frame)],
    ] as const) {
      for (let bit = 8; bit < octets.length * 8; bit++) {
        const bad = octets.slice();
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => stripFrame(bad, format)).toThrow(DecodeError);
      }
    }
  });

  test("are told from a run of noise, which is one item however long", () => {
    const noise = new Uint8Array(300).fill(0x2f);
    const kinds = new FrameAssembler().push(Uint8Array.of(...noise, 0xe5, ...noise.subarray(200))).map(({ kind }) => kind);
    expect(kinds).toEqual(["noise", "frame", "noise"]);
  });

  test("of the wired link survive any cutting into chunks, and noise between them", () => {
    const good = [
      { kind: "ack" },
      { kind: "short", control: 0x40, address: 1 },
      {
        kind: "long",
        control: 8,
        address: 1,
        controlInformation: 0x72,
        data: Uint8Array.from({ length: 252 }, (_, index) => index & 0xff),
      },
    ] as const;
    const stream = Uint8Array.from(good.flatMap((frame) => [0x00, ...encodeWiredFrame(frame)]));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 }), (sizes) => {
        const assembler = new FrameAssembler();
        const seen = [];
        let at = 0;
        for (const size of [...sizes, stream.length]) {
          seen.push(...assembler.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(seen.flatMap((part) => (part.kind === "frame" ? [part.frame.kind] : []))).toEqual(["ack", "short", "long"]);
        expect(seen.filter(({ kind }) => kind === "noise")).toHaveLength(3);
      }),
    );
  });

  test("of the fixed structure never lend it the octets that close them", () => {
    const short = fromHex("681212680801739392919010000569316500006900003f16");
    const { application } = decodeWiredMessage(short);
    expect(application?.fixed).toBeUndefined();
    expect(application?.problems.map(({ code }) => code)).toEqual(["truncated"]);
  });

  test.each([
    ["6804046808", "truncated"],
    ["68040568080172001f16", "length"],
    ["680303690801727b16", "start"],
    ["6803036808017200 16", "checksum"],
    ["6803036808017 27b17", "stop"],
    ["107b017c1600", "trailing"],
    ["42", "start"],
  ])("%s says what is wrong", (hex, code) => {
    const octets = Uint8Array.from((hex.replaceAll(" ", "").match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
    expect(() => decodeWiredFrame(octets)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
