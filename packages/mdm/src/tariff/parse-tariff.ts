import { UsageError } from "@amity/bytes";
import { zoneOf } from "@amity/intervals";
import { byKind, decimal, either, flag, integer, listOf, oneOf, orNull, pattern, recordOf, refuse, shape, text } from "./shape.ts";
import type { Charge, EnergyCharge, Tariff, TariffVersion } from "./tariff.ts";
import { compileCalendar } from "./tou.ts";

const date = pattern(/^\d{4}-\d\d-\d\d$/, "a date YYYY-MM-DD");
const monthDay = pattern(/^\d\d-\d\d$/, "a day of the year MM-DD");
const time = pattern(/^\d\d:\d\d$/, "a time HH:MM");
const month = integer(1, 12);
const rounding = shape({ places: integer(0, 12), mode: oneOf("halfUp", "halfEven", "down", "up") });
const tiers = shape(
  { basis: oneOf("bill", "month", "day", "kWhPerKw"), tiers: listOf(shape({ upTo: orNull(decimal), rate: decimal }), 1) },
  { demandOf: text, plus: listOf(decimal), aboveKw: decimal, sharedByEnergy: flag },
);
const base = { kind: text, id: text, label: text };
const per = oneOf("day", "month", "bill");
const flow = oneOf("volume", "import", "export", "netImport", "netExport", "reactiveImport", "reactiveExport");

const charge = byKind({
  fixed: shape({ ...base, amount: decimal, per }, { rounding }),
  energy: shape(
    { ...base, flow },
    {
      rounding,
      unit: oneOf("kWh", "MWh", "MJ", "GJ"),
      share: decimal,
      periods: listOf(text, 1),
      rate: decimal,
      tiers,
      priceSeries: text,
      priceFactor: decimal,
      lossFactor: decimal,
      quantityRounding: rounding,
      during: text,
      except: text,
    },
  ),
  demand: shape(
    { ...base, measure: oneOf("kW", "kVA"), windowMinutes: integer(1, 1440) },
    {
      rounding,
      flow: oneOf("import", "netImport"),
      sliding: flag,
      periods: listOf(text, 1),
      assessed: oneOf("month", "day"),
      rate: decimal,
      tiers,
      ratchet: shape({ percent: decimal, months: integer(1, 60) }, { onlyMonths: listOf(month, 1) }),
      powerFactorTarget: decimal,
      kvaShare: decimal,
      minimumKw: decimal,
      inExcessOf: listOf(text, 1),
      coincident: text,
      quantityRounding: rounding,
    },
  ),
  reactive: shape({ ...base, flow: oneOf("reactiveImport", "reactiveExport"), freeRatio: decimal, rate: decimal }, { rounding }),
  netting: shape(base, { rounding }),
  minimum: shape(
    { ...base, amount: decimal, per: oneOf("day", "month", "bill", "year") },
    { rounding, yearEndMonth: month, of: listOf(text) },
  ),
  percentage: shape({ ...base, percent: decimal }, { rounding, of: listOf(text), isTax: flag }),
  peakRebate: shape({ ...base, events: text, rate: decimal, baselineDays: integer(1, 60) }, { rounding }),
});

