export * from "./driver.ts";
export type * from "./head-end.ts";
export * from "./invocation-counters.ts";
export * from "./key-vault.ts";
export { memoryRegistry } from "./memory-registry.ts";
export type * from "./notices.ts";
export type * from "./read-models.ts";
export type * from "./registry.ts";
export type * from "./session-trace.ts";
