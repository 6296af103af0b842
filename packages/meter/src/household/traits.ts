import { normal, uniform } from "./hash.ts";

/** How a dwelling's people spend a working day. */
export type Routine = "commuters" | "home" | "shift";
export type HotWater = "none" | "onDemand" | "night";

/** What makes one household differ from the next: drawn once from its seed, never stored. Powers in W, times in quarter-hours of the civil day. */
export interface HouseholdTraits {
  readonly seed: number;
  readonly occupants: number;
  readonly routine: Routine;
  /** Everything that never sleeps: routers, standby, pumps. */
  readonly standbyW: number;
  readonly fridgeW: number;
  /** Lights and electronics while people are awake at home. */
  readonly activityW: number;
  readonly cookerW: number;
  readonly hotWater: HotWater;
  /** Electric heating and cooling: W per kelvin beyond the comfort limits, and what the machine can give. */
  readonly heatingWPerK: number;
  readonly coolingWPerK: number;
  readonly climateW: number;
  readonly wakeSlot: number;
  readonly leaveSlot: number;
  readonly returnSlot: number;
  readonly sleepSlot: number;
  readonly dinnerSlot: number;
  readonly washesPerWeek: number;
  readonly hasDryer: boolean;
  /** Installed photovoltaic power, W at 1 kW/m²; 0 for none. */
  readonly solarW: number;
  /** Orientation: slots by which the panel's noon is early (-) or late (+). */
  readonly solarShiftSlots: number;
  /** Charger power, W; 0 for no electric vehicle. */
  readonly evChargerW: number;
  readonly evAtNight: boolean;
  /** Probability that a week is spent away. */
  readonly awayShare: number;
}

/** What a fleet plan may decide about a household; the rest follows from the seed. */
export interface HouseholdChoices {
  readonly solar?: boolean;
  readonly electricVehicle?: boolean;
  /** A shop or workshop: busy by day on working days, four times a dwelling. */
  readonly business?: boolean;
}

/** Draws a household. The shares and sizes are set so that a street of them looks like the measured streets (see the tests). */
export function drawTraits(seed: number, choices: HouseholdChoices = {}): HouseholdTraits {
  const u = (trait: number): number => uniform(seed, trait, 0x7a17);
  const n = (trait: number): number => normal(seed, trait, 0x7a18);
  const occupants = pick(u(1), [0.28, 0.62, 0.78, 0.93]) + 1;
  const routine: Routine = u(2) < 0.42 ? "commuters" : u(2) < 0.87 ? "home" : "shift";
  const scale = Math.exp(0.5 * n(3)) * (0.62 + 0.17 * occupants);
  const heating = u(4) < 0.62;
  const cooling = u(5) < 0.55;
  const evening = Math.round(clamp(92 + 4 * n(6), 83, 97));
  const solar = choices.solar ?? u(7) < 0.2;
  const vehicle = choices.electricVehicle ?? u(8) < 0.1;
  const dwelling: HouseholdTraits = {
    seed,
    occupants,
    routine,
    standbyW: 45 * Math.exp(0.8 * n(9)),
    fridgeW: 70 + 80 * u(10),
    activityW: 222 * scale * Math.exp(0.25 * n(11)),
    cookerW: u(12) < 0.65 ? 1_500 + 1_600 * u(13) : 0,
    hotWater: u(14) < 0.2 ? "onDemand" : u(14) < 0.27 ? "night" : "none",
    heatingWPerK: heating ? 190 * scale * Math.exp(0.5 * n(15)) : 0,
    coolingWPerK: cooling ? 160 * scale * Math.exp(0.4 * n(16)) : 0,
    climateW: 1_600 + 3_400 * u(17),
    wakeSlot: Math.round(clamp(29 + 4 * n(18), 18, 36)),
    leaveSlot: Math.round(clamp(36 + 3 * n(19), 30, 40)),
    returnSlot: Math.round(clamp(70 + 5 * n(20), 56, 80)),
    sleepSlot: evening,
    dinnerSlot: 75 + 5 * n(28),
    washesPerWeek: 1.2 + 1.3 * occupants * u(21),
    hasDryer: u(22) < 0.45,
    solarW: solar ? 2_000 + Math.round(5 * u(23)) * 1_000 : 0,
    solarShiftSlots: Math.round(3 * n(24)),
    evChargerW: vehicle ? (u(25) < 0.6 ? 7_360 : 3_680) : 0,
    evAtNight: u(26) < 0.45,
    awayShare: 0.02 + 0.09 * u(27),
  };
  return choices.business === true ? asBusiness(dwelling) : dwelling;
}

function asBusiness(dwelling: HouseholdTraits): HouseholdTraits {
  return {
    ...dwelling,
    routine: "home",
    standbyW: dwelling.standbyW * 4,
    fridgeW: dwelling.fridgeW * 4,
    activityW: dwelling.activityW * 5,
    cookerW: 0,
    hotWater: "none",
    wakeSlot: 28,
    sleepSlot: 74,
    washesPerWeek: 0,
    awayShare: 0.01,
  };
}

function pick(u: number, limits: readonly number[]): number {
  const found = limits.findIndex((limit) => u < limit);
  return found < 0 ? limits.length : found;
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
