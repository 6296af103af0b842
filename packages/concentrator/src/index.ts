export * from "./coverage.ts";
export * from "./retry-policy.ts";
export * from "./semaphore.ts";
export * from "./visit-schedule.ts";
