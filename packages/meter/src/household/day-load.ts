import { normal, smoothNoise, uniform } from "./hash.ts";
import { fillPresence, isAway, wrapSlot } from "./presence.ts";
import { SLOTS_PER_DAY, type DayWeather, type Site } from "./site.ts";
import type { HouseholdTraits } from "./traits.ts";

/** Mean powers of the 96 quarter-hours of one local standard-time day. Scratch space: the next call overwrites it. */
export interface DayPowers {
  /** Consumption behind the meter, W. */
  readonly loadW: Float64Array;
  /** Photovoltaic generation, W. */
  readonly solarW: Float64Array;
  /** Reactive power, var; positive inductive. */
  readonly reactiveVar: Float64Array;
}

const scratch: DayPowers = {
  loadW: new Float64Array(SLOTS_PER_DAY),
  solarW: new Float64Array(SLOTS_PER_DAY),
  reactiveVar: new Float64Array(SLOTS_PER_DAY),
};
const presence = new Float64Array(SLOTS_PER_DAY);

/** One day of one household, bottom-up: what runs all the time, what people do, what the weather asks for, what the roof gives. */
export function dayPowers(site: Site, traits: HouseholdTraits, localDay: number): DayPowers {
  const weather = site.weatherOf(localDay);
  const freeDay = site.isFreeDay(localDay);
  const shift = site.isDaylightSaving(localDay) ? 4 : 0;
  scratch.reactiveVar.fill(0);
  addAlwaysOn(traits, localDay);
  if (!isAway(traits, localDay)) {
    fillPresence(presence, traits, { localDay, freeDay, shift });
    addActivity(traits, weather, localDay);
    addClimate(traits, weather, localDay);
    addMeals(traits, localDay, freeDay, shift);
    addHotWater(traits, localDay, shift);
    addWashing(traits, localDay, freeDay, shift);
    addVehicle(traits, localDay, freeDay, shift);
  }
  fillSolar(traits, weather);
  return scratch;
}

/** Standby and a compressor that cycles about hourly; standby electronics are a little capacitive. */
function addAlwaysOn({ seed, standbyW, fridgeW }: HouseholdTraits, localDay: number): void {
  const { loadW, reactiveVar } = scratch;
  const period = 3 + (seed % 4);
  const phase = uniform(seed, 42, localDay) * period;
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    const cycle = (slot + phase) % period;
    const running = cycle < 1 ? fridgeW : cycle < 2 ? fridgeW * 0.45 : 0;
    loadW[slot] = standbyW + running;
    reactiveVar[slot] = 0.55 * running - 0.3 * standbyW;
  }
}

/** Lights, screens, kettles: bursts while people are about; more when it is dark. */
function addActivity({ seed, activityW }: HouseholdTraits, weather: DayWeather, localDay: number): void {
  const { loadW, reactiveVar } = scratch;
  const mood = Math.exp(0.42 * normal(seed, 50, localDay));
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    const here = presence[slot] ?? 0;
    const dark = (weather.irradiance[slot] ?? 0) < 0.12 ? 1.3 : 1;
    const level = here * dark * mood * (1 + 0.55 * smoothNoise(seed, 51, localDay * SLOTS_PER_DAY + slot, 5));
    const u = uniform(seed, localDay, slot);
    const burst = u < 0.02 + 0.07 * here ? 300 + 26_000 * u * here : 0;
    loadW[slot] = (loadW[slot] ?? 0) + activityW * level + burst;
    reactiveVar[slot] = (reactiveVar[slot] ?? 0) - 0.06 * activityW * level;
  }
}

/** Heat pumps, heaters and air conditioning follow the temperature while somebody is there to feel it. */
function addClimate(traits: HouseholdTraits, weather: DayWeather, localDay: number): void {
  const { seed, heatingWPerK, coolingWPerK, climateW } = traits;
  if (heatingWPerK === 0 && coolingWPerK === 0) return;
  const { loadW, reactiveVar } = scratch;
  const thrift = 0.15 + 1.7 * uniform(seed, 52, localDay);
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    // Walls remember: the room feels half the hour and half the day.
    const felt = 0.5 * (weather.temperature[slot] ?? 0) + 0.5 * weather.meanTemperature;
    const wanted = felt < 15 ? (15 - felt) * heatingWPerK : felt > 24 ? (felt - 24) * coolingWPerK : 0;
    if (wanted === 0) continue;
    const here = presence[slot] ?? 0;
    const cycling = 0.55 + 0.9 * uniform(seed, 53, localDay * SLOTS_PER_DAY + slot);
    const power = Math.min(climateW, wanted * thrift * cycling * (0.2 + 0.8 * here));
    loadW[slot] = (loadW[slot] ?? 0) + power;
    reactiveVar[slot] = (reactiveVar[slot] ?? 0) + 0.28 * power;
  }
}

