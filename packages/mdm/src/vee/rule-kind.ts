import type { QualityMethod } from "@amity/model";
import type { DaySpan } from "../usage/local-days.ts";
import type { VeeContext } from "./context.ts";
import type { Parameters, ReportHit } from "./finding.ts";
import type { Series } from "./series.ts";

/** What every rule sees. */
export interface RuleInput {
  readonly series: Series;
  readonly context: VeeContext;
  /** The civil days of the series, computed once and only when a rule asks. */
  readonly days: () => readonly DaySpan[];
}

/** One kind of rule: its defaults are also the list and the types of its parameters. */
export interface RuleKind<P extends Parameters = Parameters> {
  /** One plain sentence for the console. */
  readonly summary: string;
  readonly defaults: P;
  /** The quality method that failed intervals get; `none` leaves their quality as delivered. */
  readonly marks: QualityMethod;
  /** Calls `report` for each hit; must not change the series. Method syntax lets kinds with narrower parameters share one table. */
  check(input: RuleInput, parameters: P, report: ReportHit): void;
}

/** Declares a kind; the types of its parameters are those of its defaults, widened from literals. */
export function ruleKind<P extends Parameters>(kind: RuleKind<{ readonly [K in keyof P]: Widened<P[K]> }>): typeof kind {
  return kind;
}

type Widened<T> = T extends number ? number : T extends boolean ? boolean : T extends string ? string : T;

/** Turns a parameter in the channel's unit into counts. */
export function toCounts(inUnit: number, context: VeeContext): number {
  const { scaler } = context.channel;
  return scaler < 0 ? inUnit * 10 ** -scaler : inUnit / 10 ** scaler;
}

/** Turns counts into the channel's unit, for the numbers of a finding. */
export function toUnit(counts: number, context: VeeContext): number {
  const { scaler } = context.channel;
  return scaler < 0 ? counts / 10 ** -scaler : counts * 10 ** scaler;
}
