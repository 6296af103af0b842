export type * from "./tariff.ts";
export { compileCalendar, FLAT_CALENDAR, touSlots, type CompiledCalendar } from "./tou.ts";
