import { nextPiece, type Coverage, type TimeSpan } from "./coverage.ts";

/** One profile or log that is collected by watermark. */
export interface CollectedSource {
  /** OBIS text. */
  readonly profile: string;
  readonly kind: "intervals" | "events";
  /** How far back it is wanted, civil ms. */
  readonly historyMs: number;
  /** One request asks for at most this much, civil ms; also the grid of the requests. */
  readonly chunkMs: number;
  /** Rows this young may still appear: their time counts as collected only as far as rows came. */
  readonly lateMs: number;
  /** Collection ends on this grid (the capture period), civil ms. */
  readonly gridMs: number;
}

/**
 * The pieces that one visit asks for, newest first: what came since the last visit, then history. Each piece is older than
 * the one before, so a meter that answers nothing does not hold the visit.
 */
export function* piecesOf(source: CollectedSource, covered: () => Coverage, nowMs: number): Generator<TimeSpan> {
  // Intervals are wanted in whole chunks, at most a day each. Of a log one chunk may be the whole history: counted in chunks, nothing older than the last
  // boundary would be wanted, and what nobody had read by then would be lost.
  const stepMs = source.kind === "events" ? source.gridMs : Math.min(source.chunkMs, DAY_MS);
  const fromMs = Math.ceil((nowMs - source.historyMs) / stepMs) * stepMs;
  let toMs = Math.floor(nowMs / source.gridMs) * source.gridMs;
  for (;;) {
    const piece = nextPiece(covered(), { fromMs, toMs }, { chunkMs: source.chunkMs });
    if (piece === undefined) return;
    yield piece;
    toMs = Math.min(toMs, piece.fromMs);
  }
}

const DAY_MS = 86_400_000;
