import { UsageError } from "@amity/bytes";
import type { Charge, Tariff, Tiers, TouSchedule } from "./tariff.ts";

/** A tier of the OpenEI Utility Rate Database; `adj` is added to `rate`. */
interface UrdbTier {
  readonly max?: number;
  readonly rate?: number;
  readonly adj?: number;
  readonly sell?: number;
  readonly unit?: string;
}

type UrdbSchedule = readonly (readonly number[])[];

/** The parts of a URDB rate (versions 3 to 8) that are rated. */
interface UrdbRate {
  readonly label?: string;
  readonly name?: string;
  readonly startdate?: number;
  readonly energyratestructure?: readonly (readonly UrdbTier[])[];
  readonly energyweekdayschedule?: UrdbSchedule;
  readonly energyweekendschedule?: UrdbSchedule;
  readonly demandratestructure?: readonly (readonly UrdbTier[])[];
  readonly demandweekdayschedule?: UrdbSchedule;
  readonly demandweekendschedule?: UrdbSchedule;
  readonly flatdemandstructure?: readonly (readonly UrdbTier[])[];
  readonly flatdemandmonths?: readonly number[];
  readonly fixedmonthlycharge?: number;
  readonly fixedchargefirstmeter?: number;
  readonly fixedchargeunits?: string;
  readonly mincharge?: number;
  readonly minchargeunits?: string;
  readonly minmonthlycharge?: number;
  readonly annualmincharge?: number;
  readonly lookbackPercent?: number;
  readonly lookbackpercent?: number;
  readonly lookbackRange?: number;
  readonly lookbackrange?: number;
}

export interface UrdbImport {
  readonly tariff: Tariff;
  /** What the rate says and this import leaves out: for a person to read. */
  readonly leftOut: readonly string[];
}

export interface UrdbOptions {
  readonly id: string;
  /** URDB names no zone; its schedules are local time. */
  readonly zone: string;
  readonly effectiveFrom: string;
  /** Window of demands, which URDB leaves to the tariff sheet. */
  readonly demandWindowMinutes: number;
}

/**
 * Turns a rate of the OpenEI Utility Rate Database into a tariff: energy and demand by period and tier, flat demand by
 * month, fixed and minimum charges. Energy tiers are those of the whole month, shared among periods by energy.
 * @throws UsageError `urdb-invalid` naming the table that does not fit.
 */
export function tariffFromUrdb(rate: object, options: UrdbOptions): UrdbImport {
  const urdb = rate as UrdbRate;
  const names = new PeriodNames(urdb);
  const charges = [
    ...fixedCharges(urdb),
    ...demandCharges(urdb, names, options),
    ...flatDemand(urdb, names, options),
    ...energyCharges(urdb, names),
    ...minimums(urdb),
  ];
  const version = {
    version: 1,
    effectiveFrom: options.effectiveFrom,
    calendar: { periods: names.all, defaultPeriod: names.all[0] ?? "all", schedules: names.schedules },
    charges,
  };
  const tariff: Tariff = {
    id: options.id,
    name: urdb.name ?? urdb.label ?? options.id,
    currency: "USD",
    zone: options.zone,
    versions: [version],
  };
  return { tariff, leftOut: leftOut(urdb) };
}

/** URDB has one table of periods for energy, one for demand and one of months; a time of use here is one of each. */
class PeriodNames {
  readonly schedules: readonly TouSchedule[];
  readonly all: readonly string[];

  constructor(urdb: UrdbRate) {
    const schedules: TouSchedule[] = [];
    for (let month = 0; month < 12; month += 1) {
      for (const days of ["weekend", "weekday"] as const) {
        const energy = days === "weekend" ? urdb.energyweekendschedule : urdb.energyweekdayschedule;
        const demand = days === "weekend" ? urdb.demandweekendschedule : urdb.demandweekdayschedule;
        const ranges = Array.from({ length: 24 }, (_, hour) => ({
          from: `${two(hour)}:00`,
          to: `${two(hour + 1)}:00`,
          period: `e${at(energy, month, hour, "energy schedule")}d${at(demand, month, hour, "demand schedule")}m${month + 1}`,
        }));
        schedules.push({ season: { from: `${two(month + 1)}-01`, to: `${two(month + 1)}-31` }, days: [days], ranges: joined(ranges) });
      }
    }
    this.schedules = schedules;
    this.all = [...new Set(schedules.flatMap((schedule) => schedule.ranges.map((range) => range.period)))];
    if (this.all.length > 255)
      throw new UsageError(`the rate has ${this.all.length} times of use, at most 255 are possible`, { code: "urdb-invalid" });
  }

  of(matches: RegExp): readonly string[] {
    return this.all.filter((name) => matches.test(name));
  }
}

function at(schedule: UrdbSchedule | undefined, month: number, hour: number, what: string): number {
  if (schedule === undefined) return 0;
  const period = schedule[month]?.[hour];
  if (period === undefined || !Number.isInteger(period) || period < 0)
    throw new UsageError(`the ${what} has no period for month ${month + 1}, hour ${hour}`, { code: "urdb-invalid" });
  return period;
}

function joined(ranges: readonly { from: string; to: string; period: string }[]): TouSchedule["ranges"] {
  const list: { from: string; to: string; period: string }[] = [];
  for (const range of ranges) {
    const last = list.at(-1);
    if (last !== undefined && last.period === range.period) last.to = range.to;
    else list.push({ ...range });
  }
  return list;
}