function addMeals(
  { seed, cookerW, occupants, wakeSlot, dinnerSlot }: HouseholdTraits,
  localDay: number,
  freeDay: boolean,
  shift: number,
): void {
  const breakfast = wakeSlot + (freeDay ? 7 : 2) - shift;
  addRun(breakfast + uniform(seed, 60, localDay) * 6, 1.5, 500 + 1_700 * uniform(seed, 61, localDay), 0);
  if (cookerW === 0) return;
  const appetite = 0.35 + 0.13 * occupants;
  if (freeDay && uniform(seed, 62, localDay) < appetite) addRun(48 - shift + 4 * uniform(seed, 63, localDay), 2, cookerW * 0.6, 0);
  if (uniform(seed, 64, localDay) < 0.2 + appetite / 2) {
    const start = dinnerSlot - shift + 4 * normal(seed, 65, localDay);
    addRun(start, 2 + 2.5 * uniform(seed, 66, localDay), cookerW * (0.5 + 0.4 * uniform(seed, 67, localDay)), 0);
  }
}

function addHotWater({ seed, hotWater, occupants, wakeSlot }: HouseholdTraits, localDay: number, shift: number): void {
  if (hotWater === "none") return;
  const slots = 1.2 + 0.9 * occupants * (0.6 + 0.8 * uniform(seed, 70, localDay));
  if (hotWater === "night") {
    addRun(8 + (seed % 8), slots, 3_600, 0);
    return;
  }
  const morning = 0.35 + 0.3 * uniform(seed, 71, localDay);
  addRun(wakeSlot + 3 - shift + 4 * normal(seed, 73, localDay), slots * morning, 3_600, 0);
  addRun(79 - shift + 7 * normal(seed, 72, localDay), slots * (1 - morning), 3_600, 0);
}

function addWashing(
  { seed, washesPerWeek, hasDryer, occupants }: HouseholdTraits,
  localDay: number,
  freeDay: boolean,
  shift: number,
): void {
  const chance = (washesPerWeek / 7) * (freeDay ? 1.2 : 0.92);
  if (uniform(seed, 80, localDay) < chance) {
    const start = (freeDay ? 40 : 66) - shift + 8 * normal(seed, 81, localDay);
    addRun(start, 1.4, 1_900, 0.05);
    addRun(start + 1.4, 3, 260, 0.6);
    if (hasDryer && uniform(seed, 82, localDay) < 0.6) addRun(start + 6, 4, 2_100, 0.1);
  }
  if (uniform(seed, 83, localDay) < 0.15 + 0.1 * occupants) addRun(82 - shift + 3 * normal(seed, 84, localDay), 3, 1_000, 0.08);
}

/** The car comes home with what it drove; it charges at once or waits for the night. */
function addVehicle(traits: HouseholdTraits, localDay: number, freeDay: boolean, shift: number): void {
  const { seed, evChargerW, evAtNight, returnSlot } = traits;
  if (evChargerW === 0 || uniform(seed, 90, localDay) > (freeDay ? 0.4 : 0.55)) return;
  const neededWh = 4_000 + 14_000 * uniform(seed, 91, localDay) ** 1.5;
  const start = evAtNight ? 4 : returnSlot + 1 + 3 * uniform(seed, 92, localDay);
  addRun(start - shift, (neededWh / evChargerW) * 4, evChargerW, 0.02);
}

function fillSolar({ solarW, solarShiftSlots }: HouseholdTraits, weather: DayWeather): void {
  const out = scratch.solarW;
  if (solarW === 0) {
    out.fill(0);
    return;
  }
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    const irradiance = weather.irradiance[slot - solarShiftSlots] ?? 0;
    out[slot] = irradiance < 0.02 ? 0 : Math.min(solarW, solarW * SYSTEM_EFFICIENCY * irradiance);
  }
}

/** Adds a run of constant power; what passes midnight runs in the same day's early hours, so that no energy is lost. */
function addRun(startSlot: number, slots: number, powerW: number, tangent: number): void {
  const { loadW, reactiveVar } = scratch;
  const bounded = slots < SLOTS_PER_DAY ? slots : SLOTS_PER_DAY;
  const end = startSlot + bounded;
  for (let slot = Math.floor(startSlot); slot < end; slot++) {
    const share = Math.min(end, slot + 1) - Math.max(startSlot, slot);
    const at = wrapSlot(slot);
    loadW[at] = (loadW[at] ?? 0) + powerW * share;
    reactiveVar[at] = (reactiveVar[at] ?? 0) + powerW * share * tangent;
  }
}

/** Inverter, wiring, dirt and heat. */
const SYSTEM_EFFICIENCY = 0.82;
