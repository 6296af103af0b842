import type {
  Page,
  PageQuery,
  Rule,
  RuleActivation,
  RuleKindInfo,
  RuleParameter,
  RuleSetDetail,
  RuleSetDraft,
  RuleSetSummary,
} from "@amity/api";
import { UsageError } from "@amity/bytes";
import { faultsOf, RULE_KINDS, type RuleSet, type RuleSpec } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { pageOfList, type AnalysisParts } from "./analysis-parts.ts";
import { activate, versionsOf } from "./rule-version-views.ts";

export async function ruleSetsOf(parts: AnalysisParts, query: PageQuery): Promise<Page<RuleSetSummary>> {
  const ids = await parts.mdm.rules.ids("ruleSet");
  const summaries = await Promise.all(ids.map(async (id) => ({ id, versions: await versionsOf(parts, "ruleSet", id) })));
  return pageOfList(summaries, query);
}

export async function ruleSetOf(parts: AnalysisParts, id: string, version: number): Promise<RuleSetDetail | undefined> {
  const [document, versions] = await Promise.all([parts.mdm.rules.find("ruleSet", id, version), versionsOf(parts, "ruleSet", id)]);
  const about = versions.find((one) => one.version === version);
  if (document === undefined || about === undefined) return undefined;
  return {
    id,
    about: { ...about, ...(document.description === undefined ? {} : { description: document.description }) },
    rules: document.rules.toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0)).map(ruleShape),
    kinds: KINDS,
  };
}

/** Keeps the next version of a set as a draft. */
export async function draftRuleSet(
  parts: AnalysisParts,
  id: string,
  draft: RuleSetDraft,
  by: Principal,
): Promise<WriteOutcome<RuleSetDetail>> {
  const { rules } = parts.mdm;
  const versions = await rules.versions("ruleSet", id);
  if (versions.length === 0) return { kind: "not-found" };
  const version = Math.max(...versions.map((one) => one.version)) + 1;
  // A kind that does not exist is one of the faults.
  const document = {
    id,
    version,
    ...(draft.description === undefined ? {} : { description: draft.description }),
    rules: draft.rules as readonly RuleSpec[],
  } satisfies RuleSet;
  const errors = faultsOf(document);
  if (errors.length > 0) return { kind: "invalid", detail: "The rule set does not compile.", errors };
  try {
    await rules.keep("ruleSet", document, by.user);
  } catch (error) {
    if (error instanceof UsageError && error.code === "rules-changed")
      return { kind: "conflict", detail: `Somebody else kept version ${version} in between: look at it and try again.` };
    throw error;
  }
  const kept = await ruleSetOf(parts, id, version);
  return kept === undefined ? { kind: "not-found" } : { kind: "done", value: kept };
}

export async function activateRuleSet(
  parts: AnalysisParts,
  what: { id: string; version: number },
  activation: RuleActivation,
  by: Principal,
): Promise<WriteOutcome<RuleSetDetail>> {
  if ((await parts.mdm.rules.find("ruleSet", what.id, what.version)) === undefined) return { kind: "not-found" };
  await activate(parts, "ruleSet", { ...what, ...activation, author: by.user });
  const kept = await ruleSetOf(parts, what.id, what.version);
  return kept === undefined ? { kind: "not-found" } : { kind: "done", value: kept };
}

const KINDS: RuleKindInfo[] = Object.entries(RULE_KINDS).map(([kind, { summary, defaults }]) => ({
  kind,
  summary,
  defaults: parametersShape(defaults),
}));

function ruleShape({ id, kind, severity, order, enabled, parameters, eligibility }: RuleSpec): Rule {
  return {
    id,
    kind,
    severity,
    ...(order === undefined ? {} : { order }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(parameters === undefined ? {} : { parameters: parametersShape(parameters) }),
    ...(eligibility === undefined
      ? {}
      : { eligibility: Object.fromEntries(Object.entries(eligibility).map(([name, list]) => [name, [...list]])) }),
  };
}

/** A copy that may be changed, as the schema has it. */
export function parametersShape(
  parameters: Readonly<Record<string, number | string | boolean | readonly string[]>>,
): Record<string, RuleParameter> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, typeof value === "object" ? [...value] : value]));
}
