export * from "./local-days.ts";
export * from "./local-time.ts";
