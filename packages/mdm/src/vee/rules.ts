import type { RuleKind } from "./rule-kind.ts";
import { checkMeter, energyBalance, powerFactor, reactive, siblingTotal } from "./rules/comparison.ts";
import { dayLength, duplicate, gap, intervalSize, multiplier, unit } from "./rules/completeness.ts";
import { clock, flagged, inactive, prolongedEstimation, replacement, timeShift } from "./rules/events.ts";
import { backflow, burst, continuousFlow, leak, meterAlarm } from "./rules/flow.ts";
import { highLow, limit, negative, repeated, spike, zeroRun } from "./rules/plausibility.ts";
import { registerDelta, rollover, sumCheck } from "./rules/registers.ts";
import { frost, heatBalance, stuck, supplyReturnSwapped, temperatureDifference } from "./rules/thermal.ts";

/** All kinds of rules. Names are stored in rule sets: never rename, only add. */
export const RULE_KINDS = {
  gap,
  duplicate,
  intervalSize,
  unit,
  multiplier,
  dayLength,
  negative,
  zeroRun,
  highLow,
  limit,
  spike,
  repeated,
  sumCheck,
  rollover,
  registerDelta,
  inactive,
  flagged,
  clock,
  timeShift,
  prolongedEstimation,
  replacement,
  siblingTotal,
  checkMeter,
  energyBalance,
  reactive,
  powerFactor,
  leak,
  continuousFlow,
  burst,
  backflow,
  meterAlarm,
  frost,
  stuck,
  supplyReturnSwapped,
  temperatureDifference,
  heatBalance,
} satisfies Record<string, RuleKind>;
export type RuleKindName = keyof typeof RULE_KINDS;
