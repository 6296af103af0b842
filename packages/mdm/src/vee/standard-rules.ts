import { STANDARD_ESTIMATION_PLAN } from "../estimation/plan.ts";
import type { RuleStore } from "./rule-store.ts";
import { STANDARD_RULE_SET } from "./standard-rule-set.ts";

/** Keeps the rule set and the plan that a new utility starts with, ruling from the beginning; nothing where there are any already. */
export async function keepStandardRules(rules: RuleStore, author: string): Promise<void> {
  const reason = "the rules that a new utility starts with";
  if ((await rules.versions("ruleSet", STANDARD_RULE_SET.id)).length === 0) {
    await rules.keep("ruleSet", STANDARD_RULE_SET, author);
    const { id, version } = STANDARD_RULE_SET;
    await rules.activate("ruleSet", { id, version, effectiveAtMs: 0, author, reason });
  }
  if ((await rules.versions("estimationPlan", STANDARD_ESTIMATION_PLAN.id)).length === 0) {
    await rules.keep("estimationPlan", STANDARD_ESTIMATION_PLAN, author);
    const { id, version } = STANDARD_ESTIMATION_PLAN;
    await rules.activate("estimationPlan", { id, version, effectiveAtMs: 0, author, reason });
  }
}
