import { UsageError } from "@amity/bytes";
import type { VeeContext } from "./context.ts";
import type { Parameters, Severity } from "./finding.ts";
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

/** What is wrong in a rule set, and where: `pointer` is a JSON pointer into it. */
export interface RuleSetFault {
  readonly pointer: string;
  readonly detail: string;
}

/**
 * Checks a rule set and completes its parameters.
 * @throws UsageError naming the rule and parameter that is unknown, doubled or of the wrong type (the first of `faultsOf`).
 */
export function compileRuleSet(ruleSet: RuleSet): CompiledRuleSet {
  const [fault] = faultsOf(ruleSet);
  if (fault !== undefined)
    throw new UsageError(`rule set ${ruleSet.id} v${ruleSet.version}: ${fault.detail}`, { code: "rule-set-invalid" });
  const rules = ruleSet.rules.filter((rule) => rule.enabled !== false).map(compileRule);
  return { id: ruleSet.id, version: ruleSet.version, rules: rules.toSorted((a, b) => (a.spec.order ?? 0) - (b.spec.order ?? 0)) };
}

/** Everything that is wrong in a rule set, the rules that are switched off included; empty where it compiles. */
export function faultsOf(ruleSet: RuleSet): readonly RuleSetFault[] {
  const faults: RuleSetFault[] = [];
  if (!Number.isInteger(ruleSet.version) || ruleSet.version < 1)
    faults.push({ pointer: "/version", detail: "version must be a positive integer" });
  if (ruleSet.rules.length > RULES_MAX) return [...faults, { pointer: "/rules", detail: `more than ${RULES_MAX} rules` }];
  const seen = new Set<string>();
  for (const [index, spec] of ruleSet.rules.entries()) {
    const pointer = `/rules/${index}`;
    if (seen.has(spec.id)) faults.push({ pointer: `${pointer}/id`, detail: `rule id ${spec.id} occurs twice` });
    seen.add(spec.id);
    faults.push(...ruleFaults(spec, pointer));
  }
  return faults;
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

function kindOf(name: string): RuleKind | undefined {
  return Object.hasOwn(RULE_KINDS, name) ? RULE_KINDS[name as RuleKindName] : undefined;
}

function ruleFaults(spec: RuleSpec, pointer: string): readonly RuleSetFault[] {
  const kind = kindOf(spec.kind);
  if (kind === undefined) return [{ pointer: `${pointer}/kind`, detail: `rule ${spec.id} has unknown kind ${String(spec.kind)}` }];
  return Object.entries(spec.parameters ?? {}).flatMap(([name, value]): RuleSetFault[] => {
    const at = `${pointer}/parameters/${name}`;
    const standard = kind.defaults[name];
    if (standard === undefined)
      return [
        { pointer: at, detail: `rule ${spec.id} has no parameter ${name} (it has ${Object.keys(kind.defaults).join(", ") || "none"})` },
      ];
    if (typeof value !== typeof standard || Array.isArray(value) !== Array.isArray(standard))
      return [
        { pointer: at, detail: `rule ${spec.id} parameter ${name} must be ${Array.isArray(standard) ? "a list" : `a ${typeof standard}`}` },
      ];
    if (typeof value === "number" && !Number.isFinite(value))
      return [{ pointer: at, detail: `rule ${spec.id} parameter ${name} must be finite` }];
    return [];
  });
}

/** A rule without faults, complete. */
function compileRule(spec: RuleSpec): CompiledRule {
  const kind = RULE_KINDS[spec.kind];
  return { spec, kind, parameters: { ...(kind.defaults as Parameters), ...spec.parameters } };
}
