export * from "./controls.ts";
export * from "./events.ts";
export * from "./identity.ts";
export * from "./metered-quantity.ts";
export * from "./quality.ts";
export * from "./reading-type.ts";
export * from "./readings.ts";
