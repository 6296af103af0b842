export * from "./demand.ts";
export * from "./local-days.ts";
export * from "./power-factor.ts";
export * from "./usage.ts";
export * from "./register-usage.ts";
