import { DecodeError } from "@amity/bytes";

/** The logical name of a COSEM object in its canonical text `A-B:C.D.E.F`, all six groups given. A key for maps. */
export type Obis = string & { readonly brand: "obis" };

/** Logical names seen so far by their 48-bit value: a fleet uses a few hundred of them. */
const INTERNED = new Map<number, Obis>();
const INTERNED_MAX = 4096;
/** The way back. */
const OCTETS = new Map<Obis, Uint8Array>();

/**
 * Reads `1-0:1.8.0.255`, `1.0.1.8.0.255`, `1-0:1.8.0*255` or `1-0:1.8.0` (F is then 255).
 * @throws DecodeError `not-obis`.
 */
export function parseObis(text: string): Obis {
  const match = /^(\d{1,3})[-.](\d{1,3})[:.](\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[.*&](\d{1,3}))?$/.exec(text.trim());
  const groups = match?.slice(1).map((group) => (group === undefined ? 255 : Number(group)));
  if (groups === undefined || groups.some((group) => group > 255)) {
    throw new DecodeError(`"${text}" is not an OBIS code`, {
      offset: -1,
      code: "not-obis",
      advice: "write it as A-B:C.D.E.F, e.g. 1-0:1.8.0.255",
    });
  }
  return obisFromOctets(Uint8Array.from(groups));
}

/** The canonical text of six octets. @throws DecodeError where there are not six. */
export function obisFromOctets(octets: Uint8Array, start = 0): Obis {
  if (octets.length - start < 6) throw new DecodeError("a logical name has six octets", { offset: start, code: "truncated" });
  const at = (index: number): number => octets[start + index] ?? 0;
  const key = ((at(0) << 16) | (at(1) << 8) | at(2)) * 0x1000000 + ((at(3) << 16) | (at(4) << 8) | at(5));
  const known = INTERNED.get(key);
  if (known !== undefined) return known;
  const obis = `${at(0)}-${at(1)}:${at(2)}.${at(3)}.${at(4)}.${at(5)}` as Obis;
  if (INTERNED.size < INTERNED_MAX) INTERNED.set(key, obis);
  return obis;
}

/** The six octets A to F. */
export function obisToOctets(obis: Obis): Uint8Array {
  let octets = OCTETS.get(obis);
  if (octets === undefined) {
    octets = Uint8Array.from(obis.split(/[-:.]/), Number);
    if (OCTETS.size < INTERNED_MAX) OCTETS.set(obis, octets);
  }
  // A copy: nobody may change what others are given.
  return octets.slice();
}