const schedule = shape(
  { ranges: listOf(shape({ from: time, to: time, period: text })) },
  {
    season: shape({ from: monthDay, to: monthDay }),
    days: listOf(oneOf("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "weekday", "weekend", "holiday"), 1),
  },
);
const netting = shape(
  { kind: oneOf("none", "interval", "billingPeriod"), surplus: oneOf("kWh", "money", "pay", "forfeit") },
  {
    trueUpMonth: month,
    trueUpRate: decimal,
    trueUpOn: oneOf("periodSurplus", "netEnergy"),
    netTogether: listOf(listOf(text, 1)),
    carryTo: recordOf(listOf(text)),
    creditsApply: oneOf("thisBill", "nextBill"),
    trueUpPaysMoney: flag,
  },
);
const version = shape(
  { version: integer(1, 1_000_000), effectiveFrom: date, charges: listOf(charge) },
  {
    effectiveTo: date,
    calendar: shape(
      { periods: listOf(text, 1), defaultPeriod: text, schedules: listOf(schedule) },
      { holidays: listOf(either(date, monthDay)) },
    ),
    rounding,
    totalRounding: rounding,
    monthBasis: either(oneOf("cycle"), integer(1, 366)),
    netting,
  },
);
const document = shape(
  {
    id: text,
    name: text,
    currency: pattern(/^[A-Z]{3}$/, "a currency code like EUR"),
    zone: text,
    versions: listOf(version, 1),
  },
  { commodity: oneOf("electricity", "gas", "water", "heat") },
);

/**
 * Takes a tariff from outside (JSON already parsed): every field checked, unknown ones refused, references followed.
 * @throws UsageError `tariff-invalid` naming the path of what is wrong and what belongs there.
 */
export function parseTariff(value: unknown): Tariff {
  document(value, "tariff");
  const tariff = value as Tariff;
  zoneOf(tariff.zone);
  const numbers = new Set<number>();
  for (const [index, entry] of tariff.versions.entries()) {
    if (numbers.has(entry.version)) throw refuse(`tariff.versions[${index}].version`, "a number that no other version has", entry.version);
    numbers.add(entry.version);
    requireSoundVersion(entry, `tariff.versions[${index}]`);
  }
  return tariff;
}

function requireSoundVersion(entry: TariffVersion, path: string): void {
  const periods = new Set(entry.calendar === undefined ? ["all"] : compileCalendar(entry.calendar).periods);
  const before = new Map<string, Charge["kind"]>();
  for (const [index, item] of entry.charges.entries()) {
    const at = `${path}.charges[${index}]`;
    if (before.has(item.id)) throw refuse(`${at}.id`, "an id that no earlier charge has", item.id);
    requireReferences(item, at, periods, before);
    before.set(item.id, item.kind);
  }
}

function requireReferences(item: Charge, at: string, periods: ReadonlySet<string>, before: ReadonlyMap<string, Charge["kind"]>): void {
  const named = [...("periods" in item ? (item.periods ?? []) : []), ...("inExcessOf" in item ? (item.inExcessOf ?? []) : [])];
  const strange = named.find((name) => !periods.has(name));
  if (strange !== undefined) throw refuse(`${at}.periods`, `times of use of the calendar (${[...periods].join(", ")})`, strange);
  const lost = "of" in item ? item.of?.find((id) => !before.has(id)) : undefined;
  if (lost !== undefined) throw refuse(`${at}.of`, "ids of earlier charges", lost);
  if (item.kind === "energy") requirePrice(item, at, before);
  if (item.kind === "demand" && item.rate === undefined && item.tiers === undefined)
    throw new UsageError(`${at} needs a rate or tiers`, { code: "tariff-invalid" });
  if ("tiers" in item && item.tiers !== undefined) requireTiers(item.tiers.tiers, `${at}.tiers.tiers`);
}

function requirePrice(item: EnergyCharge, at: string, before: ReadonlyMap<string, Charge["kind"]>): void {
  const prices = [item.rate, item.tiers, item.priceSeries].filter((price) => price !== undefined);
  if (prices.length !== 1) throw new UsageError(`${at} needs exactly one of rate, tiers and priceSeries`, { code: "tariff-invalid" });
  if (item.flow === "volume" && (item.unit !== undefined || item.priceSeries !== undefined))
    throw refuse(`${at}.flow`, "an energy flow where a unit or a price series is given", item.flow);
  const demandOf = item.tiers?.demandOf;
  if (demandOf !== undefined && before.get(demandOf) !== "demand")
    throw refuse(`${at}.tiers.demandOf`, "the id of an earlier demand charge", demandOf);
}

function requireTiers(list: readonly { readonly upTo: string | null }[], at: string): void {
  for (const [index, tier] of list.entries()) {
    const isLast = index === list.length - 1;
    if (isLast !== (tier.upTo === null))
      throw refuse(`${at}[${index}].upTo`, isLast ? "null: the last tier has no limit" : "a limit: only the last tier has none", tier.upTo);
    const previous = list[index - 1]?.upTo;
    if (tier.upTo !== null && previous !== undefined && previous !== null && Number(tier.upTo) <= Number(previous))
      throw refuse(`${at}[${index}].upTo`, "above the tier before", tier.upTo);
  }
}
