export * from "./fleet.ts";
export * from "./keys.ts";
export { CLIMATES, Site, type Climate, type ClimateName, type SiteOptions } from "./household/site.ts";
export { drawTraits, type HouseholdChoices, type HouseholdTraits } from "./household/traits.ts";
export { DayCache, EnergyHistory, REGISTER_COUNT, type Registers } from "./household/energy.ts";
