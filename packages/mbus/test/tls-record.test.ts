import { describe, expect, test } from "vitest";
import {
  decodeTelegram,
  findVif,
  openTlsRecord,
  readRecords,
  readTlsRecords,
  sealTlsRecord,
  writeRecords,
  type TlsDirection,
} from "../src/index.ts";

const DIRECTION: TlsDirection = { key: new Uint8Array(16).fill(3), salt: Uint8Array.of(1, 2, 3, 4), sequence: 9n };
const content = writeRecords([{ coding: "int32", codes: findVif("volume", "m³", -3), value: 42 }]).finish();
const sealed = sealTlsRecord({ contentType: 23, version: 0x0303, content }, DIRECTION);

/** A telegram of security mode 13: short header, CF 0Dxx with the length, CFE 00, the TLS record. */
function telegram(): Uint8Array {
  const link = [0, 0x44, 0xb4, 0x05, 0x78, 0x56, 0x34, 0x12, 1, 7, 0x7a, 5, 0, sealed.length, 0x0d, 0x00];
  const octets = Uint8Array.of(...link, ...sealed);
  octets[0] = octets.length - 1;
  return octets;
}

describe("security mode 13", () => {
  test("hands its TLS records to whoever holds the session's keys", () => {
    const { application } = decodeTelegram(telegram(), { format: "none" });
    expect(application.security).toMatchObject({ mode: 13, status: "unsupported" });
    expect(application.records).toEqual([]);
    const [record] = readTlsRecords(application.payload.subarray(application.header?.payloadOffset));
    if (record === undefined) throw new Error("no record");
    expect(record).toMatchObject({ contentType: 23, version: 0x0303 });
    expect(readRecords(openTlsRecord(record, DIRECTION)).records[0]?.value).toBe(42);
  });

  test("refuses a record that was changed, or comes out of its order", () => {
    const [record] = readTlsRecords(sealed);
    if (record === undefined) throw new Error("no record");
    expect(() => openTlsRecord(record, { ...DIRECTION, sequence: 10n })).toThrow(expect.objectContaining({ code: "bad-tag" }) as Error);
    const changed = record.fragment.map((octet, index) => (index === 8 ? octet ^ 1 : octet));
    expect(() => openTlsRecord({ ...record, fragment: changed }, DIRECTION)).toThrow(
      expect.objectContaining({ blame: "security" }) as Error,
    );
    expect(() => readTlsRecords(sealed.subarray(0, 20))).toThrow(expect.objectContaining({ code: "truncated" }) as Error);
    expect(() => openTlsRecord({ ...record, fragment: new Uint8Array(23) }, DIRECTION)).toThrow(/truncated/);
  });
});
