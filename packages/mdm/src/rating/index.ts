export * from "./bill.ts";
export { Money, roundBy } from "./money.ts";
export { prepareTariff, rate, type ReadyTariff } from "./rate.ts";
export { splitTiers, type TierPortion, type TierScale } from "./tiers.ts";
export { intervalsBehind, type TracedInterval } from "./trace.ts";
