export type * from "./tariff.ts";
export { compileCalendar, FLAT_CALENDAR, touSlots, type CompiledCalendar } from "./tou.ts";
export { parseTariff } from "./parse-tariff.ts";
export { tariffFromUrdb, type UrdbImport, type UrdbOptions } from "./urdb.ts";
