import { linePair, VirtualTimers } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AmityError, DecodeError, SecurityError } from "@amity/bytes";
import { toOctets } from "@amity/iec62056-21";
import { seededRandom, type Random } from "@amity/runtime";
import {
  TelegramAssembler,
  decodeTelegram,
  encodeTelegram,
  explainDsmr,
  formatP1Time,
  instantOf,
  isDsmr,
  listenP1,
  meterTelegram,
  openCiphered,
  p1DecodeBench,
  parseP1Time,
  readTelegram,
  sealCiphered,
  serveP1,
  P1_FORMS,
  type P1Form,
  type P1Meter,
  type Telegram,
} from "../src/index.ts";

const METER: P1Meter = {
  manufacturer: "AMT",
  identifier: "METER",
  equipmentId: "E0001",
  instantMs: Date.UTC(2026, 6, 1, 10),
  isSummer: true,
  tariff: 2,
  importedWh: [1_234_567, 89],
  exportedWh: [0, 5],
  importW: 0,
  exportW: 2601,
  phases: [1, 2, 3].map((phase) => ({ voltageDv: 2300 + phase, currentCa: 100 * phase, importW: 0, exportW: 800 + phase })),
  powerFailures: [{ endMs: Date.UTC(2026, 0, 1), isSummer: false, durationS: 301 }],
  message: "hello",
  channels: [
    { channel: 1, deviceType: 3, equipmentId: "G1", instantMs: Date.UTC(2026, 6, 1, 9), isSummer: true, milli: 12345, unit: "m3" },
  ],
};
const TELEGRAM = encodeTelegram(meterTelegram(METER));
const KEYS = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };
const TITLE = Uint8Array.from("AMTDEV01", (character) => character.charCodeAt(0));
const CIPHERED = sealCiphered(TELEGRAM, KEYS, { systemTitle: TITLE, invocationCounter: 7 });

