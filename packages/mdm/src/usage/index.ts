export * from "./local-days.ts";
