import { fromHex } from "@amity/bytes";
import { encodeDataNotification, encodeFrame, protect, unnumberedFrames, type DlmsData } from "@amity/dlms";
import { encodeTelegram as encodeP1, sealCiphered } from "@amity/dsmr";
import { encodeData } from "@amity/iec62056-21";
import { MeterKey, encodeTelegram, encodeWiredFrame, findVif, sealMessage, writeRecords, type FrameFormat } from "@amity/mbus";
import { decodeTransport, encodeTransport, smlDecodeBench } from "@amity/sml";
import { describe, expect, test } from "vitest";
import { explainInput, type ExplainInputOptions, type ExplainedField } from "../src/laboratory/explain-input.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const WRONG_KEY = KEY.map((octet) => octet ^ 0x5a);
const TITLE = fromHex("414d540000000001");
const METER = { id: "12345678", manufacturer: "QDS", version: 0x35, deviceType: 7 };
const TEXT = new TextEncoder();

/** What a case expects: where the error stands, what it says, and something that was sound and is still shown. */
interface Expected {
  readonly offset: number | ((octets: Uint8Array) => number);
  readonly says: RegExp;
  /** Name or value of a field without error. */
  readonly sound: RegExp;
}
interface Case extends Expected {
  readonly octets: Uint8Array;
  readonly options?: ExplainInputOptions;
}

const turned = (octets: Uint8Array, at: number, bits = 1): Uint8Array => {
  const copy = octets.slice();
  const place = at < 0 ? copy.length + at : at;
  copy[place] = (copy[place] ?? 0) ^ bits;
  return copy;
};
const cut = (octets: Uint8Array, left: number): Uint8Array => octets.subarray(0, left);
const end = (less: number) => (octets: Uint8Array) => octets.length - less;

const records = writeRecords([
  { coding: "int32", codes: findVif("volume", "m³", -3), value: 123456 },
  { coding: "int16", codes: findVif("flowTemperature", "°C", -1), value: 215 },
]).finish();
/** A volume, value information FD 7E that no table lists, and a temperature. */
const withUnknownVif = Uint8Array.of(0x04, 0x13, 0x40, 0xe2, 1, 0, 0x01, 0xfd, 0x7e, 5, 0x02, 0x5a, 0xd7, 0);
const key = new MeterKey(KEY);
const counter = Uint8Array.of(1, 0, 0, 0);

function wired(content: Uint8Array, isSealed = false): Uint8Array {
  const security = isSealed ? { security: { mode: 5, key } as const } : {};
  const message = sealMessage({ meter: METER, header: "long", accessNumber: 1, content, ...security });
  return encodeWiredFrame({ kind: "long", control: 8, address: 1, controlInformation: 0x72, data: message.subarray(1) });
}

function radio(format: FrameFormat, mode: 0 | 5 | 7, content: Uint8Array = records): Uint8Array {
  const security = mode === 0 ? {} : { security: mode === 5 ? { mode, key } : { mode, key, counter } };
  const authentication = mode === 7 ? { authentication: { key, counter } } : {};
  const message = { meter: METER, header: "short", accessNumber: 1, content, ...security } as const;
  return encodeTelegram({ control: 0x44, sender: METER, format, ...authentication, message });
}

const sml = smlDecodeBench(1).frames[0] ?? new Uint8Array(0);
const smlFile = decodeTransport(sml).payload;
const p1 = encodeP1({
  manufacturer: "AMT",
  identifier: "\\2METER",
  dataSets: [
    { address: "1-0:1.8.1", values: [{ value: "000123.456", unit: "kWh" }] },
    { address: "1-0:2.8.1", values: [{ value: "000000.789", unit: "kWh" }] },
  ],
});
const p1Ciphered = sealCiphered(p1, { encryptionKey: KEY, authenticationKey: KEY }, { systemTitle: TITLE, invocationCounter: 9 });
const iec = Uint8Array.of(...TEXT.encode("/AMT5METER\r\n"), ...encodeData("1.8.0(000123.456*kWh)\r\n2.8.0(000000.789*kWh)\r\n!\r\n"));

const body: DlmsData = {
  type: "structure",
  value: [
    { type: "octet-string", value: fromHex("0100010800ff") },
    { type: "double-long-unsigned", value: 123456 },
  ],
};
const push = encodeDataNotification({ invokeId: 7, body });
const place = { source: { upper: 1, lower: 17, octets: 2 }, destination: { upper: 103, lower: 0, octets: 1 } } as const;
const han = (apdu: Uint8Array): Uint8Array =>
  Uint8Array.from(unnumberedFrames(apdu, place, 200).flatMap((frame) => [...encodeFrame(frame)]));
const sealedContent = protect(
  {
    suite: 0,
    systemTitle: TITLE,
    encryptionKey: KEY,
    authenticationKey: KEY,
    protection: "authenticated-encrypted",
    invocationCounter: 9,
  },
  push,
);
const sealedPush = Uint8Array.of(0xdb, 8, ...TITLE, sealedContent.length, ...sealedContent);