describe("a meter's telegram", () => {
  test("says what the meter measured", () => {
    const telegram = decodeTelegram(TELEGRAM);
    expect(telegram).toMatchObject({ manufacturer: "AMT", identifier: "METER", crc: "right", problems: [] });
    const reading = readTelegram(telegram);
    expect(reading).toMatchObject({
      version: "50",
      time: { local: "2026-07-01T12:00:00", isSummer: true },
      equipmentId: "E0001",
      tariff: "0002",
      message: "hello",
      powerFailures: [{ end: { local: "2026-01-01T01:00:00" }, durationS: 301 }],
      channels: [
        { channel: 1, medium: "gas", equipmentId: "G1", reading: { text: "00012.345", unit: "m3", number: { value: 12345n, scaler: -3 } } },
      ],
    });
    const value = (code: string) => reading.registers.find(({ obis }) => obis === code);
    expect(value("1-0:1.8.1")).toMatchObject({ number: { value: 1_234_567n, scaler: -3 }, unit: "kWh" });
    expect(value("1-0:52.7.0")).toMatchObject({ text: "230.2", unit: "V" });
    expect(value("1-0:62.7.0")).toMatchObject({ text: "00.803", unit: "kW" });
  });

  test("keeps its CRC where a program on the way made CR LF to LF, and no other change is let pass", () => {
    const changed = TELEGRAM.filter((octet) => octet !== 0x0d);
    expect(decodeTelegram(changed)).toMatchObject({ crc: "right", problems: [] });
    const at = changed.indexOf(0x28) + 1;
    expect(decodeTelegram(changed.with(at, (changed[at] ?? 0) ^ 1))).toMatchObject({ crc: "wrong" });
  });

  test("is known by its first object where the empty line before it is missing", () => {
    const head = "/AMT5METER\r\n";
    expect(isDsmr(toOctets(`${head}0-0:1.0.0(260701120000S)\r\n!\r\n`))).toBe(true);
    expect(isDsmr(toOctets(`${head}1-3:0.2.8(50)\r\n!\r\n`))).toBe(true);
    expect(isDsmr(toOctets(`${head}\u00021-0:1.8.0(000001*kWh)\r\n!\r\n`))).toBe(false);
  });

  test.each(Object.keys(P1_FORMS) as P1Form[])("of form %s reads back, and comes back octet for octet", (form) => {
    const octets = encodeTelegram(meterTelegram(METER, form));
    const telegram = decodeTelegram(octets);
    expect(telegram).toMatchObject({ problems: [], crc: P1_FORMS[form].hasCrc ? "right" : "absent" });
    expect(encodeTelegram({ ...telegram, hasCrc: telegram.crc !== "absent" })).toEqual(octets);
    const reading = readTelegram(telegram);
    const kilo = (code: string) => reading.registers.find(({ obis }) => obis === code)?.number;
    expect(kilo("1-0:2.7.0")).toEqual(form === "2.2" || form === "3" ? { value: 260n, scaler: -2 } : { value: 2601n, scaler: -3 });
    const gas = { channel: 1, medium: "gas", equipmentId: "G1", reading: { text: "00012.345", unit: "m3" } };
    expect(reading.channels).toMatchObject(form === "se" ? [] : [gas]);
  });

  test("of versions 2 and 3 has the number of the hour on a line of its own", () => {
    const text = String.fromCharCode(...encodeTelegram(meterTelegram(METER, "2.2")));
    expect(text).toContain("0-1:24.1.0(3)\r\n0-1:96.1.0(4731)\r\n0-1:24.3.0(260701110000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00012.345)\r\n");
  });

  test("of Belgium tells a month without a peak by a time that is none", () => {
    const peak = { watts: 3064, endMs: Date.UTC(2026, 5, 2, 9, 45), isSummer: true };
    const months = [undefined, peak].map((one, index) => ({ endMs: Date.UTC(2026, 4 + index, 31, 22), isSummer: true, peak: one }));
    const octets = encodeTelegram(meterTelegram({ ...METER, demand: { currentW: 52, peak, months } }, "be"));
    const reading = readTelegram(decodeTelegram(octets));
    expect(reading.peaks).toMatchObject([{ text: "00.000" }, { text: "03.064", time: { local: "2026-06-02T11:45:00" } }]);
    expect(reading.registers.find(({ obis }) => obis === "1-0:1.6.0")).toMatchObject({ text: "03.064", unit: "kW" });
  });

  test("keeps a value whose time is none, and reads the letter of the season small", () => {
    const lines = (gas: string) => `/FLU5\\253_A\r\n\r\n0-1:24.1.0(003)\r\n0-1:24.2.3${gas}\r\n!\r\n`;
    const channelOf = (gas: string) => readTelegram(decodeTelegram(toOctets(lines(gas)))).channels[0]?.reading;
    expect(channelOf("(632525252525W)(00000.000)")).toEqual({ obis: "0-1:24.2.3", text: "00000.000", number: { value: 0n, scaler: -3 } });
    expect(channelOf("(150701190000s)(00845.206*m3)")).toMatchObject({ text: "00845.206", time: { isSummer: true } });
    expect(channelOf("(700101010000W)(00000000)")).toMatchObject({ text: "00000000", time: { local: "1970-01-01T01:00:00" } });
  });

  test("keeps its fifth character, which some meters fill as they like", () => {
    const octets = toOctets("/Test\\V2-Telegram\r\n\r\n0-0:96.14.0(0001)\r\n!\r\n");
    expect(encodeTelegram({ ...decodeTelegram(octets), hasCrc: false })).toEqual(octets);
  });

  test("refuses what does not fit in its formats", () => {
    expect(() => meterTelegram({ ...METER, importW: -1 })).toThrow(expect.objectContaining({ code: "out-of-range" }) as Error);
    expect(() => encodeTelegram({ manufacturer: "AMT", identifier: "a\r\n!", dataSets: [] })).toThrow(
      expect.objectContaining({ code: "data" }) as Error,
    );
  });

  test("with any bit of its content turned is named damaged, and stays readable", () => {
    const start = TELEGRAM.indexOf(0x28);
    for (let at = start; at < start + 200; at++) {
      const bad = TELEGRAM.map((octet, index) => (index === at ? octet ^ 1 : octet));
      let problems: readonly AmityError[];
      try {
        problems = decodeTelegram(bad).problems;
      } catch (error) {
        problems = [error as DecodeError];
      }
      expect(problems.length).toBeGreaterThan(0);
    }
  });
});

