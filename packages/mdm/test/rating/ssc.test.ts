import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { QUALITY } from "@amity/model";
import { describe, expect, test } from "vitest";
import { Money, prepareTariff, rate, type Carried } from "../../src/rating/index.ts";
import type { Charge, Netting, Tariff, TouSchedule } from "../../src/tariff/index.ts";
import type { UsagePart } from "../../src/usage/index.ts";
import { dayOf, inputOf } from "./usage-fixtures.ts";

/**
 * The year of bills of NREL SSC's utilityrate5 test cases: twelve monthly bills through our engine, summed. SSC's year
 * begins on a Monday and has no clock changes: 2018 in UTC.
 */
const folder = new URL("../../../../../shared/vectors/mdm/bills/", import.meta.url);
const present = existsSync(fileURLToPath(folder));
const YEAR = 2018;
/** Energy as 10^-9 kWh, so that SSC's floats become integers without loss that a cent could see. */
const SCALER = -6;

interface Case {
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly expected: {
    readonly utility_bill_wo_sys_year1?: readonly [number, number];
    readonly utility_bill_w_sys_year1?: readonly [number, number];
  };
}
const cases: readonly Case[] = present ? (JSON.parse(readFileSync(new URL("nrel-ssc-utilityrate5.json", folder), "utf8")) as Case[]) : [];
const rated = cases.filter((candidate) => candidate.expected.utility_bill_wo_sys_year1 !== undefined);

const FILES: Readonly<Record<string, string>> = {
  load_profile_path: "pvsamv1_residential_load.csv",
  load_residential_subhourly: "pvsamv1_residential_load_15min.csv",
  load_commercial: "load_commercial.csv",
  gen_path: "gen_1_yr_residential.csv",
  one_year_gen_path: "gen_1_yr_residential.csv",
  subhourly_gen_path: "gen_residential_1_year_15_min.csv",
  commercial_gen_path: "gen_25_year_commercial.csv",
};
const isThere = (file: string | undefined): boolean => file !== undefined && existsSync(new URL(`ssc-data/${file}`, folder));

describe.skipIf(!present)("NREL SSC's years of bills reproduce", () => {
  test.each(rated.map((candidate) => [candidate.name, candidate] as const))("%s without the system", (_name, vector) => {
    const [expected, tolerance] = vector.expected.utility_bill_wo_sys_year1 ?? [0, 0];
    const load = powerOf(vector, "load");
    expect(Math.abs(yearOfBills(vector, load, undefined) - expected)).toBeLessThan(tolerance);
  });

  // The commercial generation of 25 years is in NREL's repository, not among the vectors: its case runs where it is put beside them.
  const withFiles = rated.filter((candidate) => isThere(FILES[String(candidate.inputs["file:gen"])]));
  test.each(withFiles.map((candidate) => [candidate.name, candidate] as const))("%s with the system", (_name, vector) => {
    const [expected, tolerance] = vector.expected.utility_bill_w_sys_year1 ?? [0, 0];
    expect(Math.abs(yearOfBills(vector, powerOf(vector, "load"), powerOf(vector, "gen")) - expected)).toBeLessThanOrEqual(tolerance);
  });
});

/** Twelve bills, each beginning with what the one before carried. */
function yearOfBills(vector: Case, load: readonly number[], gen: readonly number[] | undefined): number {
  const steps = Math.max(load.length, gen?.length ?? 0);
  const tariff = prepareTariff(tariffOf(vector, steps));
  let carried: Carried | undefined;
  let [total, yearToDate] = [new Money(0), new Money(0)];
  for (let month = 1; month <= 12; month += 1) {
    const [from, to] = [`${YEAR}-${two(month)}-01`, month === 12 ? `${YEAR + 1}-01-01` : `${YEAR}-${two(month + 1)}-01`];
    const flows = {
      import: [monthPart("load", load, steps, from, to)],
      ...(gen === undefined ? {} : { export: [monthPart("gen", gen, steps, from, to)] }),
    };
    const bill = rate(
      tariff,
      inputOf(from, to, flows, {
        yearToDate: yearToDate.toFixed(),
        ...(carried === undefined ? {} : { carried }),
        ...priceSeriesOf(vector, steps),
      }),
    );
    carried = bill.carried;
    total = total.plus(bill.total);
    yearToDate = yearToDate.plus(Money.max(0, bill.total));
  }
  return total.toNumber();
}

/**
 * kW, one a step of the file. SSC's tests take every field of a file for a value, and what is no number for 0: of the file with
 * time stamps beside the power, each stamp is an hour without generation. Their expected totals are of just that year.
 */
