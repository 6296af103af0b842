import { crcEn13757, fromHex, toHex } from "@amity/bytes";
import { desCbcEncrypt } from "@amity/crypto";
import { describe, expect, test } from "vitest";
import {
  FormatStore,
  MeterKey,
  WirelessReceiver,
  decodeTelegram,
  encodeTelegram,
  explainMbus,
  scaledValue,
  singleKey,
} from "../src/index.ts";

const DES_KEY = fromHex("0123456789abcdef");
/** L C M A of a telegram without CRCs, made up. */
const HEAD = "44b4090155240317 07".replace(" ", "");

function frame(...parts: readonly Uint8Array[]): Uint8Array {
  const body = Uint8Array.from([...fromHex(HEAD), ...parts.flatMap((part) => [...part])]);
  return Uint8Array.from([body.length, ...body]);
}

describe("meters of before AES", () => {
  const plain = fromHex("2f2f0413e80300002f2f2f2f2f2f2f2f");
  const sealed = frame(fromHex("7a01001002"), desCbcEncrypt(DES_KEY, new Uint8Array(8), plain));

  test("security mode 2 opens under a DES key of eight octets", () => {
    const { application } = decodeTelegram(sealed, { keys: singleKey(DES_KEY) });
    expect(application.security).toMatchObject({ mode: 2, status: "decrypted" });
    expect(application.records.map(scaledValue)).toEqual([1]);
  });

  test("a wrong DES key, an AES key and no key say what is wrong, and nothing is read", () => {
    const status = (key?: Uint8Array) => {
      const { application } = decodeTelegram(sealed, { keys: key === undefined ? undefined : singleKey(key) });
      return [application.security.status, application.records.length];
    };
    expect(status(fromHex("0123456789abcd00"))).toEqual(["wrong-key", 0]);
    expect(status(new Uint8Array(16))).toEqual(["missing-key", 0]);
    expect(status()).toEqual(["missing-key", 0]);
  });

  test.each(["damaged", "decrypted"])("an announcement of part of a block is a fault, whether or not what is whole opens: %s", (status) => {
    // 12 of 16 octets: one whole block, which opens; 7: none.
    const octets = Uint8Array.from(sealed);
    octets[octets.length - 18] = status === "damaged" ? 7 : 12;
    const { security, problems } = decodeTelegram(octets, { keys: singleKey(DES_KEY) }).application;
    expect([security.status, problems.map(({ code }) => code)[0]]).toEqual([status, "block-length"]);
  });

  test("a DES key opens nothing of AES", () => {
    const aes = frame(fromHex("7a01001005"), new Uint8Array(16));
    expect(decodeTelegram(aes, { keys: singleKey(DES_KEY) }).application.security.status).toBe("missing-key");
  });
});

test("CI 73 over radio is a compact frame behind a long header, not the fixed structure of wires", () => {
  const layout = [fromHex("0413"), fromHex("426c")];
  const store = new FormatStore([layout]);
  const full = fromHex("0413e8030000426c2122");
  const signature = new FormatStore().add(layout);
  const octets = (value: number) => Uint8Array.of(value & 0xff, value >> 8);
  const values = fromHex("e80300002122");
  const long = fromHex("78563412b4091707 01000000".replace(" ", ""));
  const { application } = decodeTelegram(frame(Uint8Array.of(0x73), long, octets(signature), octets(crcEn13757(full)), values), {
    formats: store,
  });
  expect(application.problems).toEqual([]);
  expect(application.meter?.id).toBe("12345678");
  expect(application.records.map(scaledValue)[0]).toBe(1);
});

describe("security mode 3, DES with the date in its initial vector", () => {
  const meter = { id: "17032455", manufacturer: "BMT", version: 9, deviceType: 7 };
  const date = { year: 2026, month: 11, day: 21 };
  const content = fromHex("0413e803000002fd170300");
  const key = new MeterKey(DES_KEY);
  const telegram = encodeTelegram({
    control: 0x44,
    sender: meter,
    format: "none",
    message: { meter, header: "short", accessNumber: 1, content, security: { mode: 3, key, date } },
  });

  test("is identification, manufacturer and type G (EN 13757-7, 9.4.3)", () => {
    const iv = fromHex("55240317b4097a5b".replace("b409", toHex(telegram.subarray(2, 4))));
    iv.set([((26 & 7) << 5) | 21, ((26 & 0x78) << 1) | 11], 6);
    const padded = Uint8Array.of(0x2f, 0x2f, ...content, 0x2f, 0x2f, 0x2f);
    expect(toHex(telegram.subarray(-16))).toBe(toHex(desCbcEncrypt(DES_KEY, iv, padded)));
    expect([telegram[13], telegram[14]]).toEqual([16, 3]);
  });

  test("opens with the date of transmission, and with nothing else", () => {
    const read = (options: { date?: typeof date; key?: Uint8Array }) => {
      const { application } = decodeTelegram(telegram, { keys: singleKey(options.key ?? DES_KEY), date: options.date });
      return [application.security.status, application.problems.map(({ code }) => code), application.records.map(scaledValue)];
    };
    expect(read({ date })).toEqual(["decrypted", [], [1, 3]]);
    expect(read({})).toEqual(["unsupported", ["missing-date"], []]);
    expect(read({ date, key: fromHex("0123456789abcd00") })).toEqual(["wrong-key", ["wrong-key"], []]);
  });

  test("opens for a receiver that knows the meters' calendar, and in an explanation that is given the date", () => {
    const receiver = new WirelessReceiver({ keys: singleKey(DES_KEY), dateAt: (nowMs) => (nowMs === 7 ? date : { ...date, day: 20 }) });
    const heard = receiver.receive(telegram, 7);
    expect(heard.kind === "telegram" && heard.telegram.application.records.map(scaledValue)).toEqual([1, 3]);
    expect(explainMbus(telegram, { keys: singleKey(DES_KEY), date }).problems).toEqual([]);
    expect(explainMbus(telegram, { keys: singleKey(DES_KEY) }).problems).toMatchObject([{ code: "missing-date" }]);
  });
});

test("security mode 2 is written as it is read", () => {
  const meter = { id: "17032455", manufacturer: "BMT", version: 9, deviceType: 7 };
  const message = {
    meter,
    header: "long",
    accessNumber: 1,
    content: fromHex("0413e8030000"),
    security: { mode: 2, key: new MeterKey(DES_KEY) },
  } as const;
  const { application } = decodeTelegram(encodeTelegram({ control: 0x44, sender: meter, format: "a", message }), {
    keys: singleKey(DES_KEY),
  });
  expect(application.security.status).toBe("decrypted");
  expect(application.records.map(scaledValue)).toEqual([1]);
});
