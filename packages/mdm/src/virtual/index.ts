export * from "./virtual-channel.ts";
export * from "./virtual-store.ts";
