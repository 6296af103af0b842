import { UsageError } from "@amity/bytes";
import type { VeeContext } from "./context.ts";
import type { Parameters, ParameterValue, Severity } from "./finding.ts";
import { RULE_KINDS, type RuleKindName } from "./rules.ts";
import type { RuleKind } from "./rule-kind.ts";

/** Which channels a rule judges; an absent list lets all pass. */
export interface Eligibility {
  readonly channelClasses?: readonly string[];
  readonly sources?: readonly string[];
  readonly kinds?: readonly string[];
  readonly commodities?: readonly string[];
}

/** A rule as data. */
export interface RuleSpec {
  /** Unique in its set; findings carry it. */
  readonly id: string;
  readonly kind: RuleKindName;
  readonly severity: Severity;
  /** Lower runs first; equal keeps the written order. */
  readonly order?: number;
  readonly parameters?: Parameters;
  readonly eligibility?: Eligibility;
  readonly enabled?: boolean;
}

/** A rule set as versioned data: a stored version never changes, a change is the next version. */
export interface RuleSet {
  readonly id: string;
  readonly version: number;
  readonly description?: string;
  readonly rules: readonly RuleSpec[];
}

export interface CompiledRule {
  readonly spec: RuleSpec;
  readonly kind: RuleKind;
  /** Defaults and the set's own parameters, complete. */
  readonly parameters: Parameters;
}

export interface CompiledRuleSet {
  readonly id: string;
  readonly version: number;
  readonly rules: readonly CompiledRule[];
}

/** No more rules than this in one set. */
export const RULES_MAX = 200;

/**
 * Checks a rule set and completes its parameters.
 * @throws UsageError naming the rule and parameter that is unknown, doubled or of the wrong type.
 */
export function compileRuleSet(ruleSet: RuleSet): CompiledRuleSet {
  const at = `rule set ${ruleSet.id} v${ruleSet.version}`;
  if (!Number.isInteger(ruleSet.version) || ruleSet.version < 1) throw refuse(`${at}: version must be a positive integer`);
  if (ruleSet.rules.length > RULES_MAX) throw refuse(`${at}: more than ${RULES_MAX} rules`);
  const seen = new Set<string>();
  const rules = ruleSet.rules
    .filter((rule) => rule.enabled !== false)
    .map((spec) => {
      if (seen.has(spec.id)) throw refuse(`${at}: rule id ${spec.id} occurs twice`);
      seen.add(spec.id);
      return compileRule(spec, at);
    });
  return { id: ruleSet.id, version: ruleSet.version, rules: rules.toSorted((a, b) => (a.spec.order ?? 0) - (b.spec.order ?? 0)) };
}

/** Whether a rule judges this channel. */
export function isEligible(eligibility: Eligibility | undefined, context: VeeContext): boolean {
  if (eligibility === undefined) return true;
  const { channel } = context;
  const passes = (allowed: readonly string[] | undefined, actual: string) => allowed === undefined || allowed.includes(actual);
  return (
    passes(eligibility.channelClasses, channel.channelClass) &&
    passes(eligibility.sources, channel.source) &&
    passes(eligibility.kinds, channel.kind) &&
    passes(eligibility.commodities, channel.commodity)
  );
}

function compileRule(spec: RuleSpec, at: string): CompiledRule {
  const kind: RuleKind | undefined = Object.hasOwn(RULE_KINDS, spec.kind) ? RULE_KINDS[spec.kind] : undefined;
  if (kind === undefined) throw refuse(`${at}: rule ${spec.id} has unknown kind ${String(spec.kind)}`);
  const parameters: Record<string, ParameterValue> = { ...kind.defaults };
  for (const [name, value] of Object.entries(spec.parameters ?? {})) {
    const standard = kind.defaults[name];
    if (standard === undefined)
      throw refuse(`${at}: rule ${spec.id} has no parameter ${name} (it has ${Object.keys(kind.defaults).join(", ") || "none"})`);
    if (typeof value !== typeof standard) throw refuse(`${at}: rule ${spec.id} parameter ${name} must be a ${typeof standard}`);
    if (typeof value === "number" && !Number.isFinite(value)) throw refuse(`${at}: rule ${spec.id} parameter ${name} must be finite`);
    parameters[name] = value;
  }
  return { spec, kind, parameters };
}

function refuse(message: string): UsageError {
  return new UsageError(message, { code: "rule-set-invalid" });
}
