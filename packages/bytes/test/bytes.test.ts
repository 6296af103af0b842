import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  berLength,
  ByteReader,
  ByteWriter,
  choice,
  crcArc,
  crcEn13757,
  crcKermit,
  crcX25,
  decodeAll,
  DecodeError,
  encodeAll,
  fromHex,
  i32,
  joinedOctets,
  latin1Text,
  list,
  octets,
  optional,
  sameOctets,
  sized,
  sizedOctets,
  struct,
  toHex,
  u16,
  u32,
  u64,
  u8,
} from "../src/index.ts";

const CHECK = new TextEncoder().encode("123456789");

describe("CRCs", () => {
  it("give the catalogue's check values for 123456789", () => {
    expect(crcX25(CHECK)).toBe(0x906e);
    expect(crcEn13757(CHECK)).toBe(0xc2b7);
    expect(crcArc(CHECK)).toBe(0xbb3d);
    expect(crcKermit(CHECK)).toBe(0x2189);
  });
});

describe("text of ISO 8859-1", () => {
  it("has every octet as the character of its number, 80h to 9Fh too", () => {
    const every = Uint8Array.from({ length: 10_000 }, (_, index) => index & 0xff);
    expect(latin1Text(every)).toBe(Array.from(every, (octet) => String.fromCharCode(octet)).join(""));
    expect(latin1Text(every.subarray(0, 0x80))).toBe(Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code)).join(""));
  });
});

describe("octet strings", () => {
  it("are joined in order, and the same where length and every octet agree", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5 })), (parts) => {
        const whole = joinedOctets(...parts);
        expect([...whole]).toEqual(parts.flatMap((part) => [...part]));
        expect(sameOctets(whole, whole.slice())).toBe(true);
        expect(sameOctets(whole, Uint8Array.of(...whole, 0))).toBe(false);
        expect(whole.some((_, at) => sameOctets(whole, whole.with(at, (whole[at] ?? 0) ^ 1)))).toBe(false);
      }),
    );
  });
});

describe("hex", () => {
  it("comes back as it went", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        expect(fromHex(toHex(data, " "))).toEqual(data);
      }),
    );
  });
  it("names the character that is no digit", () => {
    expect(() => fromHex("00 1x")).toThrow(/"x" is not a hex digit at byte 4/);
    expect(() => fromHex("001")).toThrow(/odd number/);
  });
  it("passes over 0x, colons and dashes", () => {
    expect(toHex(fromHex("0x01:0xAB-cd,0" + "0"))).toBe("01abcd00");
  });
});

describe("a reader", () => {
  it("never reads past its parent", () => {
    const reader = new ByteReader(fromHex("02 aabb cc"));
    const sub = reader.sub(reader.u8());
    expect(sub.u16()).toBe(0xaabb);
    expect(() => sub.u8()).toThrow(/truncated: need 1 octet\(s\), have 0 at byte 3/);
    expect(reader.u8()).toBe(0xcc);
    expect(() => reader.sub(1)).toThrow(DecodeError);
  });
  it("reads what a writer wrote, either end first", () => {
    const writer = new ByteWriter({ capacity: 1 });
    writer
      .u8(1)
      .i8(-2)
      .u16(3)
      .u16Le(4)
      .i16(-5)
      .u24(6)
      .u24Le(7)
      .u32(8)
      .u32Le(9)
      .i32(-10)
      .u64(11n)
      .u64Le(12n)
      .i64(-13n)
      .f32(1.5)
      .f64(-2.25)
      .utf8("ä");
    const reader = new ByteReader(writer.finish());
    expect([reader.u8(), reader.i8(), reader.u16(), reader.u16Le(), reader.i16(), reader.u24(), reader.u24Le()]).toEqual([
      1, -2, 3, 4, -5, 6, 7,
    ]);
    expect([reader.u32(), reader.u32Le(), reader.i32()]).toEqual([8, 9, -10]);
    expect([reader.u64(), reader.u64Le(), reader.i64()]).toEqual([11n, 12n, -13n]);
    expect([reader.f32(), reader.f64()]).toEqual([1.5, -2.25]);
    expect(reader.rest()).toEqual(new TextEncoder().encode("ä"));
  });
  it("writes whole numbers as the platform's own view does, modulo their width", () => {
    fc.assert(
      fc.property(fc.integer({ min: -0x80000000, max: 0xffffffff }), (value) => {
        const view = new DataView(new ArrayBuffer(14));
        view.setUint8(0, value);
        view.setUint16(1, value);
        view.setUint16(3, value, true);
        view.setUint32(5, value);
        view.setUint32(9, value, true);
        const written = new ByteWriter({ capacity: 1 }).u8(value).u16(value).u16Le(value).u32(value).u32Le(value).finish();
        expect(written).toEqual(new Uint8Array(view.buffer, 0, 13));
        const reader = new ByteReader(written, { start: 5 });
        expect([reader.i32(), reader.i32Le()]).toEqual([value | 0, value | 0]);
        const narrow = new ByteReader(written);
        expect([narrow.i8(), narrow.i16(), narrow.i16Le()]).toEqual([view.getInt8(0), view.getInt16(1), view.getInt16(3, true)]);
      }),
    );
  });
  it("patches what was written and nothing else", () => {
    const writer = new ByteWriter().u8(1).u16(2).patchU8(0, 9).patchU16(1, 0x0a0b);
    expect(writer.finish()).toEqual(fromHex("090a0b"));
    expect(() => writer.patchU16(2, 0)).toThrow(/not written yet/);
    expect(() => writer.patchU8(3, 0)).toThrow(/not written yet/);
  });
  it("refuses to write past its limit", () => {
    expect(() => new ByteWriter({ limit: 4 }).bytes(new Uint8Array(65))).toThrow(/limit of 4/);
  });
});

