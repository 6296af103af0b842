export * from "./losses.ts";
export * from "./topology.ts";
