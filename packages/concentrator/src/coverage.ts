/** A half-open span of civil time, UTC ms. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Which parts of a profile have been collected: sorted, disjoint, half-open spans. The watermark of collection, in the
 * form that also allows newest-first back-fill: what is missing is what lies between them.
 */
export type Coverage = readonly TimeSpan[];

/** Adds a span; touching and overlapping spans become one. An empty span changes nothing. */
export function addSpan(covered: Coverage, span: TimeSpan): Coverage {
  if (span.toMs <= span.fromMs) return covered;
  const before: TimeSpan[] = [];
  const after: TimeSpan[] = [];
  let { fromMs, toMs } = span;
  for (const known of covered) {
    if (known.toMs < fromMs) before.push(known);
    else if (known.fromMs > toMs) after.push(known);
    else {
      fromMs = Math.min(fromMs, known.fromMs);
      toMs = Math.max(toMs, known.toMs);
    }
  }
  return [...before, { fromMs, toMs }, ...after];
}

/** What is missing within a span, oldest first. */
export function gapsWithin(covered: Coverage, within: TimeSpan): readonly TimeSpan[] {
  const gaps: TimeSpan[] = [];
  let fromMs = within.fromMs;
  for (const known of covered) {
    if (known.toMs <= fromMs) continue;
    if (known.fromMs >= within.toMs) break;
    if (known.fromMs > fromMs) gaps.push({ fromMs, toMs: known.fromMs });
    fromMs = known.toMs;
  }
  if (fromMs < within.toMs) gaps.push({ fromMs, toMs: within.toMs });
  return gaps;
}

/**
 * The piece to ask for next: the newest gap, cut so that it lies within one chunk of the UTC grid (a chunk of one day
 * becomes one block of the ledger, not two halves). Past `spansMax` spans the oldest gap comes first, so that coverage
 * stays small.
 */
export function nextPiece(covered: Coverage, within: TimeSpan, limits: { chunkMs: number; spansMax?: number }): TimeSpan | undefined {
  const gaps = gapsWithin(covered, within);
  const gap = gaps.length > (limits.spansMax ?? 16) ? gaps[0] : gaps.at(-1);
  if (gap === undefined) return undefined;
  const chunkStartMs = Math.floor((gap.toMs - 1) / limits.chunkMs) * limits.chunkMs;
  return { fromMs: Math.max(gap.fromMs, chunkStartMs), toMs: gap.toMs };
}

/** How much of a span is covered, ms. */
export function coveredMs(covered: Coverage, within: TimeSpan): number {
  const missing = gapsWithin(covered, within).reduce((sum, gap) => sum + gap.toMs - gap.fromMs, 0);
  return Math.max(0, within.toMs - within.fromMs) - missing;
}

/** Forgets what lies before an instant: what a meter no longer holds needs no bookkeeping. */
export function dropBefore(covered: Coverage, instantMs: number): Coverage {
  if (covered[0] === undefined || covered[0].fromMs >= instantMs) return covered;
  return covered.filter((span) => span.toMs > instantMs).map((span) => ({ fromMs: Math.max(span.fromMs, instantMs), toMs: span.toMs }));
}

/**
 * The end of the time in which nothing can come late any more, on the source's grid: coverage that ended between two captures would
 * leave the next request without the row that its first interval begins with.
 */
export function lateBeforeMs({ lateMs, gridMs }: { readonly lateMs: number; readonly gridMs: number }, nowMs: number): number {
  return Math.floor((nowMs - lateMs) / gridMs) * gridMs;
}

/**
 * What an answered request really covers. Rows that should exist but were not given yet (the meter's clock is behind, a
 * capture is late) may still appear while their time is young: only what lies before `lateEndMs` (`lateBeforeMs`) counts as covered
 * without a row; after it, as far as the newest row reaches.
 */
export function answeredSpan(asked: TimeSpan, newestRowMs: number | undefined, lateEndMs: number): TimeSpan {
  const settledMs = Math.max(lateEndMs, newestRowMs ?? Number.NEGATIVE_INFINITY);
  return { fromMs: asked.fromMs, toMs: Math.max(asked.fromMs, Math.min(asked.toMs, settledMs)) };
}