const withKeys = (encryption: Uint8Array): ExplainInputOptions => ({ key: encryption, authenticationKey: KEY });

const CASES: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  "M-Bus, wired": {
    "a wrong key": {
      octets: wired(records, true),
      options: { key: WRONG_KEY },
      offset: 19,
      says: /key of meter 12345678 does not open/,
      sound: /QDS 12345678|12345678/,
    },
    "a wrong check sum": { octets: turned(wired(records), -2), offset: end(2), says: /checksum is 0x/, sound: /^123\.456 m³$/ },
    "a truncated frame": { octets: cut(wired(records), 26), offset: 26, says: /truncated: the frame has/, sound: /^123\.456 m³$/ },
    "an over-long length": {
      octets: wired(Uint8Array.of(...records, 0x0d, 0x78, 0xa0, 1)),
      offset: 31,
      says: /160 octets announced, 1 are left/,
      sound: /^123\.456 m³$/,
    },
    "an unknown VIF": { octets: wired(withUnknownVif), offset: 26, says: /value information fd 7e is not known/, sound: /^21\.5 °C$/ },
  },
  ...Object.fromEntries(
    (["a", "b", "none"] as const).map((format): [string, Record<string, Case>] => [
      `wireless M-Bus, ${format === "none" ? "without CRCs" : `format ${format.toUpperCase()}`}`,
      {
        "a wrong key": {
          octets: radio(format, 5),
          options: { key: WRONG_KEY },
          offset: format === "a" ? 17 : 15,
          says: /does not open/,
          sound: /12345678/,
        },
        "a wrong key, mode 7": {
          octets: radio(format, 7),
          options: { key: WRONG_KEY },
          offset: format === "a" ? 12 : 10,
          says: /authentication code does not match/,
          sound: /12345678/,
        },
        ...(format === "none"
          ? {}
          : {
              "a wrong CRC": {
                octets: turned(radio(format, 5), -1),
                options: { key: KEY },
                offset: end(2),
                says: /CRC of the block at \d+ is/,
                sound: /^123\.456 m³$/,
              },
            }),
        "a truncated frame": {
          octets: cut(radio(format, 0), 23),
          options: { protocol: "wmbus" },
          offset: format === "a" ? 23 : 0,
          says: /truncated: the frame has|L is \d+, 22 octets follow/,
          sound: /12345678/,
        },
        "an over-long length": {
          octets: turned(radio(format, 5), 0, 0x40),
          options: { key: KEY, protocol: "wmbus" },
          offset: format === "none" ? 0 : end(0),
          says: /truncated: the frame has|L is \d+/,
          sound: /^123\.456 m³$/,
        },
        "an unknown VIF": {
          octets: radio(format, 0, withUnknownVif),
          offset: format === "a" ? 24 : 22,
          says: /value information fd 7e is not known/,
          sound: /^21\.5 °C$/,
        },
      },
    ]),
  ),
  SML: {
    "a wrong CRC of the frame": { octets: turned(sml, -1), offset: end(2), says: /CRC is wrong/, sound: /1-0:1\.8\.0.* = / },
    "a wrong CRC of a message": {
      octets: encodeTransport(turned(smlFile, 36)),
      offset: 8,
      says: /the CRC at byte \d+ is wrong/,
      sound: /1-0:1\.8\.0.* = /,
    },
    "a truncated frame": {
      octets: cut(sml, 60),
      options: { protocol: "sml" },
      offset: 0,
      says: /truncated: no end sequence.*at byte 60/,
      sound: /^openResponse$/,
    },
    "an over-long length": {
      octets: encodeTransport(
        Uint8Array.of(...smlFile.subarray(0, smlFile.length - 20), 0x8f, 0x0f, ...smlFile.subarray(smlFile.length - 18)),
      ),
      offset: (octets) => octets.length,
      says: /octet string of|elements|truncated|trailing|ends with/,
      sound: /^openResponse$/,
    },
    "an unknown type": {
      octets: encodeTransport(turned(smlFile, smlFile.indexOf(0x77, 60), 0x40)),
      offset: (octets) => octets.length,
      says: /type 3/,
      sound: /^openResponse$/,
    },
  },
  "IEC 62056-21": {
    "a wrong block check": { octets: turned(iec, -1), offset: 12, says: /block check .* at byte \d+/, sound: /^123\.456 kWh|000123\.456/ },
    "a truncated block": { octets: cut(iec, 45), offset: 12, says: /inside a message at byte 45/, sound: /000123\.456|123\.456/ },
    "a value without end": {
      octets: Uint8Array.of(...TEXT.encode("/AMT5METER\r\n"), ...encodeData("1.8.0(000123.456*kWh)\r\n2.8.0(000000.789\r\n!\r\n")),
      offset: (octets) => octets.length,
      says: /without its closing parenthesis/,
      sound: /000123\.456|123\.456/,
    },
  },
  P1: {
    "a wrong CRC": { octets: turned(p1, -3), offset: end(6), says: /the CRC is .*, computed/, sound: /000123\.456 kWh/ },
    "a truncated telegram": {
      octets: cut(p1, 50),
      offset: 0,
      says: /truncated: no ! at the start of a line at byte 50/,
      sound: /000123\.456 kWh/,
    },
    "a value without end": {
      octets: TEXT.encode("/AMT5METER\r\n\r\n1-0:1.8.1(000123.456*kWh)\r\n1-0:2.8.1(1\r\n!\r\n"),
      offset: 50,
      says: /without its closing parenthesis/,
      sound: /000123\.456 kWh/,
    },
  },
  "P1, ciphered": {
    "a wrong key": { octets: p1Ciphered, options: withKeys(WRONG_KEY), offset: 18, says: /no key given fits/, sound: /^9$/ },
    "a wrong tag": {
      octets: turned(p1Ciphered, -1),
      options: withKeys(KEY),
      offset: 18,
      says: /the tag was not confirmed/,
      sound: /000123\.456 kWh/,
    },
    "a truncated frame": {
      octets: cut(p1Ciphered, 60),
      options: withKeys(KEY),
      offset: 0,
      says: /truncated: need \d+ octet\(s\), have 47 at byte 13/,
      sound: /414d540000000001/i,
    },
    "an over-long length": {
      octets: turned(p1Ciphered, 11, 0x20),
      options: withKeys(KEY),
      offset: 0,
      says: /truncated: need \d{4,} octet/,
      sound: /414d540000000001/i,
    },
  },
  "consumer port (DLMS over HDLC)": {
    "a wrong frame check": { octets: turned(han(push), -2), offset: end(3), says: /wrong: .*, computed/, sound: /^123456$/ },
    "a wrong header check": { octets: turned(han(push), 8), offset: 7, says: /wrong: .*, computed/, sound: /^123456$/ },
    "a truncated frame": {
      octets: cut(han(push), 30),
      offset: 0,
      says: /frame says \d+ octets between its flags/,
      sound: /^7$|1-0:1\.8\.0/,
    },
    "an over-long length": {
      octets: han(turned(push, 9, 0x40)),
      offset: 12,
      says: /truncated|announced/,
      sound: /^data-notification$|type 3/,
    },
    "an unknown type": { octets: han(turned(push, 16, 0x70)), offset: 12, says: /unknown data type \d+ at byte 28/, sound: /1-0:1\.8\.0/ },
  },
  "ciphered push (general-glo-ciphering)": {
    "a wrong key": {
      octets: sealedPush,
      options: { ...withKeys(WRONG_KEY), protocol: "dlms" },
      offset: 11,
      says: /no key given fits/,
      sound: /^9$/,
    },
    "a wrong tag": {
      octets: turned(sealedPush, -1),
      options: { ...withKeys(KEY), protocol: "dlms" },
      offset: 11,
      says: /no key given fits/,
      sound: /^9$/,
    },
    "a truncated APDU": {
      octets: cut(sealedPush, 30),
      options: { ...withKeys(KEY), protocol: "dlms" },
      offset: 0,
      says: /truncated: need \d+ octet/,
      sound: /414d540000000001/i,
    },
  },
};

