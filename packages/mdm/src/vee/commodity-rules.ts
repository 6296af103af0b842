import type { RuleSpec } from "./rule-set.ts";

const gas = { commodities: ["gas"] };
const water = { commodities: ["water"] };
const heat = { commodities: ["heat"], kinds: ["energy"] };

/**
 * Gas: nothing may run back or exceed a household meter of size G6 (10 m3/h); what never stops or stands in the cold is looked at. A pilot
 * flame draws some 10 litres an hour and is no leak.
 */
export const GAS_RULES: readonly RuleSpec[] = [
  { id: "gas-backflow", kind: "backflow", severity: "issue", order: 80, eligibility: gas },
  { id: "gas-limit", kind: "limit", severity: "issue", order: 81, parameters: { maximumInUnitPerHour: 10 }, eligibility: gas },
  { id: "gas-leak", kind: "leak", severity: "issue", order: 82, parameters: { zeroInUnitPerHour: 0.02 }, eligibility: gas },
  { id: "gas-stuck", kind: "stuck", severity: "issue", order: 83, eligibility: gas },
  { id: "gas-alarm", kind: "meterAlarm", severity: "issue", order: 84, eligibility: gas },
];

/** Water: a household meter Q3 4 carries 5 m3/h at most; less than 1 litre an hour is nothing. */
export const WATER_RULES: readonly RuleSpec[] = [
  { id: "water-backflow", kind: "backflow", severity: "issue", order: 80, eligibility: water },
  { id: "water-limit", kind: "limit", severity: "issue", order: 81, parameters: { maximumInUnitPerHour: 5 }, eligibility: water },
  { id: "water-burst", kind: "burst", severity: "issue", order: 82, eligibility: water },
  { id: "water-leak", kind: "leak", severity: "issue", order: 83, parameters: { zeroInUnitPerHour: 0.001 }, eligibility: water },
  {
    id: "water-continuous-flow",
    kind: "continuousFlow",
    severity: "info",
    order: 84,
    parameters: { zeroInUnitPerHour: 0.001 },
    eligibility: water,
  },
  { id: "water-frost", kind: "frost", severity: "issue", order: 85, eligibility: water },
  { id: "water-alarm", kind: "meterAlarm", severity: "issue", order: 86, eligibility: water },
  {
    id: "water-zero-run",
    kind: "zeroRun",
    severity: "info",
    order: 87,
    parameters: { minimumHours: 720 },
    eligibility: water,
  },
];

/** Heat: energy against water and temperatures, a household's station up to 60 kW. */
export const HEAT_RULES: readonly RuleSpec[] = [
  { id: "heat-backflow", kind: "backflow", severity: "issue", order: 80, eligibility: { commodities: ["heat"] } },
  { id: "heat-swapped", kind: "supplyReturnSwapped", severity: "issue", order: 82, eligibility: heat },
  { id: "heat-difference", kind: "temperatureDifference", severity: "info", order: 83, eligibility: heat },
  { id: "heat-balance", kind: "heatBalance", severity: "issue", order: 84, eligibility: heat },
  { id: "heat-stuck", kind: "stuck", severity: "issue", order: 85, eligibility: heat },
  { id: "heat-frost", kind: "frost", severity: "issue", order: 86, eligibility: heat },
  { id: "heat-alarm", kind: "meterAlarm", severity: "issue", order: 87, eligibility: heat },
];
