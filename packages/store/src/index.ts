export { CopyRow } from "./copy-row.ts";
export * from "./copy-reader.ts";
export * from "./embedded/embedded-postgres.ts";
export * from "./leases.ts";
export * from "./migrations.ts";
export * from "./open-store.ts";
export * from "./pg-store.ts";
export { isUniqueViolation } from "./sql-error.ts";
export * from "./store.ts";
