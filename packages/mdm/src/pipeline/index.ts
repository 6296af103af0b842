export { activeIntervalChannels, channelsById, factsOf } from "./channels.ts";
export { spansOfEvents } from "./event-spans.ts";
export * from "./exception-queue.ts";
export { reviewDays, type ChannelDay, type ReviewParts, type ReviewSummary } from "./review.ts";
export { ReviewQueue, type ReviewQueueOptions } from "./review-queue.ts";
export * from "./billing.ts";
export { residentialTimeOfUse } from "./residential-tariff.ts";
export { readUsage, type UsageAsk } from "./usage-reader.ts";
export { usageTotals, type UsageTotals } from "./usage-totals.ts";
