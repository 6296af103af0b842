import type { Commodity } from "@amity/model";

/** A decimal number as text (`"0.1234"`, `"-3"`): prices and factors are never floats. */
export type DecimalText = string;

/** How an amount or quantity is rounded. */
export interface Rounding {
  readonly places: number;
  readonly mode: "halfUp" | "halfEven" | "down" | "up";
}

/** A tariff as versioned data. A published version never changes; a new price is a new version. */
export interface Tariff {
  readonly id: string;
  readonly name: string;
  /** ISO 4217. */
  readonly currency: string;
  /** What it prices; absent: electricity. */
  readonly commodity?: Commodity;
  /** IANA zone whose calendar rules days and times of use. */
  readonly zone: string;
  /** In order of `effectiveFrom`, without overlap. */
  readonly versions: readonly TariffVersion[];
}

export interface TariffVersion {
  readonly version: number;
  /** Civil dates; `effectiveTo` is exclusive, absent means until the next version. */
  readonly effectiveFrom: string;
  readonly effectiveTo?: string;
  readonly calendar?: TouCalendar;
  /** Rated in this order; a later charge may refer to earlier lines by id. */
  readonly charges: readonly Charge[];
  /** Rounding of every line's amount unless the charge says otherwise; absent: lines are exact and only the total is rounded. */
  readonly rounding?: Rounding;
  readonly totalRounding?: Rounding;
  /**
   * What one month means for monthly prices and tier limits: `cycle` bills a whole cycle as one month whatever its days;
   * a number divides the days by it (Hydro-Quebec: 30).
   */
  readonly monthBasis?: "cycle" | number;
  readonly netting?: Netting;
}

/** What becomes of export. `none` leaves both flows; `interval` nets within each interval (net billing); `billingPeriod` nets over the bill (net metering). */
export interface Netting {
  readonly kind: "none" | "interval" | "billingPeriod";
  /** `kWh` carries surplus energy, `money` carries a credit balance, `pay` pays a negative bill out, `forfeit` drops it. */
  readonly surplus: "kWh" | "money" | "pay" | "forfeit";
  /** Month (1 to 12) at whose end what is carried is settled; absent: never. */
  readonly trueUpMonth?: number;
  /** Paid for each kWh carried at true-up; absent: nothing. */
  readonly trueUpRate?: DecimalText;
  /** What true-up pays for: the surplus carried by each time of use (default), or the net energy of all of them together. */
  readonly trueUpOn?: "periodSurplus" | "netEnergy";
  /** Times of use that net together, e.g. those that only demand tells apart; the first of each list stands for all of it. */
  readonly netTogether?: readonly (readonly string[])[];
  /** Where a time of use does not occur in a bill, its carried surplus goes to the first of these that does. */
  readonly carryTo?: Readonly<Record<string, readonly string[]>>;
  /** With `money`: whether credits for export count on the bill that earns them (default) or from the next on. */
  readonly creditsApply?: "thisBill" | "nextBill";
  /** Money carried is paid out at true-up rather than dropped. */
  readonly trueUpPaysMoney?: boolean;
}

/** Times of use. */
export interface TouCalendar {
  readonly periods: readonly string[];
  /** Where no schedule says otherwise. */
  readonly defaultPeriod: string;
  /** `2026-12-25`, or `12-25` for every year. */
  readonly holidays?: readonly string[];
  /** Schedules tried in order; the first whose months, dates and day matches rules the day. */
  readonly schedules: readonly TouSchedule[];
}

export type DayName =
  | "monday"
  | "tuesday"
  | "wednesday"
  | "thursday"
  | "friday"
  | "saturday"
  | "sunday"
  | "weekday"
  | "weekend"
  | "holiday";

export interface TouSchedule {
  /** Season as civil dates of the year, `MM-DD`, both inclusive; may wrap over new year. Absent: all year. */
  readonly season?: { readonly from: string; readonly to: string };
  /** Absent: every day. A holiday matches only `holiday`, unless no schedule names holidays. */
  readonly days?: readonly DayName[];
  /** Local wall-clock times `HH:MM`, `to` exclusive, `24:00` allowed. */
  readonly ranges: readonly { readonly from: string; readonly to: string; readonly period: string }[];
}

/** What is counted. `netImport` and `netExport` are the two sides after netting within each interval; `volume` is in cubic metres. */
export type Flow = "volume" | "import" | "export" | "netImport" | "netExport" | "reactiveImport" | "reactiveExport";

export interface Tier {
  /** Upper limit, inclusive, in the unit of the tiers; `null` for the last. */
  readonly upTo: DecimalText | null;
  readonly rate: DecimalText;
}

/** `month` and `day` limits grow with the bill's months and days; `kWhPerKw` limits with the demand of the named charge or a contract demand. */
export type TierBasis = "bill" | "month" | "day" | "kWhPerKw";

