import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import { aesCbcEncrypt, gcmEncrypt } from "@amity/crypto";
import {
  MeterKey,
  decodeTelegram,
  encodeTelegram,
  findVif,
  scaledValue,
  singleKey,
  writeRecords,
  type MessageInput,
} from "../src/index.ts";

const METER = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 3 };
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const COUNTER = fromHex("00000007");
const content = writeRecords([{ coding: "int32", codes: findVif("volume", "m³", -3), value: 42_000 }]).finish();

function telegramOf(message: Partial<MessageInput>): Uint8Array {
  return encodeTelegram({
    control: 0x44,
    sender: METER,
    format: "none",
    message: { meter: METER, header: "short", accessNumber: 1, content, ...message },
  });
}

/** A telegram with these octets behind access number and status. */
function behindStatus(hex: string, ...more: Uint8Array[]): Uint8Array {
  const head = telegramOf({ content: new Uint8Array(0) }).subarray(0, -2);
  const octets = Uint8Array.of(...head, ...fromHex(hex), ...more.flatMap((each) => [...each]));
  octets[0] = octets.length - 1;
  return octets;
}

function read(telegram: Uint8Array, key = KEY) {
  const { application } = decodeTelegram(telegram, { format: "none", keys: singleKey(key) });
  return {
    status: application.security.status,
    codes: application.problems.map(({ code }) => code),
    values: application.records.map(scaledValue),
  };
}

describe("security mode 9, AES-GCM", () => {
  const sealed = telegramOf({ security: { mode: 9, key: new MeterKey(KEY), counter: COUNTER } });

  test("authenticates configuration and lengths; the IV is the meter and the counter", () => {
    const aad = fromHex("002906" + "00");
    const iv = Uint8Array.of(...fromHex("78563412"), ...sealed.subarray(2, 4), 1, 3, ...COUNTER);
    expect(sealed.subarray(13, 17)).toEqual(aad);
    expect(sealed.subarray(17, 21)).toEqual(COUNTER);
    expect(sealed.subarray(21)).toEqual(gcmEncrypt({ key: KEY, iv, aad }, content));
  });

  test("opens, with content in clear in front of what is sealed", () => {
    expect(read(sealed)).toEqual({ status: "decrypted", codes: [], values: [42] });
    const clear = fromHex("02fd170000");
    const aad = fromHex("00290605");
    const iv = Uint8Array.of(...fromHex("78563412"), ...sealed.subarray(2, 4), 1, 3, ...COUNTER);
    const both = behindStatus("00290605", COUNTER, clear, gcmEncrypt({ key: KEY, iv, aad }, content));
    expect(read(both)).toEqual({ status: "decrypted", codes: [], values: [0, 42] });
  });

  test("takes lengths of two octets", () => {
    const aad = fromHex("4029" + "0006" + "00");
    const iv = Uint8Array.of(...fromHex("78563412"), ...sealed.subarray(2, 4), 1, 3, ...COUNTER);
    expect(read(behindStatus("4029000600", COUNTER, gcmEncrypt({ key: KEY, iv, aad }, content)))).toMatchObject({ values: [42] });
  });

  test("says what is wrong: key, tag, lengths; and opens nothing that no tag proves", () => {
    expect(read(sealed, new Uint8Array(16))).toEqual({ status: "wrong-key", codes: ["wrong-key"], values: [] });
    expect(read(sealed.map((octet, index) => (index === sealed.length - 1 ? octet ^ 1 : octet)))).toMatchObject({
      status: "wrong-key",
      values: [],
    });
    expect(read(sealed.map((octet, index) => (index === 16 ? 9 : octet)))).toMatchObject({
      status: "damaged",
      codes: ["truncated"],
      values: [],
    });
    expect(read(behindStatus("00090600", COUNTER, new Uint8Array(6)))).toEqual({
      status: "unsupported",
      codes: ["unsupported-mode"],
      values: [],
    });
    expect(read(behindStatus("10290600", COUNTER, new Uint8Array(18)))).toMatchObject({ status: "unsupported", values: [] });
  });
});

describe("security mode 7 without an AFL", () => {
  const plain = Uint8Array.of(0x2f, 0x2f, ...content, ...new Uint8Array(16 - 2 - content.length).fill(0x2f));
  const identification = fromHex("78563412");
  const counter = fromHex("05000000");

  test("takes the message counter from its own header (bit Z), in front of a key version (bit V)", () => {
    const derived = new MeterKey(KEY).derive(0, counter, identification).cbcEncrypt(new Uint8Array(16), plain);
    expect(read(behindStatus("102710", counter, derived))).toEqual({ status: "decrypted", codes: [], values: [42] });
    expect(read(behindStatus("102750", counter, Uint8Array.of(3), derived))).toMatchObject({ status: "decrypted", values: [42] });
    expect(read(behindStatus("100710", derived))).toMatchObject({ status: "unsupported", codes: ["missing-counter"] });
  });

  test("uses the key itself where no derivation is asked for", () => {
    expect(read(behindStatus("100700", aesCbcEncrypt(KEY, new Uint8Array(16), plain)))).toMatchObject({
      status: "decrypted",
      values: [42],
    });
  });
});

test.each([
  ["8", "200810"],
  ["10", "200a10"],
  ["15", "200f"],
])("security mode %s keeps its content, and says that it does", (_, header) => {
  expect(read(behindStatus(header, new Uint8Array(32).fill(5)))).toEqual({
    status: "unsupported",
    codes: ["unsupported-mode"],
    values: [],
  });
});
