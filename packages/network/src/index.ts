export * from "./logical-link.ts";
export * from "./medium.ts";
