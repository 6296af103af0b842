import { normal, uniform } from "./hash.ts";
import { SLOTS_PER_DAY } from "./site.ts";
import type { HouseholdTraits } from "./traits.ts";

/** A local day as its people see it. */
export interface PeopleDay {
  readonly localDay: number;
  /** No work, no school. */
  readonly freeDay: boolean;
  /** Quarter-hours by which everything happens earlier by standard time: daylight saving. */
  readonly shift: number;
}

/** Whether nobody is there that day: weeks of holiday, single days. */
export function isAway(traits: HouseholdTraits, localDay: number): boolean {
  const week = Math.floor((localDay + 3) / 7);
  return uniform(traits.seed, 40, week) < traits.awayShare || uniform(traits.seed, 41, localDay) < 0.02;
}

/** How many are about in each of the 96 quarter-hours: 0 nobody, 0.28 asleep, up to 1 all awake at home. */
export function fillPresence(presence: Float64Array, traits: HouseholdTraits, { localDay, freeDay, shift }: PeopleDay): void {
  const { seed } = traits;
  presence.fill(0.28);
  const lateness = freeDay ? 5 : 0;
  const wake = traits.wakeSlot + lateness + Math.round(3 * normal(seed, 43, localDay));
  const sleep = traits.sleepSlot + (freeDay ? 2 : 0) + Math.round(4 * normal(seed, 44, localDay));
  const out = !freeDay && (traits.routine === "commuters" || (traits.routine === "shift" && uniform(seed, 45, localDay) < 0.5));
  const errand = freeDay ? 0.45 : 0.35;
  for (let slot = wake; slot < sleep; slot++) {
    const base = slot < wake + 10 ? 1 : 0.76;
    presence[wrapSlot(slot - shift)] = base;
  }
  const leave = out ? traits.leaveSlot : 40 + Math.round(6 * normal(seed, 46, localDay));
  const back = out
    ? traits.returnSlot + Math.round(2.5 * normal(seed, 47, localDay))
    : leave + 8 + Math.round(4 * normal(seed, 48, localDay));
  if (!out && uniform(seed, 49, localDay) > errand) return;
  for (let slot = leave; slot < back; slot++) presence[wrapSlot(slot - shift)] = 0.12;
}

/** A quarter-hour that passes midnight belongs to the same day's other end. */
export function wrapSlot(slot: number): number {
  return ((slot % SLOTS_PER_DAY) + SLOTS_PER_DAY) % SLOTS_PER_DAY;
}
