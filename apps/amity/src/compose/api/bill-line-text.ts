import { Money, type BillLine } from "@amity/mdm";

/** Places that a quantity is shown with; the line itself keeps all of them. */
const PLACES: Readonly<Partial<Record<BillLine["unit"], number>>> = { kWh: 3, MWh: 3, MJ: 3, GJ: 3, m3: 3, kvarh: 3, kW: 3, kVA: 3 };
const UNIT_WORDS: Readonly<Partial<Record<BillLine["unit"], string>>> = {
  m3: "m³",
  day: "days",
  month: "months",
  bill: "bill",
  year: "year",
};

/** What was counted, as people read it: `312.4 kWh`, `28 days`; of a percentage, what it is taken of. */
export function quantityText({ unit, quantity }: Pick<BillLine, "unit" | "quantity">): string {
  if (unit === "percent") return `of ${moneyText(quantity)}`;
  if (unit === "credit") return "";
  const places = PLACES[unit];
  const rounded = places === undefined ? quantity : new Money(quantity).toDecimalPlaces(places).toFixed();
  return `${rounded} ${wordOf(unit, quantity)}`;
}

/** The price of one, as people read it: `0.5412 per kWh`, `10 %`; absent where a line has none. */
export function rateText({ unit, rate }: Pick<BillLine, "unit" | "rate">): string | undefined {
  if (rate === undefined || unit === "credit") return undefined;
  return unit === "percent" ? `${rate} %` : `${rate} per ${unit === "m3" ? "m³" : unit}`;
}

/** Two places at least, as money is written. */
export function moneyText(decimal: string): string {
  const [whole = "0", places = ""] = decimal.split(".");
  return `${whole}.${places.padEnd(2, "0")}`;
}

export function differenceOf(after: string, before: string): string {
  return moneyText(new Money(after).minus(before).toFixed());
}

function wordOf(unit: BillLine["unit"], quantity: string): string {
  const word = UNIT_WORDS[unit] ?? unit;
  return quantity === "1" && word.endsWith("s") ? word.slice(0, -1) : word;
}
