import { toHex } from "@amity/bytes";
import type { SmlListEntry } from "./types.ts";

const POWER = "0100100700ff";
const SERVER_ID = "0100600100ff";
/** Server id of a DZG electricity meter: length and medium, `DZG`, then the fabrication number. */
const DZG = "0a01445a47";
/** Fabrication numbers of the DVS74 with the fault. */
const FAULTY_DVS74 = [
  [42_000_000, 48_999_999],
  [55_000_000, 58_999_999],
] as const;

/**
 * Older DZG DVS74 meters leave out leading zero octets of a positive power, and with them its sign: 53 80 25 means 328.05 W.
 * Negative powers they send in all four octets. True where such a value was read as negative.
 */
export function isOverflownPower(entry: SmlListEntry, list: readonly SmlListEntry[]): boolean {
  const { value } = entry;
  if (value.kind !== "integer" || value.value >= 0n || value.width > 3) return false;
  return toHex(entry.objName) === POWER && list.some((other) => isFaultyDvs74(other));
}

function isFaultyDvs74({ objName, value }: SmlListEntry): boolean {
  if (value.kind !== "octets" || value.octets.length !== 10 || toHex(objName) !== SERVER_ID) return false;
  const id = toHex(value.octets);
  const serial = Number.parseInt(id.slice(DZG.length), 16);
  return id.startsWith(DZG) && FAULTY_DVS74.some(([first, last]) => serial >= first && serial <= last);
}
