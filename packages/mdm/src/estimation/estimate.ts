import { packQuality, type QualityMethod } from "@amity/model";
import type { EventSpan, SpanKind, VeeContext } from "../vee/context.ts";
import { isEligible } from "../vee/rule-set.ts";
import { eachRun, WANTS_ESTIMATE } from "../vee/quality-mask.ts";
import { intervalStartMs, type Series } from "../vee/series.ts";
import type { Hole } from "./estimator.ts";
import { compilePlan, type CompiledStep, type EstimationPlan } from "./plan.ts";
import { scaleToRegisters } from "./scale.ts";
import { referenceDays, timelineOf, type ReferenceDay } from "./timeline.ts";

/** What was done about one hole, and why. */
export interface EstimationDecision {
  readonly planId: string;
  readonly planVersion: number;
  /** Indices into the series, end exclusive. */
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** `suppressed`: storm mode, nobody may guess; `none`: no estimator applied. */
  readonly outcome: "estimated" | "zero" | "scaled" | "notScaled" | "suppressed" | "none";
  readonly method: QualityMethod;
  readonly numbers: Readonly<Record<string, number>>;
  readonly reason: string;
  /** What was tried before and why it did not apply. */
  readonly tried: readonly string[];
}

export interface EstimatedSeries extends Series {
  /** One standard error for each value, in counts; 0 for what was measured. */
  readonly standardErrors: Float64Array;
  readonly decisions: readonly EstimationDecision[];
}

/**
 * Fills what is missing or failed by the first estimator of the plan that applies, then scales to the registers. Returns
 * new arrays. Actual and final values are never touched; outages and disconnections become zero; storms stay missing.
 */
export function estimate(series: Series, context: VeeContext, plan: EstimationPlan): EstimatedSeries {
  const steps = compilePlan(plan).filter((entry) => isEligible(entry.step.eligibility, context));
  const run = startRun(series, context, plan, steps);
  eachRun(openQualities(series), WANTS_ESTIMATE, (from, to) => {
    for (const piece of splitBySpans(run.timeline, { from: from + run.offset, to: to + run.offset }, context.spans ?? []))
      fillPiece(run, piece);
  });
  if (plan.scaleToRegisters && context.registers !== undefined) {
    for (const scaling of scaleToRegisters(
      run.timeline,
      run.standardErrors,
      run.filled,
      context.registers,
      plan.negativeScaling ?? false,
    )) {
      decide(run, { from: scaling.from, to: scaling.to }, scaling.scaled ? "scaled" : "notScaled", "scaled", scaling);
    }
  }
  const end = run.offset + series.values.length;
  return {
    startMs: series.startMs,
    intervalSeconds: series.intervalSeconds,
    values: run.timeline.values.slice(run.offset, end),
    qualities: run.timeline.qualities.slice(run.offset, end),
    standardErrors: run.standardErrors.slice(run.offset, end),
    decisions: run.decisions,
  };
}

interface Run {
  readonly context: VeeContext;
  readonly plan: EstimationPlan;
  readonly steps: readonly CompiledStep[];
  readonly timeline: Series;
  /** Index of the series' first interval in the timeline. */
  readonly offset: number;
  readonly standardErrors: Float64Array;
  /** 1 where this run put an estimate. */
  readonly filled: Uint8Array;
  readonly decisions: EstimationDecision[];
  readonly referenceDays: () => readonly ReferenceDay[];
}

function startRun(series: Series, context: VeeContext, plan: EstimationPlan, steps: readonly CompiledStep[]): Run {
  const timeline = timelineOf(series, context.history);
  // Reference days are settled before anything is filled: an estimate is never the basis of another.
  let known: readonly ReferenceDay[] | undefined;
  return {
    context,
    plan,
    steps,
    timeline,
    offset: (series.startMs - timeline.startMs) / (series.intervalSeconds * 1000),
    standardErrors: new Float64Array(timeline.values.length),
    filled: new Uint8Array(timeline.values.length),
    decisions: [],
    referenceDays: () => (known ??= referenceDays(timeline, context.zone, context.spans)),
  };
}

