import { DecodeError } from "@amity/bytes";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ANY_DATE_TIME, decodeDate, decodeDateTime, decodeTime, encodeDateTime, type CosemDateTime } from "../../src/cosem/date-time.ts";
import { decodeInstant, encodeInstant, instantOf, matchesStamp, stampOf } from "../../src/cosem/instant.ts";
import { hex, toHex } from "../hdlc/captures.ts";

const iso = (instantMs: number | undefined): string | undefined =>
  instantMs === undefined ? undefined : new Date(instantMs).toISOString();

describe("a date-time", () => {
  it.each([
    ["07EA0B1506022E091C000000", "2026-11-21T02:46:09.280Z"],
    ["07E4080F0606132D00FF8880", "2020-08-15T04:19:45.000Z"],
    ["07E50713010C1A0AFF800000", "2021-07-19T12:26:10.000Z"],
    ["07D20C04030A060BFF007800", "2002-12-04T12:06:11.000Z"],
    ["0000010101000000FF800000", undefined],
    ["07EA02FE0700000000FFC400", "2026-02-27T23:00:00.000Z"],
    ["FFFF0B1506022E091C000000", undefined],
    ["07EA021E06022E091C000000", undefined],
  ])("of %s is the instant %s", (octets, expected) => {
    if (octets.startsWith("0000")) expect(new Date(decodeInstant(hex(octets))!).getUTCFullYear()).toBe(0);
    else expect(iso(decodeInstant(hex(octets)))).toBe(expected);
  });

  it("comes back from its octets, wildcards and all", () => {
    const field = (min: number, max: number) => fc.option(fc.integer({ min, max }), { nil: undefined });
    const stamp: fc.Arbitrary<CosemDateTime> = fc.record({
      year: field(0, 0xfffe),
      month: fc.oneof(field(1, 12), fc.constantFrom("dst-end" as const, "dst-begin" as const)),
      dayOfMonth: fc.oneof(field(1, 31), fc.constantFrom("last" as const, "second-last" as const)),
      dayOfWeek: field(1, 7),
      hour: field(0, 23),
      minute: field(0, 59),
      second: field(0, 59),
      hundredths: field(0, 99),
      deviationMinutes: field(-720, 840),
      status: fc.option(
        fc.record({
          isInvalid: fc.boolean(),
          isDoubtful: fc.boolean(),
          hasDifferentBase: fc.boolean(),
          isStatusInvalid: fc.boolean(),
          isDaylightSaving: fc.boolean(),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(stamp, (value) => {
        expect(decodeDateTime(encodeDateTime(value))).toEqual(value);
      }),
    );
  });

  it("of an instant gives the instant back, whatever the deviation", () => {
    const instants = fc.integer({ min: Date.UTC(1970, 0, 2), max: Date.UTC(2099, 0, 1) }).map((ms) => Math.floor(ms / 10) * 10);
    fc.assert(
      fc.property(instants, fc.integer({ min: -720, max: 840 }), fc.boolean(), (instantMs, deviationMinutes, isDaylightSaving) => {
        const octets = encodeInstant(instantMs, { deviationMinutes, isDaylightSaving, withHundredths: true });
        expect(decodeInstant(octets)).toBe(instantMs);
      }),
    );
  });

  it("of any octets is the same instant, read in one go or part by part", () => {
    const octet = (...usual: number[]) =>
      fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.nat(255) });
    const stamps = fc.tuple(
      octet(0, 7),
      fc.nat(255),
      octet(1, 2, 3, 4, 12),
      octet(1, 28, 29, 30, 31),
      octet(0, 1, 7, 0xff),
      octet(0, 23),
      octet(0, 59),
      octet(0, 59, 0xff),
      octet(0, 99, 0xff),
      octet(0, 0xff, 0x80, 2, 3),
      octet(0, 60, 0xc4, 0x84),
      octet(0, 0x80, 0xff),
    );
    const reading = { isDeviationInverted: true, excludesDaylightSaving: true, localToUtc: (localMs: number) => localMs - 3_600_000 };
    const outcome = (read: () => number | undefined): unknown => {
      try {
        return read();
      } catch (error) {
        return (error as Error).message;
      }
    };
    fc.assert(
      fc.property(stamps, fc.constantFrom({}, reading, { ...reading, ignoresDeviation: true }), (stamp, how) => {
        const octets = Uint8Array.from(stamp);
        expect(outcome(() => decodeInstant(octets, how))).toEqual(outcome(() => instantOf(decodeDateTime(octets), how)));
      }),
      { numRuns: 3000 },
    );
  });

  it("is written like the meters in the field write it", () => {
    const instantMs = Date.UTC(2020, 7, 15, 4, 19, 45);
    expect(toHex(encodeInstant(instantMs, { deviationMinutes: -120, isDaylightSaving: true, withHundredths: true }))).toBe(
      "07E4080F0606132D00FF8880",
    );
    expect(toHex(encodeInstant(instantMs, { deviationMinutes: null }))).toBe("07E4080F0604132DFF800000");
  });

  it("is read as its meter means it: inverted, without daylight saving, or by the zone", () => {
    const stamp = stampOf(Date.UTC(2026, 6, 1, 12), { deviationMinutes: -120, isDaylightSaving: true });
    expect(iso(instantOf({ ...stamp, deviationMinutes: 120 }, { isDeviationInverted: true }))).toBe("2026-07-01T12:00:00.000Z");
    expect(iso(instantOf({ ...stamp, deviationMinutes: -60 }, { excludesDaylightSaving: true }))).toBe("2026-07-01T12:00:00.000Z");
    const localToUtc = (localMs: number, isSaving: boolean | undefined): number => localMs - (isSaving === true ? 7_200_000 : 3_600_000);
    expect(iso(instantOf({ ...stamp, deviationMinutes: undefined }, { localToUtc }))).toBe("2026-07-01T12:00:00.000Z");
    expect(iso(instantOf({ ...stamp, deviationMinutes: 0 }, { ignoresDeviation: true, localToUtc }))).toBe("2026-07-01T12:00:00.000Z");
  });

  it("of any octets is a value or a DecodeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 14 }), (octets) => {
        for (const decode of [decodeDateTime, decodeDate, decodeTime]) {
          try {
            decode(octets);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }
      }),
    );
  });

  it("with fields out of range is refused by name", () => {
    expect(() => decodeDateTime(hex("07EA0D1506022E091C000000"))).toThrow("month of 13 at byte 2");
    expect(() => decodeDateTime(hex("07EA0B1506182E091C000000"))).toThrow("hour of 24 at byte 5");
    expect(() => decodeDateTime(hex("07EA"))).toThrow("has 12 octets, not 2");
    expect(() => encodeDateTime({ ...ANY_DATE_TIME, minute: 60 })).toThrow("minute 60");
  });
});

describe("a stamp with wildcards", () => {
  const sunday = Date.UTC(2026, 2, 29, 2);
  it.each([
    [{}, true],
    [{ month: 3, dayOfMonth: "last", dayOfWeek: 7, hour: 2 }, true],
    [{ month: 3, dayOfMonth: "second-last", dayOfWeek: 7 }, false],
    [{ dayOfMonth: "last" }, false],
    [{ dayOfMonth: "second-last" }, false],
    [{ dayOfMonth: 23, dayOfWeek: 7 }, true],
    [{ dayOfMonth: 22, dayOfWeek: 7 }, false],
    [{ hour: 3 }, false],
    [{ month: "dst-begin" }, false],
  ] as const)("of %o fits the last Sunday of March: %s", (fields, expected) => {
    expect(matchesStamp(sunday, { ...ANY_DATE_TIME, ...fields })).toBe(expected);
  });
});
