import type { QualityMethod } from "@amity/model";
import type { VeeContext } from "../vee/context.ts";
import type { Parameters } from "../vee/finding.ts";
import type { Series } from "../vee/series.ts";
import type { ReferenceDay } from "./timeline.ts";

/** The hole that an estimator is asked to fill: indices into the timeline, end exclusive. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

export interface EstimatorInput {
  /** History and series on one grid; values in the hole are not to be read. */
  readonly timeline: Series;
  readonly hole: Hole;
  readonly context: VeeContext;
  /** Undisturbed civil days of the timeline, computed once a channel. */
  readonly referenceDays: () => readonly ReferenceDay[];
}

/** An estimate of every interval of the hole, in counts (not yet rounded), with one standard error each. */
export interface Estimated {
  readonly kind: "estimated";
  readonly values: Float64Array;
  readonly standardErrors: Float64Array;
  readonly numbers: Readonly<Record<string, number>>;
  readonly reason: string;
}

/** Why an estimator does not apply here: an expected outcome, the chain tries the next. */
export interface NotApplicable {
  readonly kind: "notApplicable";
  readonly reason: string;
}

/** One way to estimate. */
export interface Estimator<P extends Parameters = Parameters> {
  readonly summary: string;
  readonly defaults: P;
  readonly method: QualityMethod;
  estimate(input: EstimatorInput, parameters: P): Estimated | NotApplicable;
}

type Widened<T> = T extends number ? number : T extends boolean ? boolean : T extends string ? string : T;

/** Declares an estimator; its parameters are those of its defaults. */
export function estimator<P extends Parameters>(declaration: Estimator<{ readonly [K in keyof P]: Widened<P[K]> }>): typeof declaration {
  return declaration;
}

export function notApplicable(reason: string): NotApplicable {
  return { kind: "notApplicable", reason };
}