const reading = struct({
  id: u16,
  body: sized(u8, struct({ flag: optional(i32), rows: list(u8, { count: u8, limit: 4 }) })),
  form: choice({ short: { tag: 1, codec: u8 }, long: { tag: 2, codec: u32 }, wide: { tag: 3, codec: u64 } }),
  title: octets(2),
  note: sizedOctets(berLength, 300),
});
const value = fc.record({
  id: fc.nat(0xffff),
  body: fc.record({ flag: fc.option(fc.integer(), { nil: undefined }), rows: fc.array(fc.nat(255), { maxLength: 4 }) }),
  form: fc.oneof(
    fc.record({ kind: fc.constant("short" as const), value: fc.nat(255) }),
    fc.record({ kind: fc.constant("long" as const), value: fc.nat(0xffffffff) }),
    fc.record({ kind: fc.constant("wide" as const), value: fc.bigInt(0n, 0xffff_ffff_ffff_ffffn) }),
  ),
  title: fc.uint8Array({ minLength: 2, maxLength: 2 }),
  note: fc.uint8Array({ maxLength: 300 }),
});

describe("a codec", () => {
  it("decodes what it encoded", () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(decodeAll(reading, encodeAll(reading, original))).toEqual(original);
      }),
    );
  });
  it("names a truncation, wherever it falls", () => {
    fc.assert(
      fc.property(value, fc.nat(), (original, cut) => {
        const whole = encodeAll(reading, original);
        expect(() => decodeAll(reading, whole.subarray(0, cut % whole.length))).toThrow(DecodeError);
      }),
    );
  });
  it("answers arbitrary octets with a value or a DecodeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
        try {
          decodeAll(reading, data);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
  it("says where: field path and offset", () => {
    expect(() => decodeAll(reading, fromHex("0001 05 01 00000001 00"))).toThrow(/truncated.* in body.rows/);
    expect(() => decodeAll(reading, fromHex("0001 02 00 01"))).toThrow(/body\.rows\[0\]/);
    expect(() => decodeAll(reading, fromHex("0001 02 00 09"))).toThrow(/9 items exceed the limit of 4 at byte 5 in body.rows/);
    expect(() => decodeAll(reading, fromHex("0001 02 00 00 07"))).toThrow(/unknown choice 7 \(0x7\) at byte 5 in form/);
  });
  it("refuses values that do not fit", () => {
    expect(() => encodeAll(u8, 256)).toThrow(/outside 0 to 255/);
    expect(() => encodeAll(u16, 1.5)).toThrow(/outside/);
  });
});

describe("BER lengths", () => {
  it("take the shortest form and come back", () => {
    expect(toHex(encodeAll(berLength, 127))).toBe("7f");
    expect(toHex(encodeAll(berLength, 128))).toBe("8180");
    expect(toHex(encodeAll(berLength, 65536))).toBe("83010000");
    fc.assert(
      fc.property(fc.nat(0xffffff), (length) => {
        expect(decodeAll(berLength, encodeAll(berLength, length))).toBe(length);
      }),
    );
  });
  it("refuse the indefinite and the absurd", () => {
    expect(() => decodeAll(berLength, fromHex("80"))).toThrow(/indefinite/);
    expect(() => decodeAll(berLength, fromHex("84ffffffff"))).toThrow(/exceeds/);
    expect(() => decodeAll(berLength, fromHex("85"))).toThrow(/too long/);
  });
});
