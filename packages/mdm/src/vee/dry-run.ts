import { estimate } from "../estimation/estimate.ts";
import type { EstimationPlan } from "../estimation/plan.ts";
import { Money } from "../rating/money.ts";
import type { VeeContext } from "./context.ts";
import type { Finding } from "./finding.ts";
import type { CompiledRuleSet } from "./rule-set.ts";
import type { Series } from "./series.ts";
import { markQualities, validate } from "./validate.ts";

/** A bill that rests on a subject's values. */
export interface SubjectBill {
  readonly billId: string;
  /** Total with these values, as decimal text. */
  total(series: Series): string;
}

/** One stored channel to try a changed rule set on, as it came (before any validation). */
export interface DryRunSubject {
  readonly series: Series;
  readonly context: VeeContext;
  readonly bills?: readonly SubjectBill[];
}

export interface DryRunPlan {
  readonly current: CompiledRuleSet;
  readonly candidate: CompiledRuleSet;
  readonly estimation: EstimationPlan;
  /** Examples (of each side) kept for the report, default 20. */
  readonly examplesMax?: number;
  /** Bills and differences by channel kept for the report, default 1,000 of each. */
  readonly rowsMax?: number;
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

/** What one rule does differently on one channel. */
export interface ChannelDifference {
  readonly channelId: string;
  readonly ruleId: string;
  readonly onlyCurrent: number;
  readonly onlyCandidate: number;
}

export interface BillDifference {
  readonly channelId: string;
  readonly billId: string;
  readonly current: string;
  readonly candidate: string;
  readonly difference: string;
}

export interface DryRunExample {
  readonly channelId: string;
  readonly finding: Finding;
}

export interface DryRunReport {
  readonly channels: number;
  readonly intervals: number;
  readonly rules: readonly RuleDifference[];
  /** New findings of the candidate, and findings that it no longer has: the first few. */
  readonly examples: readonly DryRunExample[];
  readonly examplesGone: readonly DryRunExample[];
  /** Where the sets differ, in the order tried; `differencesLeftOut` counts those beyond the limit. */
  readonly differences: readonly ChannelDifference[];
  readonly differencesLeftOut: number;
  /** Channels whose final values would differ. */
  readonly channelsChanged: number;
  /** Bills that were tried; those that change, largest changes first. */
  readonly billsTried: number;
  readonly bills: readonly BillDifference[];
  readonly billsChanged: number;
  readonly billsDifference: string;
}

/** A dry run in work: subjects come one by one, so that a year of a fleet need not fit in memory. */
export interface DryRun {
  try(subject: DryRunSubject): void;
  report(): DryRunReport;
}

const EXAMPLES_MAX = 20;
const ROWS_MAX = 1000;

/**
 * Tries a changed rule set on history: what it would have flagged, what would have been estimated instead, and which
 * bills change by how much. Nothing is stored.
 */
export function startDryRun(plan: DryRunPlan): DryRun {
  const tally = startTally(plan);
  return { try: (subject) => trySubject(plan, subject, tally), report: () => reportOf(plan, tally) };
}

/** As `startDryRun`, over all subjects. */
export function dryRun(plan: DryRunPlan, subjects: Iterable<DryRunSubject>): DryRunReport {
  const run = startDryRun(plan);
  for (const subject of subjects) run.try(subject);
  return run.report();
}

function reportOf(plan: DryRunPlan, tally: Tally): DryRunReport {
  const bills = tally.bills
    .toSorted((a, b) => new Money(b.difference).abs().cmp(new Money(a.difference).abs()))
    .slice(0, plan.rowsMax ?? ROWS_MAX);
  return {
    channels: tally.channels,
    intervals: tally.intervals,
    rules: [...tally.rules.entries()].map(([ruleId, counts]) => ({ ruleId, ...counts })),
    examples: [...tally.examples],
    examplesGone: [...tally.examplesGone],
    differences: [...tally.differences],
    differencesLeftOut: tally.differencesLeftOut,
    channelsChanged: tally.channelsChanged,
    billsTried: tally.billsTried,
    bills,
    billsChanged: tally.bills.length,
    billsDifference: tally.bills.reduce((sum, bill) => sum.plus(bill.difference), new Money(0)).toFixed(),
  };
}

type Side = "current" | "candidate";

interface Tally {
  readonly examplesMax: number;
  readonly rowsMax: number;
  channels: number;
  intervals: number;
  channelsChanged: number;
  billsTried: number;
  differencesLeftOut: number;
  readonly rules: Map<string, Record<Side | "onlyCurrent" | "onlyCandidate", number>>;
  readonly examples: DryRunExample[];
  readonly examplesGone: DryRunExample[];
  readonly differences: ChannelDifference[];
  readonly bills: BillDifference[];
}

function startTally(plan: DryRunPlan): Tally {
  const ids = new Set([...plan.current.rules, ...plan.candidate.rules].map((rule) => rule.spec.id));
  return {
    examplesMax: plan.examplesMax ?? EXAMPLES_MAX,
    rowsMax: plan.rowsMax ?? ROWS_MAX,
    channels: 0,
    intervals: 0,
    channelsChanged: 0,
    billsTried: 0,
    differencesLeftOut: 0,
    rules: new Map([...ids].map((id) => [id, { current: 0, candidate: 0, onlyCurrent: 0, onlyCandidate: 0 }])),
    examples: [],
    examplesGone: [],
    differences: [],
    bills: [],
  };
}

function trySubject(plan: DryRunPlan, subject: DryRunSubject, tally: Tally): void {
  const { channelId } = subject.context.channel;
  const current = outcome(plan.current, plan.estimation, subject);
  const candidate = outcome(plan.candidate, plan.estimation, subject);
  tally.channels += 1;
  tally.intervals += subject.series.values.length;
  const gone = compareSide(tally, { channelId, side: "current", findings: current.findings, others: candidate.findings });
  const fresh = compareSide(tally, { channelId, side: "candidate", findings: candidate.findings, others: current.findings });
  noteDifferences(tally, channelId, gone, fresh);
  tally.billsTried += subject.bills?.length ?? 0;
  if (isSame(current.final, candidate.final)) return;
  tally.channelsChanged += 1;
  for (const bill of subject.bills ?? []) {
    const [was, is] = [new Money(bill.total(current.final)), new Money(bill.total(candidate.final))];
    if (was.eq(is)) continue;
    const { billId } = bill;
    tally.bills.push({ channelId, billId, current: was.toFixed(), candidate: is.toFixed(), difference: is.minus(was).toFixed() });
  }
}

interface SideFindings {
  readonly channelId: string;
  readonly side: Side;
  readonly findings: readonly Finding[];
  readonly others: readonly Finding[];
}

/** Counts one side's findings; returns by rule how many the other side has not. */
function compareSide(tally: Tally, { channelId, side, findings, others }: SideFindings): ReadonlyMap<string, number> {
  const known = new Set(others.map(keyOf));
  const only = new Map<string, number>();
  const examples = side === "candidate" ? tally.examples : tally.examplesGone;
  for (const finding of findings) {
    const isOnly = !known.has(keyOf(finding));
    const counts = tally.rules.get(finding.ruleId);
    if (counts !== undefined) {
      counts[side] += 1;
      if (isOnly) counts[side === "candidate" ? "onlyCandidate" : "onlyCurrent"] += 1;
    }
    if (!isOnly) continue;
    only.set(finding.ruleId, (only.get(finding.ruleId) ?? 0) + 1);
    if (examples.length < tally.examplesMax) examples.push({ channelId, finding });
  }
  return only;
}

function noteDifferences(tally: Tally, channelId: string, gone: ReadonlyMap<string, number>, fresh: ReadonlyMap<string, number>): void {
  for (const ruleId of new Set([...gone.keys(), ...fresh.keys()])) {
    if (tally.differences.length >= tally.rowsMax) tally.differencesLeftOut += 1;
    else tally.differences.push({ channelId, ruleId, onlyCurrent: gone.get(ruleId) ?? 0, onlyCandidate: fresh.get(ruleId) ?? 0 });
  }
}

function outcome(
  ruleSet: CompiledRuleSet,
  plan: EstimationPlan,
  { series, context }: DryRunSubject,
): { findings: readonly Finding[]; final: Series } {
  const verdict = validate(series, context, ruleSet);
  const marked = { ...series, qualities: markQualities(series, verdict, ruleSet) };
  // As in a review: where a rule stopped everything, nothing is guessed.
  return { findings: verdict.findings, final: verdict.terminated ? marked : estimate(marked, context, plan) };
}

function keyOf(finding: Finding): string {
  return `${finding.ruleId}/${finding.fromIndex}/${finding.toIndex}`;
}

function isSame(a: Series, b: Series): boolean {
  return a.values.every((value, index) => value === b.values[index]);
}
