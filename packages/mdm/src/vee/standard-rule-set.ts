import { GAS_RULES, HEAT_RULES, WATER_RULES } from "./commodity-rules.ts";
import type { RuleSet } from "./rule-set.ts";

const electricity = { commodities: ["electricity"] };

/**
 * The rule set a new utility starts with. Spike ratio, clock tolerance and the day-length rule follow the California
 * VEE standard as quoted by vendors; treat every number as a proposal to be confirmed against your regulator's text.
 * Version 2 adds gas, water and heat, and keeps to electricity what only fits there.
 */
export const STANDARD_RULE_SET: RuleSet = {
  id: "standard",
  version: 2,
  description:
    "Starting point: California-style interval rules for electricity, leaks, backflow, frost and heat balance for the other media",
  rules: [
    { id: "unit", kind: "unit", severity: "terminate", order: 0 },
    { id: "interval-size", kind: "intervalSize", severity: "terminate", order: 1 },
    { id: "multiplier", kind: "multiplier", severity: "issue", order: 2 },
    { id: "gap", kind: "gap", severity: "issue", order: 10 },
    { id: "duplicate", kind: "duplicate", severity: "issue", order: 11 },
    { id: "day-length", kind: "dayLength", severity: "issue", order: 12 },
    { id: "flagged", kind: "flagged", severity: "info", order: 13 },
    { id: "clock", kind: "clock", severity: "issue", order: 14 },
    { id: "negative", kind: "negative", severity: "issue", order: 20, eligibility: electricity },
    { id: "limit", kind: "limit", severity: "issue", order: 21, eligibility: electricity },
    {
      id: "spike",
      kind: "spike",
      severity: "issue",
      order: 22,
      parameters: { ratio: 1.8, minimumInUnit: 2000 },
      // Short draws of hot water are spikes of heat, and nothing is wrong with them.
      eligibility: { ...electricity, kinds: ["energy"], channelClasses: ["commercial", "industrial", "transformer"] },
    },
    { id: "zero-run", kind: "zeroRun", severity: "info", order: 23, eligibility: electricity },
    { id: "repeated", kind: "repeated", severity: "info", order: 24, parameters: { ignoreBelowInUnit: 50 }, eligibility: electricity },
    { id: "sum-check", kind: "sumCheck", severity: "issue", order: 30 },
    { id: "rollover", kind: "rollover", severity: "issue", order: 31 },
    { id: "inactive", kind: "inactive", severity: "issue", order: 40 },
    { id: "high-low", kind: "highLow", severity: "info", order: 50, eligibility: electricity },
    { id: "time-shift", kind: "timeShift", severity: "info", order: 51, eligibility: electricity },
    { id: "siblings", kind: "siblingTotal", severity: "issue", order: 60 },
    { id: "check-meter", kind: "checkMeter", severity: "issue", order: 61 },
    { id: "reactive", kind: "reactive", severity: "info", order: 62 },
    { id: "power-factor", kind: "powerFactor", severity: "info", order: 63 },
    {
      id: "energy-balance",
      kind: "energyBalance",
      severity: "issue",
      order: 64,
      eligibility: { channelClasses: ["transformer", "feeder"] },
    },
    { id: "replacement", kind: "replacement", severity: "info", order: 70 },
    { id: "prolonged-estimation", kind: "prolongedEstimation", severity: "issue", order: 71 },
    ...GAS_RULES,
    ...WATER_RULES,
    ...HEAT_RULES,
  ],
};
