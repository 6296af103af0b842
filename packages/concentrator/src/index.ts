export * from "./cosem-time.ts";
export * from "./coverage.ts";
export * from "./delivery.ts";
export * from "./delivery-client.ts";
export * from "./profile-description.ts";
export * from "./retry-policy.ts";
export * from "./semaphore.ts";
export * from "./visit-schedule.ts";