export interface Tiers {
  readonly basis: TierBasis;
  readonly tiers: readonly Tier[];
  /** For `kWhPerKw`: the id of the demand charge whose quantity multiplies the limits; absent: the contract demand. */
  readonly demandOf?: string;
  /** Added to every limit: kWh beside kWh per kW (first 700 kWh plus 150 a kW above 5). */
  readonly plus?: readonly DecimalText[];
  /** kW that are not counted in `kWhPerKw`. */
  readonly aboveKw?: DecimalText;
  /** Tier limits are those of the whole flow, shared among times of use by energy (absent: each charge has its own). */
  readonly sharedByEnergy?: boolean;
}

interface ChargeBase {
  readonly id: string;
  readonly label: string;
  readonly rounding?: Rounding;
}

/** A standing charge. */
export interface FixedCharge extends ChargeBase {
  readonly kind: "fixed";
  readonly amount: DecimalText;
  readonly per: "day" | "month" | "bill";
}

/** Units that energy is priced in. */
export type EnergyUnit = "kWh" | "MWh" | "MJ" | "GJ";

/** Energy, or volume, times a price. Export is credited by a negative rate. */
export interface EnergyCharge extends ChargeBase {
  readonly kind: "energy";
  readonly flow: Flow;
  /** Unit of rate, tiers and quantity of an energy flow; absent: kWh. Volume is always in cubic metres. */
  readonly unit?: EnergyUnit;
  /** Only this share of what was metered is charged, e.g. `"0.9"` of the water as sewage. */
  readonly share?: DecimalText;
  /** Times of use; absent: all. */
  readonly periods?: readonly string[];
  readonly rate?: DecimalText;
  readonly tiers?: Tiers;
  /** Name of a price series in the input (real-time price), price for each interval. */
  readonly priceSeries?: string;
  /** Factor on a price of the series, e.g. `"1.05"` with tax. */
  readonly priceFactor?: DecimalText;
  /** Metered energy is multiplied by it (Ontario: energy is billed adjusted for losses). */
  readonly lossFactor?: DecimalText;
  /** Rounds the quantity before pricing. */
  readonly quantityRounding?: Rounding;
  /** Only during, or only outside, events of this name (critical-peak price). */
  readonly during?: string;
  readonly except?: string;
}

/** The highest average power of a window. */
export interface DemandCharge extends ChargeBase {
  readonly kind: "demand";
  readonly measure: "kW" | "kVA";
  readonly flow?: "import" | "netImport";
  readonly windowMinutes: number;
  /** Windows at every interval rather than side by side. */
  readonly sliding?: boolean;
  readonly periods?: readonly string[];
  /** Each day its own highest, summed. */
  readonly assessed?: "month" | "day";
  readonly rate?: DecimalText;
  readonly tiers?: Tiers;
  /** At least this share of the highest of the months looked back on. */
  readonly ratchet?: { readonly percent: DecimalText; readonly months: number; readonly onlyMonths?: readonly number[] };
  /** kW (1 + (target - power factor)) where the power factor is below the target. */
  readonly powerFactorTarget?: DecimalText;
  /** At least this share of the highest kVA. */
  readonly kvaShare?: DecimalText;
  readonly minimumKw?: DecimalText;
  /** Only what exceeds the demand of these times of use (excess off-peak). */
  readonly inExcessOf?: readonly string[];
  /** Demand in the windows that begin at these instants of the input (system peaks) rather than the own highest. */
  readonly coincident?: string;
  readonly quantityRounding?: Rounding;
}

/** Reactive energy beyond a share of active energy. */
export interface ReactiveCharge extends ChargeBase {
  readonly kind: "reactive";
  readonly flow: "reactiveImport" | "reactiveExport";
  /** kvarh per kWh that are free. */
  readonly freeRatio: DecimalText;
  readonly rate: DecimalText;
}

/** Marks the place among the charges where surplus is carried or credited; absent: after all of them. */
export interface NettingCharge extends ChargeBase {
  readonly kind: "netting";
}

/** Tops the named lines up to a minimum. A yearly one is settled on the bill that ends in `yearEndMonth` against the year's bills. */
export interface MinimumCharge extends ChargeBase {
  readonly kind: "minimum";
  readonly amount: DecimalText;
  readonly per: "day" | "month" | "bill" | "year";
  /** 1 to 12, default December. */
  readonly yearEndMonth?: number;
  /** Ids of charges; absent: all before. */
  readonly of?: readonly string[];
}

/** A percentage of earlier lines: tax, rider, discount. */
export interface PercentageCharge extends ChargeBase {
  readonly kind: "percentage";
  readonly percent: DecimalText;
  readonly of?: readonly string[];
  readonly isTax?: boolean;
}

/** Peak-time rebate: what was saved against a baseline in each event, never negative. */
export interface PeakRebateCharge extends ChargeBase {
  readonly kind: "peakRebate";
  readonly events: string;
  /** Paid per kWh saved (a positive number). */
  readonly rate: DecimalText;
  /** Most recent similar days in the baseline, without holidays and event days. */
  readonly baselineDays: number;
}

export type Charge =
  | FixedCharge
  | EnergyCharge
  | DemandCharge
  | ReactiveCharge
  | NettingCharge
  | MinimumCharge
  | PercentageCharge
  | PeakRebateCharge;
