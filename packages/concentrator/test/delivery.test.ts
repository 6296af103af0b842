import { ByteReader, DecodeError } from "@amity/bytes";
import { data, encodeData } from "@amity/dlms";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dateTimeOfInstant,
  decodeDelivery,
  decodeDeliveryBuffer,
  decodeDeliveryPayload,
  encodeDelivery,
  encodeDeliveryBuffer,
  encodeDeliveryPayload,
  instantOfDateTime,
  type Delivery,
} from "../src/index.ts";

const delivery: Delivery = {
  meterId: "AMTY100000001",
  object: "1-0:99.1.0",
  collectedAtMs: 1_793_549_545_553,
  span: { fromMs: 1_793_534_400_000, toMs: 1_793_535_300_000 },
  payload: Uint8Array.from({ length: 200 }, (_, index) => index),
};

/** Every prefix is refused with a DecodeError, never taken, never a crash. */
function refusesEveryTruncation(octets: Uint8Array, decode: (part: Uint8Array) => unknown): void {
  for (let length = 0; length < octets.length; length++)
    expect(() => decode(octets.subarray(0, length)), `at ${length}`).toThrow(DecodeError);
}

describe("deliveries", () => {
  it("come back as they were stored, and under their numbers in the buffer", () => {
    const octets = encodeDelivery(delivery);
    expect(decodeDelivery(new ByteReader(octets))).toEqual(delivery);
    const buffer = encodeDeliveryBuffer([
      { sequence: 7, data: octets },
      { sequence: 8, data: octets },
    ]);
    expect(decodeDeliveryBuffer(buffer)).toEqual([
      { sequence: 7, delivery },
      { sequence: 8, delivery },
    ]);
  });

  it("are refused when cut off anywhere", () => {
    const octets = encodeDelivery(delivery);
    refusesEveryTruncation(octets, (part) => decodeDelivery(new ByteReader(part)));
    refusesEveryTruncation(encodeDeliveryBuffer([{ sequence: 7, data: octets }]), decodeDeliveryBuffer);
  });

  it("are refused when they are noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        for (const decode of [decodeDeliveryBuffer, decodeDeliveryPayload]) {
          try {
            decode(noise);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }
      }),
    );
  });

  it("carry what is needed to read them", () => {
    const description = {
      captureObjects: data.array(
        data.structure(data.longUnsigned(8), data.octets(Uint8Array.of(0, 0, 1, 0, 0, 255)), data.integer(2), data.longUnsigned(0)),
      ),
      periodSeconds: 900,
      scalerUnits: [undefined, data.structure(data.integer(-1), data.enumerated(30))],
    };
    const buffer = encodeData(data.array(data.structure(data.nothing)));
    const payload = encodeDeliveryPayload(description, buffer);
    expect(decodeDeliveryPayload(payload)).toEqual({ description, buffer });
  });
});

describe("date-times of meters", () => {
  it("are the instant again, to the hundredth of a second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_00 }), (hundredths) => {
        expect(instantOfDateTime(dateTimeOfInstant(hundredths * 10))).toBe(hundredths * 10);
      }),
    );
  });

  it("count the deviation from local time to UTC", () => {
    // 2026-07-01 12:00 in Berlin, summer: -120 minutes.
    const berlin = Uint8Array.of(0x07, 0xea, 7, 1, 3, 12, 0, 0, 0xff, 0xff, 0x88, 0x80);
    expect(instantOfDateTime(berlin)).toBe(Date.UTC(2026, 6, 1, 10, 0));
  });

  it("have no instant where the date is left open", () => {
    expect(instantOfDateTime(Uint8Array.of(0xff, 0xff, 7, 1, 3, 12, 0, 0, 0, 0, 0, 0))).toBeUndefined();
    expect(instantOfDateTime(new Uint8Array(12))).toBeUndefined();
  });
});