function fillPiece(run: Run, piece: Piece): void {
  if (piece.span === "storm")
    return decide(run, piece, "suppressed", "none", { numbers: {}, reason: "storm mode: nothing is estimated until the outage is known" });
  if (piece.span !== undefined) {
    put(run, piece, new Float64Array(piece.to - piece.from), new Float64Array(piece.to - piece.from), "zero");
    return decide(run, piece, "zero", "zero", { numbers: {}, reason: `no supply: ${piece.span}` });
  }
  const tried: string[] = [];
  for (const { step, estimator, parameters } of run.steps) {
    const result = estimator.estimate(
      { timeline: run.timeline, hole: piece, context: run.context, referenceDays: run.referenceDays },
      parameters,
    );
    if (result.kind === "notApplicable") {
      tried.push(`${step.kind}: ${result.reason}`);
      continue;
    }
    put(run, piece, result.values, result.standardErrors, estimator.method);
    return decide(run, piece, "estimated", estimator.method, { numbers: result.numbers, reason: result.reason, tried });
  }
  decide(run, piece, "none", "none", { numbers: {}, reason: "no estimator applies", tried });
}

function put(run: Run, hole: Hole, values: Float64Array, errors: Float64Array, method: QualityMethod): void {
  const quality = packQuality({ source: "mdms", category: "estimated", method, final: false });
  for (let index = hole.from; index < hole.to; index += 1) {
    run.timeline.values[index] = Math.round(values[index - hole.from] ?? 0);
    run.timeline.qualities[index] = quality;
    run.standardErrors[index] = errors[index - hole.from] ?? 0;
    run.filled[index] = 1;
  }
}

function decide(
  run: Run,
  hole: Hole,
  outcome: EstimationDecision["outcome"],
  method: QualityMethod,
  why: { numbers: Readonly<Record<string, number>>; reason: string; tried?: readonly string[] },
): void {
  run.decisions.push({
    planId: run.plan.id,
    planVersion: run.plan.version,
    fromIndex: hole.from - run.offset,
    toIndex: hole.to - run.offset,
    fromMs: intervalStartMs(run.timeline, hole.from),
    toMs: intervalStartMs(run.timeline, hole.to),
    outcome,
    method,
    numbers: why.numbers,
    reason: why.reason,
    tried: why.tried ?? [],
  });
}

/** The qualities with final values masked as valid, so that no run of the mask holds them. */
function openQualities(series: Series): Uint16Array {
  return series.qualities.map((code) => ((code & 0x8000) === 0 ? code : 0));
}

interface Piece extends Hole {
  /** What rules over the piece, if anything. */
  readonly span: SpanKind | undefined;
}

/** Cuts a hole where supply was off; an interval counts as without supply only if it lies wholly in the span. */
function splitBySpans(timeline: Series, hole: Hole, spans: readonly EventSpan[]): readonly Piece[] {
  const stepMs = timeline.intervalSeconds * 1000;
  const ruling = spans.filter(
    (span) => span.kind === "storm" || span.kind === "outage" || span.kind === "disconnected" || span.kind === "inactive",
  );
  const pieces: Piece[] = [];
  for (let index = hole.from; index < hole.to; index += 1) {
    const startMs = intervalStartMs(timeline, index);
    const over = ruling.filter((span) => span.fromMs <= startMs && span.toMs >= startMs + stepMs);
    const kind = (over.find((span) => span.kind === "storm") ?? over[0])?.kind;
    const last = pieces.at(-1);
    if (last !== undefined && last.span === kind) pieces[pieces.length - 1] = { ...last, to: index + 1 };
    else pieces.push({ from: index, to: index + 1, span: kind });
  }
  return pieces;
}
