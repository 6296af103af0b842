export * from "./unaccounted.ts";
export * from "./transformer.ts";
