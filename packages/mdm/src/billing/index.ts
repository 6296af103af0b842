export * from "./best-read.ts";
export * from "./gate.ts";
export * from "./prepay.ts";
export * from "./rebill.ts";
