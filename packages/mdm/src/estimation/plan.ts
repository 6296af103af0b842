import { UsageError } from "@amity/bytes";
import type { Parameters, ParameterValue } from "../vee/finding.ts";
import type { Eligibility } from "../vee/rule-set.ts";
import { degreeDays } from "./degree-days.ts";
import type { Estimator } from "./estimator.ts";
import { linear } from "./linear.ts";
import { averageDailyLoad, checkMeterEstimate, classProfile } from "./proportional.ts";
import { likeDay, weatherProxy } from "./reference-days.ts";

/** All ways to estimate. Names are stored in plans: never rename, only add. */
export const ESTIMATORS = {
  linear,
  checkMeter: checkMeterEstimate,
  likeDay,
  weatherProxy,
  classProfile,
  averageDailyLoad,
  degreeDays,
} satisfies Record<string, Estimator>;
export type EstimatorName = keyof typeof ESTIMATORS;

export interface EstimationStep {
  readonly kind: EstimatorName;
  readonly parameters?: Parameters;
  readonly eligibility?: Eligibility;
}

/** A chain of estimators as versioned data; the first that applies fills the hole. */
export interface EstimationPlan {
  readonly id: string;
  readonly version: number;
  readonly steps: readonly EstimationStep[];
  /** Scale estimates so that they add up to the registers around them. */
  readonly scaleToRegisters: boolean;
  /** Allow a scale factor below zero (off in every rule book read). */
  readonly negativeScaling?: boolean;
}

/** Linear up to 2 h, check meter; gas and heat by degree days; like days, weather, class, average daily load; scaled to the registers. */
export const STANDARD_ESTIMATION_PLAN: EstimationPlan = {
  id: "standard",
  version: 2,
  steps: [
    { kind: "linear" },
    { kind: "checkMeter" },
    { kind: "degreeDays", eligibility: { commodities: ["gas", "heat"] } },
    { kind: "likeDay" },
    { kind: "weatherProxy" },
    { kind: "classProfile" },
    { kind: "averageDailyLoad" },
  ],
  scaleToRegisters: true,
};

export interface CompiledStep {
  readonly step: EstimationStep;
  readonly estimator: Estimator;
  readonly parameters: Parameters;
}

/** Completes a plan's parameters. @throws UsageError naming what is unknown or of the wrong type. */
export function compilePlan(plan: EstimationPlan): readonly CompiledStep[] {
  return plan.steps.map((step) => {
    const at = `estimation plan ${plan.id} v${plan.version}, ${step.kind}`;
    const found: Estimator | undefined = Object.hasOwn(ESTIMATORS, step.kind) ? ESTIMATORS[step.kind] : undefined;
    if (found === undefined) throw new UsageError(`${at}: unknown estimator`, { code: "estimation-plan-invalid" });
    const parameters: Record<string, ParameterValue> = { ...found.defaults };
    for (const [name, value] of Object.entries(step.parameters ?? {})) {
      const standard = found.defaults[name];
      if (standard === undefined || typeof standard !== typeof value)
        throw new UsageError(`${at}: parameter ${name} is unknown or of the wrong type`, { code: "estimation-plan-invalid" });
      parameters[name] = value;
    }
    return { step, estimator: found, parameters };
  });
}
