import { DecodeError, UsageError } from "@amity/bytes";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyBlock, packBlock, packBlockInto, packedBlockMax, slotsPerDay, unpackBlock, type IntervalBlock } from "../src/index.ts";

const DAY = Date.UTC(2026, 2, 29);

function blockOf(
  intervalSeconds: number,
  value: (slot: number) => number,
  quality: (slot: number) => number = () => 0x1e00,
): IntervalBlock {
  const block = emptyBlock(DAY, intervalSeconds);
  for (let slot = 0; slot < block.values.length; slot++) {
    block.values[slot] = value(slot);
    block.qualities[slot] = quality(slot);
  }
  return block;
}

/** A plain household day in Wh: base load, a morning and an evening, and noise. */
function householdWh(slot: number): number {
  const hour = slot / 4;
  const evening = 900 * Math.exp(-((hour - 19) ** 2) / 6);
  const morning = 400 * Math.exp(-((hour - 7.5) ** 2) / 2);
  return Math.round(45 + morning + evening + ((slot * 7919) % 61));
}

const anyInterval = fc.constantFrom(60, 300, 600, 900, 1800, 3600, 86_400);
const anyValue = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer(), fc.maxSafeInteger(), fc.constant(0));
const anyBlock = anyInterval.chain((intervalSeconds) =>
  fc
    .record({
      values: fc.array(anyValue, { minLength: 1, maxLength: 200 }),
      qualities: fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 40 }),
      phase: fc.integer({ min: 0, max: intervalSeconds - 1 }),
    })
    .map(({ values, qualities, phase }) => {
      const block = emptyBlock(DAY, intervalSeconds, phase);
      for (let slot = 0; slot < block.values.length; slot++) {
        block.values[slot] = values[slot % values.length] ?? 0;
        block.qualities[slot] = qualities[Math.floor(slot / 7) % qualities.length] ?? 0;
      }
      return block;
    }),
);

describe("the block codec", () => {
  test("gives back every block it packed", () => {
    fc.assert(
      fc.property(anyBlock, (block) => {
        const packed = packBlock(block);
        expect(packed.length).toBeLessThanOrEqual(packedBlockMax(block.values.length));
        expect(unpackBlock(packed, DAY)).toEqual(normalised(block));
      }),
      { numRuns: 300 },
    );
  });

  test("keeps every width of number exactly, plain and in steps", () => {
    for (let width = 0; width <= 53; width++) {
      const high = 2 ** width - 1;
      for (const block of [
        blockOf(900, (slot) => (slot % 3 === 0 ? high : slot % 16)),
        blockOf(900, (slot) => -(slot % 2 === 0 ? high : 0)),
        blockOf(900, (slot) => Math.min(Number.MAX_SAFE_INTEGER, slot * Math.floor(high / 96) + (slot % 5))),
      ]) {
        expect(unpackBlock(packBlock(block), DAY).values).toEqual(normalised(block).values);
      }
    }
  });

  test("packs a household's quarter-hours with quality below 1.7 octets a slot", () => {
    const packed = packBlock(blockOf(900, householdWh));
    expect(packed.length / 96).toBeLessThan(1.7);
    const withEstimates = packBlock(blockOf(900, householdWh, (slot) => (slot >= 40 && slot < 44 ? 0x380a : 0x1e00)));
    expect(withEstimates.length / 96).toBeLessThan(1.7);
  });

  test("packs a day of zeros to 14 octets and a cumulative profile by its steps", () => {
    expect(packBlock(blockOf(900, () => 0)).length).toBeLessThanOrEqual(14);
    const cumulative = packBlock(blockOf(900, (slot) => 123_456_789 + slot * 400 + (slot % 7)));
    expect(cumulative.length / 96).toBeLessThan(1.2);
  });

  test("packs many blocks into one buffer without gaps", () => {
    const room = new Uint8Array(2 * packedBlockMax(96));
    const first = packBlockInto(blockOf(900, householdWh), room, 0);
    const second = packBlockInto(
      blockOf(900, () => 7),
      room,
      first,
    );
    expect(unpackBlock(room.subarray(0, first), DAY).values[76]).toBe(householdWh(76));
    expect(unpackBlock(room.subarray(first, second), DAY).values[3]).toBe(7);
    expect(() => packBlockInto(blockOf(900, householdWh), new Uint8Array(50), 0)).toThrow(UsageError);
  });

  test("refuses values that are no safe integers", () => {
    for (const bad of [0.5, Number.NaN, Infinity, 2 ** 53]) {
      expect(() => packBlock(blockOf(900, (slot) => (slot === 50 ? bad : 1)))).toThrow(/slot 50/);
    }
  });

  test("refuses a block cut off at any octet", () => {
    const packed = packBlock(
      blockOf(
        900,
        (slot) => (slot < 16 ? slot * 2 ** 49 : slot < 32 ? slot * 900_000 : householdWh(slot)),
        (slot) => slot >> 3,
      ),
    );
    for (let length = 0; length < packed.length; length++) {
      expect(() => unpackBlock(packed.subarray(0, length), DAY)).toThrow(DecodeError);
    }
    expect(() => unpackBlock(Uint8Array.of(...packed, 0), DAY)).toThrow(/trailing/);
  });

  test("turns any octets into a block or a DecodeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, asVersion1) => {
        const data = asVersion1 ? Uint8Array.of(1, 0x84, 0x07, 0, ...noise) : noise;
        try {
          const block = unpackBlock(data, DAY);
          expect(block.values.length).toBe(slotsPerDay(block.intervalSeconds));
          expect(block.values.every(Number.isSafeInteger)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("survives any change of one octet of a real block", () => {
    const packed = packBlock(blockOf(900, householdWh, (slot) => slot >> 4));
    for (let at = 0; at < packed.length; at++) {
      for (const flip of [1, 0x10, 0x40, 0x80, 0xff]) {
        const hostile = packed.slice();
        hostile[at] = (hostile[at] ?? 0) ^ flip;
        try {
          unpackBlock(hostile, DAY);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }
    }
  });
});

/** A negative zero is a zero. */
function normalised(block: IntervalBlock): IntervalBlock {
  return { ...block, values: block.values.map((value) => value + 0) };
}
