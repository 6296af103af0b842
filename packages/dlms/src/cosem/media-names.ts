import { gasName } from "./gas-names.ts";

/** Names of the quantities of heat cost allocators (A = 4), cooling and heat (5, 6), gas (7), cold and hot water (8, 9), and of DC electricity (2). */
export function mediumName(a: number, c: number, d: number, e: number): string | undefined {
  if (a === 7) return gasName(c, d, e);
  const medium = MEDIA[a];
  const quantity = medium?.quantities[c];
  const processing = (a === 2 ? DC_PROCESSINGS : PROCESSINGS)[d];
  if (medium === undefined || quantity === undefined || processing === undefined) return undefined;
  const name = medium.prefix === "" ? quantity : `${medium.prefix} ${quantity}`;
  return [name, processing, e === 0 || e === 255 ? "" : `rate ${e}`].filter((part) => part !== "").join(", ");
}

interface Medium {
  readonly prefix: string;
  /** By C. */
  readonly quantities: Readonly<Record<number, string>>;
}

const THERMAL: Readonly<Record<number, string>> = {
  1: "energy",
  2: "accounted volume",
  3: "accounted mass",
  4: "flow volume",
  5: "flow mass",
  6: "return volume",
  7: "return mass",
  8: "power",
  9: "flow rate",
  10: "flow temperature",
  11: "return temperature",
  12: "temperature difference",
  13: "media pressure",
};
const WATER: Readonly<Record<number, string>> = { 1: "volume", 2: "flow rate", 3: "temperature" };

const MEDIA: Readonly<Record<number, Medium>> = {
  2: {
    prefix: "DC",
    quantities: {
      1: "power or energy import (+)",
      2: "power or energy export (-)",
      11: "current",
      12: "voltage",
      92: "voltage, low to ground",
    },
  },
  4: {
    prefix: "Heat cost allocator,",
    quantities: {
      1: "unrated units",
      2: "rated units",
      3: "radiator surface temperature",
      4: "heating medium temperature",
      5: "flow temperature",
      6: "return temperature",
      7: "room temperature",
    },
  },
  5: { prefix: "Cooling", quantities: THERMAL },
  6: { prefix: "Heat", quantities: THERMAL },
  8: { prefix: "Cold water", quantities: WATER },
  9: { prefix: "Hot water", quantities: WATER },
};

/** D of heat cost allocators, thermal energy and water. */
const PROCESSINGS: Readonly<Record<number, string>> = {
  0: "",
  1: "periodical value",
  2: "set date value",
  3: "billing date value",
  4: "minimum",
  5: "maximum",
  6: "test value",
  7: "instantaneous",
};

/** D of DC electricity: as of AC where it is in use. */
const DC_PROCESSINGS: Readonly<Record<number, string>> = {
  3: "minimum",
  4: "current average",
  5: "last average",
  6: "maximum",
  7: "instantaneous",
  8: "",
  9: "billing period",
  24: "average 3",
  27: "average in the recording interval 1",
  28: "average in the recording interval 2",
  29: "in the recording interval 1",
  30: "in the recording interval 2",
};