const ROWS = Object.entries(CASES).flatMap(([protocol, cells]) =>
  Object.entries(cells).map(([fault, one]) => [protocol, fault, one] as const),
);

describe("a broken frame, as `amity decode` explains it", () => {
  test.each(ROWS)("of %s with %s names offset and meaning, and shows what was sound", (_protocol, _fault, one) => {
    const { root } = explainInput(one.octets, one.options ?? {});
    const fields = [...walk(root)];
    const errors = fields.filter(({ error }) => error !== undefined && one.says.test(error));
    expect(
      errors,
      `errors: ${fields.flatMap(({ name, offset, error }) => (error === undefined ? [] : [`${name}@${offset}: ${error}`])).join(" | ")}`,
    ).not.toEqual([]);
    const offset = typeof one.offset === "function" ? one.offset(one.octets) : one.offset;
    if (offset < one.octets.length) expect(errors.map((field) => field.offset)).toContain(offset);
    else expect(errors.every((field) => field.offset <= offset)).toBe(true);
    const sound = fields.filter(({ name, value, error }) => error === undefined && (one.sound.test(value ?? "") || one.sound.test(name)));
    expect(sound, JSON.stringify(root)).not.toEqual([]);
  });

  test.each(ROWS)("of %s with %s gives no key away", (_protocol, _fault, one) => {
    const text = JSON.stringify(explainInput(one.octets, one.options ?? {})).toLowerCase();
    for (const secret of [KEY, WRONG_KEY]) expect(text).not.toContain(Buffer.from(secret).toString("hex"));
  });
});

function* walk(field: ExplainedField): Generator<ExplainedField> {
  yield field;
  for (const child of field.children ?? []) yield* walk(child);
}
