import { DES_OCTETS } from "@amity/crypto";
import { dateOctets, type CivilDate } from "../application/data-types.ts";

/**
 * Initial vector of security modes 2 and 3 (EN 13757-7, 9.4.3): zeros; in mode 3 the identification (4, as sent), the
 * manufacturer (2) and the date of transmission as a type G (2). The date is not in the message.
 */
export function desInitialVector(mode: 2 | 3, linkAddress: Uint8Array, date: CivilDate | undefined): Uint8Array {
  const iv = new Uint8Array(DES_OCTETS);
  if (mode === 2) return iv;
  iv.set(linkAddress.subarray(2, 6), 0);
  iv.set(linkAddress.subarray(0, 2), 4);
  iv.set(dateOctets(date ?? { year: 2000, month: 0, day: 0 }), 6);
  return iv;
}