function fixedCharges(urdb: UrdbRate): readonly Charge[] {
  const amount = urdb.fixedchargefirstmeter ?? urdb.fixedmonthlycharge;
  if (amount === undefined || amount === 0) return [];
  return [
    {
      kind: "fixed",
      id: "fixed",
      label: "Fixed charge",
      amount: decimalOf(amount),
      per: urdb.fixedchargeunits === "$/day" ? "day" : "month",
    },
  ];
}

function energyCharges(urdb: UrdbRate, names: PeriodNames): readonly Charge[] {
  return (urdb.energyratestructure ?? []).flatMap((list, period): readonly Charge[] => {
    const periods = names.of(new RegExp(`^e${period}d`));
    if (periods.length === 0) return [];
    return [
      {
        kind: "energy",
        id: `energy-${period}`,
        label: `Energy, period ${period}`,
        flow: "import",
        periods,
        tiers: { ...tiersOf(list, basisOf(list)), sharedByEnergy: true },
      },
    ];
  });
}

function basisOf(list: readonly UrdbTier[]): Tiers["basis"] {
  const unit = list.find((tier) => tier.max !== undefined)?.unit ?? list[0]?.unit ?? "kWh";
  if (unit === "kWh daily") return "day";
  return unit === "kWh/kW" ? "kWhPerKw" : "month";
}

function demandCharges(urdb: UrdbRate, names: PeriodNames, options: UrdbOptions): readonly Charge[] {
  return (urdb.demandratestructure ?? []).flatMap((list, period): readonly Charge[] => {
    const periods = names.of(new RegExp(`d${period}m`));
    if (periods.length === 0 || isFree(list)) return [];
    return [
      {
        kind: "demand",
        id: `demand-${period}`,
        label: `Demand, period ${period}`,
        measure: "kW",
        windowMinutes: options.demandWindowMinutes,
        periods,
        tiers: tiersOf(list, "bill"),
        ...ratchetOf(urdb),
      },
    ];
  });
}

/** The month's highest demand at any hour; a period of it rules some months. */
function flatDemand(urdb: UrdbRate, names: PeriodNames, options: UrdbOptions): readonly Charge[] {
  return (urdb.flatdemandstructure ?? []).flatMap((list, period): readonly Charge[] => {
    const months = Array.from({ length: 12 }, (_, month) => month + 1).filter(
      (month) => (urdb.flatdemandmonths?.[month - 1] ?? 0) === period,
    );
    const periods = months.flatMap((month) => names.of(new RegExp(`m${month}$`)));
    if (periods.length === 0 || isFree(list)) return [];
    return [
      {
        kind: "demand",
        id: `flat-demand-${period}`,
        label: `Demand, season ${period}`,
        measure: "kW",
        windowMinutes: options.demandWindowMinutes,
        periods,
        tiers: tiersOf(list, "bill"),
        ...ratchetOf(urdb),
      },
    ];
  });
}

function ratchetOf(urdb: UrdbRate): object {
  const percent = urdb.lookbackPercent ?? urdb.lookbackpercent;
  const months = urdb.lookbackRange ?? urdb.lookbackrange ?? 0;
  // URDB states the share as a fraction.
  return percent === undefined || percent === 0 || months === 0 ? {} : { ratchet: { percent: decimalOf(percent * 100), months } };
}

function minimums(urdb: UrdbRate): readonly Charge[] {
  const amount = urdb.mincharge ?? urdb.minmonthlycharge ?? 0;
  const per = urdb.minchargeunits === "$/day" ? "day" : urdb.minchargeunits === "$/year" ? "year" : "month";
  const minimum: readonly Charge[] =
    amount === 0 ? [] : [{ kind: "minimum", id: "minimum", label: "Minimum charge", amount: decimalOf(amount), per }];
  const yearly = urdb.annualmincharge ?? 0;
  return yearly === 0
    ? minimum
    : [...minimum, { kind: "minimum", id: "annual-minimum", label: "Annual minimum", amount: decimalOf(yearly), per: "year" }];
}

function tiersOf(list: readonly UrdbTier[], basis: Tiers["basis"]): Tiers {
  const tiers = list.map((tier, index) => ({
    upTo: index === list.length - 1 || tier.max === undefined || tier.max > UNLIMITED ? null : decimalOf(tier.max),
    rate: decimalOf((tier.rate ?? 0) + (tier.adj ?? 0)),
  }));
  const last = tiers.findIndex((tier) => tier.upTo === null);
  return { basis, tiers: last < 0 ? tiers : tiers.slice(0, last + 1) };
}

/** URDB writes 1e38 for no limit. */
const UNLIMITED = 1e30;

function isFree(list: readonly UrdbTier[]): boolean {
  return list.every((tier) => (tier.rate ?? 0) + (tier.adj ?? 0) === 0);
}

/** URDB has floats: 12 places bring back what the tariff sheet printed. */
function decimalOf(value: number): string {
  return Number(value.toFixed(12))
    .toFixed(12)
    .replace(/\.?0+$/, "");
}

function leftOut(urdb: UrdbRate): readonly string[] {
  const notes: string[] = [];
  if (urdb.energyratestructure?.some((list) => list.some((tier) => (tier.sell ?? 0) !== 0)) === true)
    notes.push("sell rates (export): add energy charges on the export flow");
  if (urdb.energyratestructure?.some((list) => basisOf(list) === "kWhPerKw") === true)
    notes.push("kWh per kW limits use the contract demand: name a demand charge in demandOf where the tariff says so");
  for (const name of Object.keys(urdb)) if (/^(demandreactive|coincident|fueladjust)/.test(name)) notes.push(name);
  return notes;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
