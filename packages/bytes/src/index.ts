export * from "./ber.ts";
export * from "./byte-reader.ts";
export * from "./byte-writer.ts";
export * from "./codec.ts";
export * from "./crc.ts";
export * from "./errors.ts";
export * from "./held-octets.ts";
export * from "./hex.ts";
