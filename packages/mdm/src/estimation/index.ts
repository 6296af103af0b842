export * from "./back-test.ts";
export * from "./recommend.ts";
export * from "./estimate.ts";
export { monthlyEstimate, type MonthlyEstimate, type MonthlyEstimateInput } from "./monthly.ts";
export type { Estimated, Estimator, EstimatorInput, Hole, NotApplicable } from "./estimator.ts";
export {
  ESTIMATORS,
  STANDARD_ESTIMATION_PLAN,
  compilePlan,
  type CompiledStep,
  type EstimationPlan,
  type EstimationStep,
  type EstimatorName,
} from "./plan.ts";
export { scaleToRegisters, type Scaling } from "./scale.ts";
export { referenceDays, sameLocalTime, timelineOf, type ReferenceDay } from "./timeline.ts";
