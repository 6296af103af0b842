import type { Unit } from "@amity/model";

/** UnitSymbolKind of IEC 61968-9, as reading types (17th number) and Green Button's `uom` write it. */
const UNITS: Readonly<Record<string, Unit>> = {
  "72": "Wh",
  "31": "J",
  "73": "varh",
  "71": "VAh",
  "38": "W",
  "63": "var",
  "61": "VA",
  "29": "V",
  "5": "A",
  "33": "Hz",
  "42": "m3",
  "6": "K",
  "23": "degC",
  "0": "none",
};
const CODES = new Map(Object.entries(UNITS).map(([code, unit]) => [unit, code]));

/** The unit of a code; `undefined` for one that no channel has. */
export function unitOfSymbol(code: string): Unit | undefined {
  return UNITS[code];
}

/** The code of a unit; `undefined` for one that the standard has no symbol for. */
export function symbolOfUnit(unit: Unit): string | undefined {
  return CODES.get(unit);
}