describe("times", () => {
  test("know summer from winter", () => {
    const instant = Date.UTC(2026, 9, 25, 0, 30);
    expect(formatP1Time(instant, true)).toBe("261025023000S");
    expect(formatP1Time(instant + 3_600_000, false)).toBe("261025023000W");
    for (const stamp of ["261025023000S", "261025023000W"]) {
      const time = parseP1Time(stamp);
      expect(time === undefined ? undefined : formatP1Time(instantOf(time) ?? 0, time.isSummer ?? false)).toBe(stamp);
    }
    expect(parseP1Time("090212160000")).toEqual({ local: "2009-02-12T16:00:00" });
    expect(["632525252525W", "260230000000W", "26"].map(parseP1Time)).toEqual([undefined, undefined, undefined]);
  });
});

describe("the stream", () => {
  test("gives the same telegrams however it is cut, with noise between them", () => {
    const stream = Uint8Array.from([1, 2, 0xdb, 3, ...TELEGRAM, 0xff, ...CIPHERED, ...TELEGRAM]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 30 }), (sizes) => {
        const assembler = new TelegramAssembler();
        const parts = [];
        let at = 0;
        for (const size of [...sizes, stream.length]) {
          parts.push(...assembler.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(parts).toEqual([
          { kind: "telegram", octets: TELEGRAM },
          { kind: "ciphered", octets: CIPHERED },
          { kind: "telegram", octets: TELEGRAM },
        ]);
      }),
      { numRuns: 50 },
    );
  });

  test("goes on after a telegram that lost its end, and holds no more than its limit", () => {
    const parts = new TelegramAssembler().push(Uint8Array.from([...TELEGRAM.subarray(0, 200), 13, 10, ...TELEGRAM]));
    expect(parts.map((part) => (part.kind === "damaged" ? part.error.code : part.kind))).toEqual(["interrupted", "telegram"]);
    const assembler = new TelegramAssembler();
    assembler.push(TELEGRAM.subarray(0, 100));
    for (let round = 0; round < 40; round++) assembler.push(new Uint8Array(4096).fill(0x41));
    expect(assembler.pending).toBeLessThanOrEqual(64 * 1024 + 4096);
  });
});

describe("ciphered telegrams", () => {
  test("open with the right keys only, and prove their sender only with both", () => {
    expect(openCiphered(CIPHERED, KEYS)).toEqual({ telegram: TELEGRAM, isAuthenticated: true });
    expect(openCiphered(CIPHERED, { encryptionKey: KEYS.encryptionKey })).toEqual({ telegram: TELEGRAM, isAuthenticated: false });
    const wrong = { ...KEYS, authenticationKey: new Uint8Array(16) };
    expect(() => openCiphered(CIPHERED, wrong)).toThrow(SecurityError);
    const shown = JSON.stringify(explainDsmr(CIPHERED, { keys: [{ label: "port", ...wrong }] }));
    expect(shown).toContain("the sender is not proven");
    expect(JSON.stringify(explainDsmr(CIPHERED, { keys: [{ label: "x", encryptionKey: new Uint8Array(16) }] }))).toContain(
      "no key given fits",
    );
  });

  test("with any octet changed are refused", () => {
    for (let at = 0; at < CIPHERED.length; at++) {
      const bad = CIPHERED.map((octet, index) => (index === at ? octet ^ 0x10 : octet));
      expect(() => openCiphered(bad, KEYS)).toThrow(AmityError);
    }
  });
});

