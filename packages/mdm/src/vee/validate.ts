import { packQuality, QUALITY, type QualityMethod } from "@amity/model";
import { localDays, type DaySpan } from "../usage/local-days.ts";
import type { VeeContext } from "./context.ts";
import type { Finding, Hit } from "./finding.ts";
import { isEligible, type CompiledRule, type CompiledRuleSet } from "./rule-set.ts";
import type { Series } from "./series.ts";

/** Findings of one series are cut off here: a rule that fires on everything must not fill the store. */
export const FINDINGS_MAX = 1000;

export interface Verdict {
  readonly findings: readonly Finding[];
  /** More was found than `FINDINGS_MAX`. */
  readonly truncated: boolean;
  /** A rule of severity `terminate` fired: later rules did not run and nothing of the series is accepted as validated. */
  readonly terminated: boolean;
}

/** Runs a rule set over a series. Pure: the series is not changed (see `markQualities`). */
export function validate(series: Series, context: VeeContext, ruleSet: CompiledRuleSet): Verdict {
  const findings: Finding[] = [];
  let spans: readonly DaySpan[] | undefined;
  let truncated = false;
  const days = () => (spans ??= localDays(series, context.zone));
  const input = { series, context, days };
  for (const rule of ruleSet.rules) {
    if (!isEligible(rule.spec.eligibility, context)) continue;
    const before = findings.length;
    rule.kind.check(input, rule.parameters, (hit) => {
      if (findings.length < FINDINGS_MAX) findings.push(toFinding(hit, rule, ruleSet, series));
      else truncated = true;
    });
    if (rule.spec.severity === "terminate" && findings.length > before) return { findings, truncated, terminated: true };
  }
  return { findings, truncated, terminated: false };
}

/**
 * The qualities after validation, as a new array: raw values that no rule objected to become validated, those under an
 * `issue` become failed with the rule's method. Values that were missing, estimated, edited or final keep their quality.
 */
export function markQualities(series: Series, verdict: Verdict, ruleSet: CompiledRuleSet): Uint16Array {
  const qualities = Uint16Array.from(series.qualities);
  if (!verdict.terminated) {
    for (let index = 0; index < qualities.length; index += 1) if (qualities[index] === QUALITY.raw) qualities[index] = QUALITY.validated;
  }
  const methods = new Map(ruleSet.rules.map((rule) => [rule.spec.id, rule.kind.marks]));
  for (const finding of verdict.findings) {
    if (finding.severity === "info") continue;
    const method = methods.get(finding.ruleId) ?? "none";
    if (method === "none") continue;
    const failed = failedBy(method);
    const to = Math.min(finding.toIndex, qualities.length);
    for (let index = Math.max(0, finding.fromIndex); index < to; index += 1) {
      if (qualities[index] === QUALITY.raw || qualities[index] === QUALITY.validated) qualities[index] = failed;
    }
  }
  return qualities;
}

function failedBy(method: QualityMethod): number {
  return packQuality({ source: "mdms", category: "failedValidation", method, final: false });
}

function toFinding(hit: Hit, rule: CompiledRule, ruleSet: CompiledRuleSet, series: Series): Finding {
  const stepMs = series.intervalSeconds * 1000;
  return {
    ruleId: rule.spec.id,
    kind: rule.spec.kind,
    ruleSetId: ruleSet.id,
    ruleSetVersion: ruleSet.version,
    parameters: rule.parameters,
    severity: rule.spec.severity,
    fromIndex: hit.fromIndex,
    toIndex: hit.toIndex,
    fromMs: series.startMs + hit.fromIndex * stepMs,
    toMs: series.startMs + hit.toIndex * stepMs,
    numbers: finite(hit.numbers),
    reason: hit.reason,
  };
}

/** A share of nothing is no number that a store could keep: it is left out, the reason says it in words. */
function finite(numbers: Hit["numbers"]): Hit["numbers"] {
  return Object.values(numbers).every(Number.isFinite)
    ? numbers
    : Object.fromEntries(Object.entries(numbers).filter(([, value]) => Number.isFinite(value)));
}
