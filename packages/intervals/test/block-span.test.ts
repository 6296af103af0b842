import { UsageError } from "@amity/bytes";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  blocksOf,
  DAY_MS,
  emptyBlock,
  isMissingSlot,
  mergeBlocks,
  MISSING_QUALITY,
  slotStartMs,
  spanOf,
  utcDaysBetween,
} from "../src/index.ts";

const DAY = Date.UTC(2026, 9, 24);

const anySpan = fc
  .record({
    intervalSeconds: fc.constantFrom(60, 300, 900, 1800, 3600, 86_400),
    offset: fc.integer({ min: 0, max: 200_000 }),
    values: fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 400 }),
  })
  .map(({ intervalSeconds, offset, values }) => ({
    startMs: DAY + offset * 1000,
    intervalSeconds,
    values: Float64Array.from(values),
    qualities: new Uint16Array(values.length).fill(0x1e00),
  }));

describe("cutting a span into days and joining it again", () => {
  test("loses nothing and moves nothing, wherever the span starts", () => {
    fc.assert(
      fc.property(anySpan, (span) => {
        const blocks = blocksOf(span);
        const endMs = span.startMs + span.values.length * span.intervalSeconds * 1000;
        expect(spanOf(blocks.toReversed(), { fromMs: span.startMs, toMs: endMs, intervalSeconds: span.intervalSeconds })).toEqual(span);
        for (const block of blocks) {
          expect(slotStartMs(block, 0)).toBeGreaterThanOrEqual(block.dayStartMs);
          expect(slotStartMs(block, block.values.length - 1)).toBeLessThan(block.dayStartMs + DAY_MS);
        }
      }),
    );
  });

  test("fills what no block holds as missing", () => {
    const [block] = blocksOf({
      startMs: DAY + 900_000,
      intervalSeconds: 900,
      values: Float64Array.of(5),
      qualities: Uint16Array.of(0x1e00),
    });
    if (block === undefined) throw new Error("expected a block");
    const span = spanOf([block], { fromMs: DAY - 900_000, toMs: DAY + 3 * 900_000, intervalSeconds: 900 });
    expect([...span.values]).toEqual([0, 0, 5, 0]);
    expect([...span.qualities].map(isMissingSlot)).toEqual([true, true, false, true]);
  });

  test("keeps the phase of a grid that is not that of UTC", () => {
    // Half-hours of Nepal (UTC+5:45) start at :15 and :45.
    const [block] = blocksOf({
      startMs: DAY + 15 * 60_000,
      intervalSeconds: 1800,
      values: Float64Array.of(1, 2),
      qualities: Uint16Array.of(1, 1),
    });
    expect(block?.phaseSeconds).toBe(900);
    expect(slotStartMs(block ?? emptyBlock(DAY, 1800), 1)).toBe(DAY + 45 * 60_000);
  });

  test("refuses uneven arrays, odd intervals and starts within a second", () => {
    const span = { startMs: DAY, intervalSeconds: 900, values: new Float64Array(2), qualities: new Uint16Array(2) };
    for (const bad of [{ qualities: new Uint16Array(1) }, { intervalSeconds: 700 }, { intervalSeconds: 0 }, { startMs: DAY + 1 }]) {
      expect(() => blocksOf({ ...span, ...bad })).toThrow(UsageError);
    }
    expect(() => spanOf([emptyBlock(DAY, 900), emptyBlock(DAY, 1800)], { fromMs: DAY, toMs: DAY + 1, intervalSeconds: 900 })).toThrow(
      UsageError,
    );
  });

  test("names the days of a window", () => {
    expect(utcDaysBetween(DAY + 5, DAY + DAY_MS + 1)).toEqual([DAY, DAY + DAY_MS]);
    expect(utcDaysBetween(DAY, DAY)).toEqual([]);
  });
});

describe("merging a block into another", () => {
  test("returns the very same block when nothing is new, and never touches its inputs", () => {
    const current = emptyBlock(DAY, 900);
    current.values[3] = 8;
    current.qualities[3] = 0x1e00;
    const before = structuredClone(current);
    expect(mergeBlocks(current, emptyBlock(DAY, 900))).toBe(current);
    const incoming = emptyBlock(DAY, 900);
    incoming.values[3] = 9;
    incoming.qualities[3] = 0x1e00;
    expect(mergeBlocks(current, incoming).values[3]).toBe(9);
    expect(mergeBlocks(current, incoming, () => false)).toBe(current);
    expect(current).toEqual(before);
  });

  test("fills missing slots without asking", () => {
    const incoming = emptyBlock(DAY, 900);
    incoming.values[0] = 4;
    incoming.qualities[0] = 0x1e00;
    const merged = mergeBlocks(emptyBlock(DAY, 900), incoming, () => false);
    expect([merged.values[0], merged.qualities[0], merged.qualities[1]]).toEqual([4, 0x1e00, MISSING_QUALITY]);
  });

  test("refuses another day or grid", () => {
    expect(() => mergeBlocks(emptyBlock(DAY, 900), emptyBlock(DAY + DAY_MS, 900))).toThrow(UsageError);
    expect(() => mergeBlocks(emptyBlock(DAY, 900), emptyBlock(DAY, 900, 60))).toThrow(UsageError);
  });
});