function powerOf(vector: Case, kind: "load" | "gen"): readonly number[] {
  const file = FILES[String(vector.inputs[`file:${kind}`])] ?? "";
  const text = readFileSync(new URL(`ssc-data/${file}`, folder), "utf8")
    .replace("\ufeff", "")
    .trim();
  if (!text.startsWith('"')) return text.split(/\s+/).map(Number);
  return text
    .split(/[,\n]/)
    .slice(0, 8760)
    .map((field) => (field.startsWith('"') ? 0 : Number(field)));
}

function monthPart(channelId: string, power: readonly number[], steps: number, from: string, to: string): UsagePart {
  const intervalSeconds = (8760 * 3600) / steps;
  const perDay = 86_400 / intervalSeconds;
  const first = (dayOf(from) - dayOf(`${YEAR}-01-01`)) * perDay;
  const count = (dayOf(to) - dayOf(from)) * perDay;
  const repeat = steps / power.length;
  const values = Float64Array.from({ length: count }, (_, index) =>
    Math.round((power[Math.floor((first + index) / repeat)] ?? 0) * (intervalSeconds / 3600) * 10 ** (3 - SCALER)),
  );
  return {
    channelId,
    series: { startMs: dayOf(from) * 86_400_000, intervalSeconds, values, qualities: new Uint16Array(count).fill(QUALITY.validated) },
    scaler: SCALER,
    multiplier: 1,
    blocks: [],
  };
}

function tariffOf(vector: Case, steps: number): Tariff {
  const { inputs } = vector;
  const weekday = inputs["ur_ec_sched_weekday"] as number[][];
  const demandWeekday = inputs["ur_dc_sched_weekday"] as number[][];
  const weekend = inputs["ur_ec_sched_weekend"] as number[][];
  const demandWeekend = inputs["ur_dc_sched_weekend"] as number[][];
  // Energy and demand have their own schedules: a period of ours is a pair of theirs.
  const nameAt = (month: number, hour: number, isWeekend: boolean) =>
    `e${(isWeekend ? weekend : weekday)[month]?.[hour]}d${inputs["ur_dc_enable"] === 1 ? (isWeekend ? demandWeekend : demandWeekday)[month]?.[hour] : 1}`;
  const schedules: TouSchedule[] = [];
  for (let month = 0; month < 12; month += 1) {
    for (const isWeekend of [false, true]) {
      const ranges = Array.from({ length: 24 }, (_, hour) => ({
        from: `${two(hour)}:00`,
        to: `${two(hour + 1)}:00`,
        period: nameAt(month, hour, isWeekend),
      }));
      schedules.push({
        season: { from: `${two(month + 1)}-01`, to: `${two(month + 1)}-31` },
        days: [isWeekend ? "weekend" : "weekday"],
        ranges,
      });
    }
  }
  const periods = [...new Set(schedules.flatMap((schedule) => schedule.ranges.map((range) => range.period)))];
  const netting = {
    ...nettingOf(vector, periods),
    netTogether: [...new Set(periods.map((name) => name.split("d")[0]))].map((energy) =>
      periods.filter((name) => name.startsWith(`${energy}d`)),
    ),
  };
  const charges = [...energyCharges(vector, periods), ...demandCharges(vector, periods, steps), ...otherCharges(vector)];
  return {
    id: vector.name,
    name: vector.name,
    currency: "USD",
    zone: "UTC",
    versions: [
      { version: 1, effectiveFrom: "2000-01-01", calendar: { periods, defaultPeriod: periods[0] ?? "", schedules }, charges, netting },
    ],
  };
}

function nettingOf({ name, inputs }: Case, periods: readonly string[]): Netting {
  // The credit month of the May cases is a variable in SSC's test, which the vectors' extraction did not follow.
  const month = Number(inputs["ur_nm_credit_month"] ?? (name.includes("_in_may") ? 4 : 11)) + 1;
  switch (inputs["ur_metering_option"]) {
    case 0:
      return {
        kind: "billingPeriod",
        surplus: "kWh",
        trueUpMonth: month,
        trueUpRate: String(inputs["ur_nm_yearend_sell_rate"]),
        trueUpOn: "netEnergy",
        carryTo: carryByTimeOfDay(inputs["ur_ec_sched_weekday"] as number[][], periods),
      };
    case 2:
      return { kind: "interval", surplus: "pay" };
    case 3:
      return {
        kind: "interval",
        surplus: "money",
        trueUpMonth: month,
        trueUpPaysMoney: inputs["ur_nb_credit_expire"] !== 1,
        creditsApply: inputs["ur_nb_apply_credit_current_month"] === 1 ? "thisBill" : "nextBill",
      };
    default:
      return { kind: "none", surplus: "pay" };
  }
}

