import { UsageError } from "@amity/bytes";
import { CumulativeHistory, type DayGain, type GainCache } from "../household/cumulative-history.ts";
import { SLOT_MS, type Site } from "../household/site.ts";
import { drawTraits, type HouseholdTraits } from "../household/traits.ts";
import { disconnected, reconnected, type ControlState } from "../metrology/breaker.ts";
import type { ControlMode } from "../metrology/operations.ts";
import { ConditionBook, type Condition, type RegisterRates } from "./condition-book.ts";
import { gasConditions, gasDay } from "./demand/gas-day.ts";
import { heatDay, heatTemperatures } from "./demand/heat-day.ts";
import { waterDay, waterTemperature } from "./demand/water-day.ts";
import { SUB_METER_REGISTER_COUNT, type SubMeterMedium } from "./medium.ts";
import type { ConditionOperation, SubMeterOperation, ValveOperation } from "./sub-meter-operations.ts";
import type { PlannedSubMeter } from "./sub-meter-plan.ts";

/** What all sub-meters of a fleet share. */
export interface SubMeterSurroundings {
  readonly site: Site;
  readonly days: GainCache;
}

/** What a sub-meter shows of this moment. Absent where it has no such sensor. */
export interface SubMeterMoment {
  /** Litres an hour; negative while water runs back. */
  readonly flowLitresPerHour: number;
  /** Heat: watts. */
  readonly powerW?: number;
  /** Hundredths of a degree: of the water, of the gas. */
  readonly centiCelsius?: number;
  readonly supplyCentiCelsius?: number;
  readonly returnCentiCelsius?: number;
  /** Gas: absolute, in hundredths of a millibar. */
  readonly centiMillibar?: number;
  /** Until the battery is empty by its age. */
  readonly batteryDays: number;
}

/** A valve as the meter knows it. */
export interface ValveState {
  readonly state: ControlState;
  readonly mode: ControlMode;
}

/**
 * One gas, water or heat meter: registers, sensors, valve and condition at any instant. Its history is computed from the household's seed; only
 * what happened to it is kept. All state changes go through `apply`, in order of time.
 */
export class SimulatedSubMeter {
  readonly plan: PlannedSubMeter;
  readonly #site: Site;
  readonly #traits: HouseholdTraits;
  readonly #history: CumulativeHistory;
  readonly #book: ConditionBook;
  readonly #installedMs: number;
  #valve: ValveState;
  #lastMs: number;
  #valveMoves: readonly ValveMove[] = NO_MOVES;
  #lastCommand = "";

