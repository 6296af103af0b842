export * from "./link-station.ts";
export type * from "./logical-link.ts";
export * from "./medium.ts";
export { createMedium } from "./shared-medium.ts";
