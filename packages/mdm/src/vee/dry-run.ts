import { estimate, type EstimatedSeries } from "../estimation/estimate.ts";
import type { EstimationPlan } from "../estimation/plan.ts";
import { Money } from "../rating/money.ts";
import type { VeeContext } from "./context.ts";
import type { Finding } from "./finding.ts";
import type { CompiledRuleSet } from "./rule-set.ts";
import type { Series } from "./series.ts";
import { markQualities, validate } from "./validate.ts";

/** One stored channel to try a changed rule set on, as it came (before any validation). */
export interface DryRunSubject {
  readonly series: Series;
  readonly context: VeeContext;
  /** Total of the bill that these values would give, as decimal text; absent: bills are not compared. */
  readonly bill?: (series: Series) => string;
}

export interface DryRunPlan {
  readonly current: CompiledRuleSet;
  readonly candidate: CompiledRuleSet;
  readonly estimation: EstimationPlan;
  /** Examples and bills kept for the report. */
  readonly examplesMax?: number;
}

/** What one rule does under each of the sets. */
export interface RuleDifference {
  readonly ruleId: string;
  readonly current: number;
  readonly candidate: number;
  /** Findings that only one of them has, by channel and interval range. */
  readonly onlyCurrent: number;
  readonly onlyCandidate: number;
}

export interface BillDifference {
  readonly channelId: string;
  readonly current: string;
  readonly candidate: string;
  readonly difference: string;
}

export interface DryRunReport {
  readonly channels: number;
  readonly intervals: number;
  readonly rules: readonly RuleDifference[];
  /** New findings of the candidate, the first few. */
  readonly examples: readonly { readonly channelId: string; readonly finding: Finding }[];
  /** Channels whose final values would differ. */
  readonly channelsChanged: number;
  /** Largest changes first. */
  readonly bills: readonly BillDifference[];
  readonly billsChanged: number;
  readonly billsDifference: string;
}

/**
 * Tries a changed rule set on history: what it would have flagged, what would have been estimated instead, and which
 * bills change by how much. Nothing is stored. Subjects come one by one, so that a year of a fleet need not fit in memory.
 */
export function dryRun(plan: DryRunPlan, subjects: Iterable<DryRunSubject>): DryRunReport {
  const tally = startTally(plan);
  for (const subject of subjects) trySubject(plan, subject, tally);
  const bills = tally.bills
    .toSorted((a, b) => new Money(b.difference).abs().cmp(new Money(a.difference).abs()))
    .slice(0, tally.examplesMax);
  return {
    channels: tally.channels,
    intervals: tally.intervals,
    rules: [...tally.rules.entries()].map(([ruleId, counts]) => ({ ruleId, ...counts })),
    examples: tally.examples,
    channelsChanged: tally.channelsChanged,
    bills,
    billsChanged: tally.bills.length,
    billsDifference: tally.bills.reduce((sum, bill) => sum.plus(bill.difference), new Money(0)).toFixed(),
  };
}

interface Tally {
  readonly examplesMax: number;
  channels: number;
  intervals: number;
  channelsChanged: number;
  readonly rules: Map<string, Record<"current" | "candidate" | "onlyCurrent" | "onlyCandidate", number>>;
  readonly examples: { readonly channelId: string; readonly finding: Finding }[];
  readonly bills: BillDifference[];
}

function startTally(plan: DryRunPlan): Tally {
  const ids = new Set([...plan.current.rules, ...plan.candidate.rules].map((rule) => rule.spec.id));
  const rules = new Map([...ids].map((id) => [id, { current: 0, candidate: 0, onlyCurrent: 0, onlyCandidate: 0 }]));
  return { examplesMax: plan.examplesMax ?? 20, channels: 0, intervals: 0, channelsChanged: 0, rules, examples: [], bills: [] };
}

function trySubject(plan: DryRunPlan, subject: DryRunSubject, tally: Tally): void {
  const { channelId } = subject.context.channel;
  const current = outcome(plan.current, plan.estimation, subject);
  const candidate = outcome(plan.candidate, plan.estimation, subject);
  tally.channels += 1;
  tally.intervals += subject.series.values.length;
  const before = new Set(current.findings.map(keyOf));
  const after = new Set(candidate.findings.map(keyOf));
  for (const finding of current.findings) count(tally, finding, "current", after.has(keyOf(finding)) ? undefined : "onlyCurrent");
  for (const finding of candidate.findings) {
    const isNew = !before.has(keyOf(finding));
    count(tally, finding, "candidate", isNew ? "onlyCandidate" : undefined);
    if (isNew && tally.examples.length < tally.examplesMax) tally.examples.push({ channelId, finding });
  }
  if (isSame(current.final, candidate.final)) return;
  tally.channelsChanged += 1;
  if (subject.bill === undefined) return;
  const [was, is] = [new Money(subject.bill(current.final)), new Money(subject.bill(candidate.final))];
  if (!was.eq(is)) tally.bills.push({ channelId, current: was.toFixed(), candidate: is.toFixed(), difference: is.minus(was).toFixed() });
}

function outcome(
  ruleSet: CompiledRuleSet,
  plan: EstimationPlan,
  { series, context }: DryRunSubject,
): { findings: readonly Finding[]; final: EstimatedSeries } {
  const verdict = validate(series, context, ruleSet);
  const marked = { ...series, qualities: markQualities(series, verdict, ruleSet) };
  return { findings: verdict.findings, final: estimate(marked, context, plan) };
}

function count(tally: Tally, finding: Finding, side: "current" | "candidate", only: "onlyCurrent" | "onlyCandidate" | undefined): void {
  const counts = tally.rules.get(finding.ruleId);
  if (counts === undefined) return;
  counts[side] += 1;
  if (only !== undefined) counts[only] += 1;
}

function keyOf(finding: Finding): string {
  return `${finding.ruleId}/${finding.fromIndex}/${finding.toIndex}`;
}

function isSame(a: Series, b: Series): boolean {
  return a.values.every((value, index) => value === b.values[index]);
}
