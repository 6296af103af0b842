export * from "./link/manufacturer.ts";
export * from "./link/device-type.ts";
export * from "./link/address.ts";
export * from "./application/value-info.ts";
export * from "./application/record.ts";
