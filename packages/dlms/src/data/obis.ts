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
  const key = u24At(octets, start) * 0x1000000 + u24At(octets, start + 3);
  const known = INTERNED.get(key);
  if (known !== undefined) return known;
  const [a, b, c, d, e, f] = octets.subarray(start, start + 6);
  const obis = `${a}-${b}:${c}.${d}.${e}.${f}` as Obis;
  if (INTERNED.size < INTERNED_MAX) INTERNED.set(key, obis);
  return obis;
}

function u24At(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 16) | ((octets[at + 1] ?? 0) << 8) | (octets[at + 2] ?? 0);
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
