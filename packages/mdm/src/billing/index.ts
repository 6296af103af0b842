export * from "./best-read.ts";
export * from "./bills-bench.ts";
export * from "./continuation.ts";
export * from "./gate.ts";
export * from "./migrations/rules-and-prepay.ts";
export * from "./prepay-store.ts";
export * from "./prepay.ts";
export * from "./rebill.ts";
