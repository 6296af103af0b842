export * from "./block-codec.ts";
export * from "./block-span.ts";
export * from "./calendar.ts";
export * from "./interval-block.ts";
export * from "./register-advance.ts";
export * from "./zone.ts";
