export * from "./aggregate.ts";
export * from "./balance.ts";
export * from "./transformer.ts";
export * from "./unaccounted.ts";
