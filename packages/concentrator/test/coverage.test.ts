import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addSpan,
  answeredSpan,
  lateBeforeMs,
  coveredMs,
  dropBefore,
  gapsWithin,
  nextPiece,
  piecesOf,
  type Coverage,
  type TimeSpan,
} from "../src/index.ts";

const span = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 }))
  .map(([fromMs, length]) => ({ fromMs, toMs: fromMs + length }));

function minutes(covered: Coverage): Set<number> {
  const set = new Set<number>();
  for (const { fromMs, toMs } of covered) for (let at = fromMs; at < toMs; at++) set.add(at);
  return set;
}

describe("coverage", () => {
  it("is the set of what was added, in sorted spans that do not touch", () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 30 }), (spans) => {
        const covered = spans.reduce<Coverage>(addSpan, []);
        expect(minutes(covered)).toEqual(minutes(spans));
        for (const [index, { fromMs }] of covered.entries()) if (index > 0) expect(fromMs).toBeGreaterThan(covered[index - 1]?.toMs ?? 0);
      }),
    );
  });

  it("and its gaps together make the whole, and the lengths say so", () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 12 }), span, (spans, within) => {
        const covered = spans.reduce<Coverage>(addSpan, []);
        const inside = [...minutes([within])];
        const missing = minutes(gapsWithin(covered, within));
        expect(missing).toEqual(new Set(inside.filter((at) => !minutes(covered).has(at))));
        expect(coveredMs(covered, within)).toBe(inside.length - missing.size);
      }),
    );
  });

  it("is filled completely by asking for the next piece again and again, newest first within a chunk's grid", () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 6 }), fc.integer({ min: 1, max: 30 }), (spans, chunkMs) => {
        const within = { fromMs: 0, toMs: 80 };
        let covered = spans.reduce<Coverage>(addSpan, []);
        const asked: TimeSpan[] = [];
        for (let piece = nextPiece(covered, within, { chunkMs }); piece !== undefined; piece = nextPiece(covered, within, { chunkMs })) {
          expect(Math.floor(piece.fromMs / chunkMs)).toBe(Math.floor((piece.toMs - 1) / chunkMs));
          asked.push(piece);
          covered = addSpan(covered, piece);
        }
        expect(covered).toEqual(
          [{ fromMs: 0, toMs: Math.max(80, ...spans.filter((known) => known.toMs > known.fromMs).map(({ toMs }) => toMs)) }].slice(
            0,
            covered.length,
          ),
        );
        expect(asked).toEqual(asked.toSorted((left, right) => right.toMs - left.toMs));
      }),
    );
  });

  it("forgets what is too old", () => {
    expect(
      dropBefore(
        [
          { fromMs: 0, toMs: 5 },
          { fromMs: 7, toMs: 12 },
        ],
        9,
      ),
    ).toEqual([{ fromMs: 9, toMs: 12 }]);
  });

  it("counts young time only as far as rows came", () => {
    const asked = { fromMs: 100, toMs: 200 };
    expect(answeredSpan(asked, 180, 150)).toEqual({ fromMs: 100, toMs: 180 });
    expect(answeredSpan(asked, undefined, 150)).toEqual({ fromMs: 100, toMs: 150 });
    expect(answeredSpan(asked, undefined, 50)).toEqual({ fromMs: 100, toMs: 100 });
    expect(answeredSpan(asked, undefined, 300)).toEqual(asked);
  });

  it("ends on the grid where nothing can come late any more, so that the next request has the row before its first interval", () => {
    expect(lateBeforeMs({ lateMs: 1_800_000, gridMs: 3_600_000 }, 36_600_000)).toBe(32_400_000);
    expect(lateBeforeMs({ lateMs: 1_800_000, gridMs: 900_000 }, 36_000_000)).toBe(34_200_000);
  });
});

describe("the pieces of a visit", () => {
  const source = { profile: "p", kind: "intervals", historyMs: 100, chunkMs: 30, lateMs: 0, gridMs: 10 } as const;

  it("go from now into history, each older than the one before, though nothing gets covered", () => {
    expect([...piecesOf(source, () => [], 137)]).toEqual([
      { fromMs: 120, toMs: 130 },
      { fromMs: 90, toMs: 120 },
      { fromMs: 60, toMs: 90 },
    ]);
  });

  it("leave out what is there", () => {
    expect([...piecesOf(source, () => [{ fromMs: 60, toMs: 110 }], 137)]).toEqual([
      { fromMs: 120, toMs: 130 },
      { fromMs: 110, toMs: 120 },
    ]);
  });

  it("of a log go back over the whole history, also right after a boundary of its chunks", () => {
    const log = { ...source, kind: "events", historyMs: 100, chunkMs: 100 } as const;
    expect([...piecesOf(log, () => [{ fromMs: 100, toMs: 180 }], 213)]).toEqual([
      { fromMs: 200, toMs: 210 },
      { fromMs: 180, toMs: 200 },
    ]);
    expect([...piecesOf(log, () => [], 213)]).toEqual([
      { fromMs: 200, toMs: 210 },
      { fromMs: 120, toMs: 200 },
    ]);
  });
});