describe("a port", () => {
  function listen(options: Partial<Parameters<typeof serveP1>[2]>, keys?: typeof KEYS) {
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    const heard: [Telegram, boolean][] = [];
    const damage: string[] = [];
    listenP1(
      near,
      { timers, ...(keys === undefined ? {} : { keys }) },
      {
        telegram: (telegram, isAuthenticated) => void heard.push([telegram, isAuthenticated]),
        damaged: ({ code }) => void damage.push(code),
      },
    );
    serveP1(far, () => meterTelegram(METER), { timers, ...options });
    return { timers, heard, damage };
  }

  test("sends at its interval, while it is asked to", async () => {
    let isRequested = true;
    const { timers, heard } = listen({ everyMs: 10_000, isRequested: () => isRequested });
    await timers.run(timers.sleep(25_000));
    expect(heard).toHaveLength(3);
    isRequested = false;
    await timers.run(timers.sleep(60_000));
    expect(heard).toHaveLength(3);
  });

  test("sends ciphered; a counter that stands still is a replay", async () => {
    let counter = 1;
    const good = listen({ cipher: { keys: KEYS, systemTitle: TITLE, nextCounter: () => counter++ } }, KEYS);
    await good.timers.run(good.timers.sleep(2500));
    expect(good.heard.map(([, isAuthenticated]) => isAuthenticated)).toEqual([true, true, true]);
    const replayed = listen({ cipher: { keys: KEYS, systemTitle: TITLE, nextCounter: () => 5 } }, KEYS);
    await replayed.timers.run(replayed.timers.sleep(2500));
    expect([replayed.heard.length, replayed.damage]).toEqual([1, ["replay", "replay"]]);
    const keyless = listen({ cipher: { keys: KEYS, systemTitle: TITLE, nextCounter: () => counter++ } });
    await keyless.timers.run(keyless.timers.sleep(500));
    expect(keyless.damage).toEqual(["no-key"]);
  });
});

/** Everything that takes octets from outside: a value, or an error of ours. */
function decodeEverything(octets: Uint8Array): void {
  for (const decode of [
    () => void readTelegram(decodeTelegram(octets)),
    () => void openCiphered(octets, KEYS),
    () => void explainDsmr(octets, { keys: [{ label: "k", ...KEYS }] }),
    () => void new TelegramAssembler().push(octets),
  ]) {
    try {
      decode();
    } catch (error) {
      if (!(error instanceof DecodeError) && !(error instanceof SecurityError)) throw error;
    }
  }
}

describe("octets from outside", () => {
  test("of any kind, and cut anywhere, yield a value or an error with its place", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeEverything), { numRuns: 500 });
    for (const seed of [TELEGRAM, CIPHERED])
      for (let length = 0; length <= seed.length; length += 3) decodeEverything(seed.subarray(0, length));
  });

  test("mutated from good telegrams, 2,000 times from one seed, never crash a decoder", () => {
    const random = seededRandom(502);
    const corpus: Uint8Array[] = [TELEGRAM, CIPHERED, ...p1DecodeBench(2).frames];
    for (let round = 0; round < 2_000; round++) {
      const octets = mutated(corpus[random.below(corpus.length)] ?? TELEGRAM, random);
      try {
        decodeEverything(octets);
      } catch (error) {
        throw new Error(`round ${round}: ${Buffer.from(octets).toString("hex")}`, { cause: error });
      }
      // A corpus that grows by what came out lets mutations add up.
      if (round % 50 === 0 && corpus.length < 100) corpus.push(octets);
    }
  });
});

const TELLING = [0x0a, 0x0d, 0x21, 0x28, 0x29, 0x2a, 0x2f, 0x3a, 0xdb, 0x08, 0x82, 0xff, 0x00];

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
  return out;
}
