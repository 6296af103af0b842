import { zoneOf } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { compileRuleSet, type Finding, type RuleSpec, type Series, type VeeContext, validate } from "../../src/vee/index.ts";

export const HOUR_MS = 3_600_000;

/** Kinds of rules for gas, water and heat: their examples are in `commodity-rules.test.ts`. */
export const COMMODITY_KINDS = [
  "leak",
  "continuousFlow",
  "burst",
  "backflow",
  "meterAlarm",
  "frost",
  "stuck",
  "supplyReturnSwapped",
  "temperatureDifference",
  "heatBalance",
] as const;

/** A run of validated values from an ISO instant. `undefined` is missing. */
export function seriesOf(
  start: string,
  intervalSeconds: number,
  values: readonly (number | undefined)[],
  quality: number = QUALITY.validated,
): Series {
  return {
    startMs: Date.parse(start),
    intervalSeconds,
    values: Float64Array.from(values, (value) => value ?? 0),
    qualities: Uint16Array.from(values, (value) => (value === undefined ? QUALITY.missing : quality)),
  };
}

/** `days` days of the same profile. */
export function repeatDays(start: string, intervalSeconds: number, day: readonly number[], days: number): Series {
  return seriesOf(start, intervalSeconds, Array.from({ length: days }, () => day).flat());
}

export function contextOf(part: Partial<VeeContext> = {}, channel: Partial<VeeContext["channel"]> = {}): VeeContext {
  return {
    zone: zoneOf("UTC"),
    ...part,
    channel: {
      channelId: "c1",
      unit: "Wh",
      scaler: 0,
      commodity: "electricity",
      kind: "energy",
      channelClass: "residential",
      source: "headend",
      multiplier: 1,
      intervalSeconds: 900,
      mayBeNegative: false,
      ...channel,
    },
  };
}

/** Runs one rule alone. */
export function runRule(series: Series, context: VeeContext, rule: Omit<RuleSpec, "id" | "severity">): readonly Finding[] {
  const ruleSet = compileRuleSet({ id: "test", version: 3, rules: [{ id: "r", severity: "issue", ...rule }] });
  return validate(series, context, ruleSet).findings;
}