  constructor(plan: PlannedSubMeter, { site, days }: SubMeterSurroundings) {
    this.plan = plan;
    this.#site = site;
    this.#traits = drawTraits(plan.householdSeed, { business: plan.isBusiness });
    this.#installedMs = site.startOf(site.dayOf(plan.installedMs));
    const day = (localDay: number): DayGain =>
      days.find(plan.seed, localDay) ?? days.keep(plan.seed, localDay, DAYS[plan.medium](site, this.#traits, localDay));
    this.#history = new CumulativeHistory(site, { width: SUB_METER_REGISTER_COUNT, day }, this.#installedMs);
    this.#book = new ConditionBook(
      (instantMs) => this.#history.at(instantMs, scratch),
      (condition) => ratesUnder(condition, plan.medium),
    );
    this.#valve = { state: "connected", mode: plan.medium === "gas" ? GAS_VALVE_MODE : WATER_VALVE_MODE };
    this.#lastMs = this.#installedMs;
  }

  get installedMs(): number {
    return this.#installedMs;
  }
  get lastOperationMs(): number {
    return this.#lastMs;
  }
  get valve(): ValveState {
    return this.#valve;
  }
  /** How the valve moved, oldest first. */
  get valveMoves(): readonly ValveMove[] {
    return this.#valveMoves;
  }
  /** Mark of the command that it obeyed last, empty before the first. */
  get lastCommand(): string {
    return this.#lastCommand;
  }
  /** The condition of now, and those before it. */
  get condition(): Condition {
    return this.#book.now;
  }
  get conditions(): readonly Condition[] {
    return this.#book.conditions;
  }
  conditionAt(instantMs: number): Condition {
    return this.#book.at(instantMs);
  }

  /** The registers of the medium (`MEDIUM_DESCRIPTIONS`), in integers: litres, watt-hours. They never fall. */
  registersAt(instantMs: number): Float64Array {
    return this.#book.registersAt(instantMs);
  }

  momentAt(instantMs: number): SubMeterMoment {
    const condition = this.#book.at(instantMs);
    const { perMille, extraPerHour } = ratesUnder(condition, this.plan.medium);
    const rates = this.#history.hourlyRateAt(instantMs, scratch).map((rate, register) => {
      return Math.floor((rate * (perMille[register] ?? 0)) / 1_000) + (extraPerHour[register] ?? 0);
    });
    const day = this.#site.dayOf(instantMs);
    const slot = Math.floor((instantMs - this.#site.startOf(day)) / SLOT_MS);
    const age = Math.floor((instantMs - this.#installedMs) / DAY_MS);
    const batteryDays = condition.batteryLow ? LOW_BATTERY_DAYS : Math.max(0, BATTERY_DAYS - age);
    const [first = 0, second = 0] = rates;
    switch (this.plan.medium) {
      case "gas": {
        const { celsius, millibar } = gasConditions(this.#site, day, slot);
        return { flowLitresPerHour: first, centiCelsius: hundredths(celsius), centiMillibar: hundredths(millibar), batteryDays };
      }
      case "water": {
        const celsius = condition.isFrozen ? 0 : Math.max(1, waterTemperature(this.#site, day));
        return { flowLitresPerHour: first - second, centiCelsius: hundredths(celsius), batteryDays };
      }
      case "heat": {
        const power = this.#history.hourlyRateAt(instantMs, scratch)[0] ?? 0;
        const { supply, return: back } = heatTemperatures(this.#site, this.#traits.seed, day, slot, power);
        const [supplyCentiCelsius, returnCentiCelsius] = condition.sensorsSwapped
          ? [hundredths(back), hundredths(supply)]
          : [hundredths(supply), hundredths(back)];
        return { flowLitresPerHour: second, powerW: first, supplyCentiCelsius, returnCentiCelsius, batteryDays };
      }
    }
  }

  /**
   * Lets something happen. @returns false where it cannot (no valve, nothing changes): nothing changed.
   * @throws UsageError `out-of-order` for an operation before the last one.
   */
  apply(operation: SubMeterOperation): boolean {
    const { atMs } = operation;
    if (atMs < this.#lastMs) throw new UsageError(`operation at ${atMs} comes after one at ${this.#lastMs}`, { code: "out-of-order" });
    const happened = this.#happen(operation);
    if (happened) this.#lastMs = atMs;
    return happened;
  }

  #happen(operation: SubMeterOperation): boolean {
    if (operation.kind !== "takeCommand")
      return isValveOperation(operation) ? this.#moveValve(operation) : this.#changeCondition(operation);
    const isNew = operation.mark !== this.#lastCommand;
    this.#lastCommand = operation.mark;
    return isNew;
  }

  #changeCondition(operation: ConditionOperation): boolean {
    const change = changeOf(operation, this.plan.medium);
    const now: Readonly<Record<string, unknown>> = { ...this.#book.now };
    if (change === undefined || Object.entries(change).every(([name, value]) => now[name] === value)) return false;
    this.#book.change(operation.atMs, change);
    return true;
  }

  #moveValve({ kind, by, atMs }: ValveOperation): boolean {
    if (!this.plan.hasValve) return false;
    const { state, mode } = this.#valve;
    const next =
      kind === "closeValve" ? disconnected(state, mode, by) : kind === "openValve" ? reconnected(state, mode, by) : released(state);
    if (next === undefined) return false;
    this.#valve = { state: next, mode };
    this.#valveMoves = [...this.#valveMoves.slice(-VALVE_MOVES_MAX + 1), { atMs, by, isClosing: kind === "closeValve", state: next }];
    this.#book.change(atMs, { valveShut: next !== "connected" });
    return true;
  }
}

function isValveOperation(operation: ConditionOperation | ValveOperation): operation is ValveOperation {
  return operation.kind === "closeValve" || operation.kind === "releaseValve" || operation.kind === "openValve";
}

/** One move of a valve. */
export interface ValveMove {
  readonly atMs: number;
  readonly by: "remote" | "manual" | "local";
  readonly isClosing: boolean;
  readonly state: ControlState;
}

/** A closed valve that the customer may open himself from now on. */
function released(state: ControlState): ControlState | undefined {
  return state === "disconnected" ? "readyForReconnection" : undefined;
}

function changeOf(operation: ConditionOperation, medium: SubMeterMedium): Partial<Condition> | undefined {
  switch (operation.kind) {
    case "leak":
      return medium === "heat" ? undefined : { leakLitresPerHour: Math.max(0, operation.litresPerHour) };
    case "backflow":
      return medium === "water" ? { backflowLitresPerHour: Math.max(0, operation.litresPerHour) } : undefined;
    case "freeze":
    case "thaw":
      return medium === "water" ? { isFrozen: operation.kind === "freeze" } : undefined;
    case "swapSensors":
    case "rightSensors":
      return medium === "heat" ? { sensorsSwapped: operation.kind === "swapSensors" } : undefined;
    case "changeKey":
      return { keyGeneration: operation.generation, wrappedKey: "" };
    case "takeKey":
      return { wrappedKey: operation.wrapped };
    default:
      return FLAGS[operation.kind];
  }
}

const FLAGS = {
  jam: { isJammed: true },
  free: { isJammed: false },
  airInPipe: { hasAir: true },
  airGone: { hasAir: false },
  openCover: { coverOpen: true },
  closeCover: { coverOpen: false },
  batteryLow: { batteryLow: true },
  batteryRenewed: { batteryLow: false },
  radioOff: { radioSilent: true },
  radioOn: { radioSilent: false },
} as const satisfies Record<string, Partial<Condition>>;

/** Nothing passes a shut valve, an iced pipe or a jammed wheel. Air turns a wheel faster; swapped sensors see the cold carry heat away. */
function ratesUnder(condition: Condition, medium: SubMeterMedium): RegisterRates {
  if (condition.valveShut || condition.isFrozen || condition.isJammed) return { perMille: [0, 0], extraPerHour: [0, 0] };
  if (medium === "heat") return { perMille: [condition.sensorsSwapped ? 0 : 1_000, 1_000], extraPerHour: [0, 0] };
  const share = condition.hasAir ? 1_060 : 1_000;
  const { leakLitresPerHour: leak, backflowLitresPerHour: backflow } = condition;
  return { perMille: [share, medium === "gas" ? share : 0], extraPerHour: [leak, medium === "gas" ? leak : backflow] };
}

function hundredths(value: number): number {
  return Math.round(value * 100);
}

const DAYS: Readonly<Record<SubMeterMedium, (site: Site, traits: HouseholdTraits, localDay: number) => DayGain>> = {
  gas: gasDay,
  water: waterDay,
  heat: heatDay,
};
/** Gas is never turned on from afar: the valve is released, and somebody at home opens it. */
const GAS_VALVE_MODE: ControlMode = 4;
const WATER_VALVE_MODE: ControlMode = 1;
const DAY_MS = 86_400_000;
/** Twelve years and some. */
const BATTERY_DAYS = 4_500;
const LOW_BATTERY_DAYS = 60;
const VALVE_MOVES_MAX = 50;
const NO_MOVES: readonly ValveMove[] = [];
const scratch = new Float64Array(SUB_METER_REGISTER_COUNT);