/** Surplus of a period that the next month has not goes to the period at the same time of day (SSC probes four hours of weekdays). */
function carryByTimeOfDay(weekday: readonly (readonly number[])[], periods: readonly string[]): Record<string, string[]> {
  const headOf = (energy: number | undefined) => periods.find((name) => name.startsWith(`e${energy}d`)) ?? "";
  const carryTo: Record<string, string[]> = {};
  for (let month = 0; month < 12; month += 1) {
    for (const hour of [0, 5, 11, 17]) {
      const [from, to] = [weekday[month]?.[hour], weekday[(month + 1) % 12]?.[hour]];
      if (from !== to) (carryTo[headOf(from)] ??= []).push(headOf(to));
    }
  }
  return carryTo;
}

const TIER_BASIS = ["bill", "kWhPerKw", "day"] as const;

function energyCharges({ inputs }: Case, periods: readonly string[]): readonly Charge[] {
  const [buys, sells] = inputs["ur_metering_option"] === 4 ? (["import", "export"] as const) : (["netImport", "netExport"] as const);
  const rows = inputs["ur_ec_tou_mat"] as number[][];
  return [...new Set(rows.map((row) => row[0] ?? 0))].flatMap((period): Charge[] => {
    const names = periods.filter((name) => name.startsWith(`e${period}d`));
    const own = rows.filter((row) => row[0] === period);
    if (names.length === 0) return [];
    const tiersOf = (column: number) => ({
      basis: TIER_BASIS[own[0]?.[3] ?? 0] ?? ("bill" as const),
      sharedByEnergy: true,
      tiers: own.map((row) => ({
        upTo: (row[2] ?? 0) > 1e30 ? null : String(row[2]),
        rate: String(column === 5 ? -(row[5] ?? 0) : row[column]),
      })),
    });
    const buy: Charge = {
      kind: "energy",
      id: `buy${period}`,
      label: `Period ${period}`,
      flow: buys,
      periods: names,
      ...(inputs["ur_en_ts_buy_rate"] === 1 ? { priceSeries: "buy" } : { tiers: tiersOf(4) }),
    };
    const sell: Charge = {
      kind: "energy",
      id: `sell${period}`,
      label: `Export ${period}`,
      flow: sells,
      periods: names,
      ...(inputs["ur_en_ts_sell_rate"] === 1 ? { priceSeries: "sell", priceFactor: "-1" } : { tiers: tiersOf(5) }),
    };
    return inputs["ur_metering_option"] === 0 ? [buy] : [buy, sell];
  });
}

function demandCharges({ inputs }: Case, periods: readonly string[], steps: number): readonly Charge[] {
  if (inputs["ur_dc_enable"] !== 1) return [];
  const rows = inputs["ur_dc_tou_mat"] as number[][];
  return [...new Set(rows.map((row) => row[0] ?? 0))].map((period) => ({
    kind: "demand",
    id: `demand${period}`,
    label: `Demand ${period}`,
    measure: "kW",
    flow: "netImport",
    windowMinutes: (8760 * 60) / steps,
    periods: periods.filter((name) => name.endsWith(`d${period}`)),
    tiers: {
      basis: "bill",
      tiers: rows
        .filter((row) => row[0] === period)
        .map((row) => ({ upTo: (row[2] ?? 0) > 1e30 ? null : String(row[2]), rate: String(row[3]) })),
    },
  }));
}

function otherCharges({ inputs }: Case): readonly Charge[] {
  return [
    { kind: "netting", id: "netting", label: "Netting" },
    { kind: "fixed", id: "fixed", label: "Fixed", amount: String(inputs["ur_monthly_fixed_charge"]), per: "month" },
    { kind: "minimum", id: "monthly-minimum", label: "Minimum", amount: String(inputs["ur_monthly_min_charge"]), per: "month" },
    { kind: "minimum", id: "annual-minimum", label: "Annual minimum", amount: String(inputs["ur_annual_min_charge"]), per: "year" },
  ];
}

function priceSeriesOf({ inputs }: Case, steps: number): object {
  if (inputs["ur_en_ts_buy_rate"] !== 1) return {};
  const series = (name: string) => ({
    startMs: dayOf(`${YEAR}-01-01`) * 86_400_000,
    intervalSeconds: (8760 * 3600) / steps,
    prices: Array.from({ length: steps }, () => String((inputs[name] as number[])[0] ?? 0)),
  });
  return { priceSeries: { buy: series("ur_ts_buy_rate"), sell: series("ur_ts_sell_rate") } };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
