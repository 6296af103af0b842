export * from "./aes.ts";
export * from "./certificate.ts";
export * from "./aes-context.ts";
export * from "./gcm.ts";
export * from "./digest.ts";
export * from "./elliptic.ts";
export * from "./key-wrap.ts";
export * from "./password.ts";
