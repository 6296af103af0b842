import type { EstimationPlan } from "../estimation/plan.ts";
import { compileRuleSet, type CompiledRuleSet } from "./rule-set.ts";
import type { KeptActivation, RuleDocumentKind, RuleStore } from "./rule-store.ts";

/** What a day of data is judged and filled by. */
export interface Rules {
  readonly ruleSet: CompiledRuleSet;
  readonly plan: EstimationPlan;
}

/** Which rules hold for which day of data. */
export interface RulesInForce {
  /** The rules of each of these instants, in the order asked; those given at the making where nothing was activated. */
  forInstants(instantsMs: readonly number[]): Promise<readonly Rules[]>;
}

/** Compiled versions kept in memory. */
const KEPT_MAX = 50;

/**
 * The rule set and the plan of an identifier as their activations say, asked anew each time: what another process activates
 * holds here at once. A day of data keeps the rules of its date however late it is reviewed.
 */
export function createRulesInForce(store: RuleStore, id: string, before: Rules): RulesInForce {
  const compiled = new Map<number, CompiledRuleSet>();
  const plans = new Map<number, EstimationPlan>();
  const ruleSetOf = async (version: number): Promise<CompiledRuleSet> =>
    remembered(compiled, version, async () => {
      const document = await store.find("ruleSet", id, version);
      return document === undefined ? before.ruleSet : compileRuleSet(document);
    });
  const planOf = async (version: number): Promise<EstimationPlan> =>
    remembered(plans, version, async () => (await store.find("estimationPlan", id, version)) ?? before.plan);
  const versionsAt = async (kind: RuleDocumentKind, instantsMs: readonly number[]): Promise<(number | undefined)[]> => {
    const activations = await store.activations(kind, id);
    return instantsMs.map((atMs) => rulingAt(activations, atMs));
  };
  return {
    async forInstants(instantsMs) {
      const [sets, chains] = await Promise.all([versionsAt("ruleSet", instantsMs), versionsAt("estimationPlan", instantsMs)]);
      return Promise.all(
        instantsMs.map(async (_, index): Promise<Rules> => {
          const [set, chain] = [sets[index], chains[index]];
          return {
            ruleSet: set === undefined ? before.ruleSet : await ruleSetOf(set),
            plan: chain === undefined ? before.plan : await planOf(chain),
          };
        }),
      );
    },
  };
}

/** The version that rules at an instant: of the latest beginning, the last word. `activations` in the order of their word. */
export function rulingAt(activations: readonly KeptActivation[], atMs: number): number | undefined {
  let ruling: KeptActivation | undefined;
  for (const activation of activations) {
    if (activation.effectiveAtMs > atMs) continue;
    if (ruling === undefined || activation.effectiveAtMs >= ruling.effectiveAtMs) ruling = activation;
  }
  return ruling?.version;
}

async function remembered<T>(kept: Map<number, T>, version: number, find: () => Promise<T>): Promise<T> {
  const known = kept.get(version);
  if (known !== undefined) return known;
  const found = await find();
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(version, found);
  return found;
}
