import type { Commodity, Unit } from "@amity/model";

/** Media of OBIS, group A (IEC 62056-6-1): 5 and 6 cooling and heat, 7 gas, 8 and 9 cold and hot water. */
const MEDIA: Readonly<Record<string, Commodity>> = { "1": "electricity", "5": "heat", "6": "heat", "7": "gas", "8": "water", "9": "water" };

/** What a channel measures: by its OBIS code where it has one, else by its unit, where a volume is taken for water. */
export function commodityOf(channel: string, unit: Unit): Commodity {
  const medium = MEDIA[/^(\d)-\d{1,3}:/.exec(channel)?.[1] ?? ""];
  return medium ?? (unit === "m3" ? "water" : unit === "J" ? "heat" : "electricity");
}

/** CommodityKind of IEC 61968-9 (annex C) and ESPI: electricity on the secondary side, natural gas, potable water, heating fluid. */
export const COMMODITY_KINDS: Readonly<Record<Commodity, string>> = { electricity: "1", gas: "7", water: "9", heat: "12" };
