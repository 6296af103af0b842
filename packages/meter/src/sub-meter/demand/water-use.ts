import { normal, uniform } from "../../household/hash.ts";
import { fillPresence, isAway, wrapSlot } from "../../household/presence.ts";
import { SLOTS_PER_DAY, type Site } from "../../household/site.ts";
import type { HouseholdTraits } from "../../household/traits.ts";

/** Litres drawn in each quarter-hour of a local standard-time day. Scratch space: the next call overwrites it. */
export interface WaterUse {
  readonly coldLitres: Float64Array;
  /** At 60 °C: warmed by whatever warms the home's water. */
  readonly hotLitres: Float64Array;
  /** How many were about (see `fillPresence`); nought all day where nobody was there. */
  readonly presence: Float64Array;
  readonly isAway: boolean;
}

const scratch = {
  coldLitres: new Float64Array(SLOTS_PER_DAY),
  hotLitres: new Float64Array(SLOTS_PER_DAY),
  presence: new Float64Array(SLOTS_PER_DAY),
};

/**
 * What a household draws on a day, event by event: flushes, taps, showers, baths, machines, garden. Between events nothing flows, so that a
 * leak shows as it does in the field: a night without rest.
 */
export function waterUse(site: Site, traits: HouseholdTraits, localDay: number): WaterUse {
  const day = { localDay, freeDay: site.isFreeDay(localDay), shift: site.isDaylightSaving(localDay) ? 4 : 0 };
  scratch.coldLitres.fill(0);
  scratch.hotLitres.fill(0);
  scratch.presence.fill(0);
  if (isAway(traits, localDay)) return { ...scratch, isAway: true };
  fillPresence(scratch.presence, traits, day);
  addFlushesAndTaps(traits, localDay);
  addShowers(traits, day);
  addMachines(traits, day);
  addGarden(site, traits, localDay);
  return { ...scratch, isAway: false };
}

function addFlushesAndTaps({ seed, occupants }: HouseholdTraits, localDay: number): void {
  const cistern = 4.5 + 3 * uniform(seed, 301, 0);
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    const here = scratch.presence[slot] ?? 0;
    const isAwake = here > 0.5;
    const chance = isAwake ? 1 : here > 0.2 ? 0.11 : 0.05;
    if (uniform(seed ^ FLUSHES, localDay, slot) < occupants * 0.1 * chance) draw(slot, cistern, 0);
    const u = uniform(seed ^ TAPS, localDay, slot);
    const limit = occupants * 0.2 * chance;
    // What is left of the draw says how much.
    if (u < limit) draw(slot, 0.4 + (4.6 * u) / limit, 0.45);
  }
}

function addShowers({ seed, occupants, wakeSlot }: HouseholdTraits, { localDay, shift }: { localDay: number; shift: number }): void {
  for (let person = 0; person < occupants; person++) {
    const u = uniform(seed, 310 + person, localDay);
    if (u > 0.85) continue;
    const inMorning = uniform(seed, 320 + person, 0) < 0.62;
    const slot = inMorning ? wakeSlot + 1 + person + normal(seed, 330 + person, localDay) : 80 + 5 * normal(seed, 330 + person, localDay);
    // A bath now and then, showers of four to ten minutes else.
    const litres = u < 0.06 ? 110 + 50 * uniform(seed, 340 + person, localDay) : 30 + 55 * uniform(seed, 340 + person, localDay);
    draw(Math.round(slot) - shift, litres, 0.58);
  }
}

/** At the times at which the electricity meter sees the same machines. */
function addMachines(
  { seed, occupants, washesPerWeek }: HouseholdTraits,
  { localDay, freeDay, shift }: { localDay: number; freeDay: boolean; shift: number },
): void {
  if (uniform(seed, 80, localDay) < (washesPerWeek / 7) * (freeDay ? 1.2 : 0.92)) {
    const start = Math.round((freeDay ? 40 : 66) - shift + 8 * normal(seed, 81, localDay));
    draw(start, 18, 0);
    draw(start + 2, 32, 0);
  }
  if (uniform(seed, 83, localDay) < 0.15 + 0.1 * occupants) draw(Math.round(82 - shift + 3 * normal(seed, 84, localDay)), 11, 0);
}

/** Warm days send some of the homes into the garden with a hose. */
function addGarden(site: Site, { seed }: HouseholdTraits, localDay: number): void {
  if (uniform(seed, 350, 0) > 0.6) return;
  const { meanTemperature } = site.weatherOf(localDay);
  if (uniform(seed, 351, localDay) > Math.min(0.75, (meanTemperature - 15) / 8)) return;
  const litres = 200 + 620 * uniform(seed, 352, localDay);
  const start = 73 + Math.round(3 * normal(seed, 353, localDay));
  for (let slot = 0; slot < 3; slot++) draw(start + slot, litres / 3, 0);
}

function draw(slot: number, litres: number, hotShare: number): void {
  const at = wrapSlot(slot);
  scratch.coldLitres[at] = (scratch.coldLitres[at] ?? 0) + litres * (1 - hotShare);
  scratch.hotLitres[at] = (scratch.hotLitres[at] ?? 0) + litres * hotShare;
}

const FLUSHES = 0x3b1f;
const TAPS = 0x51c7;
