import { UsageError } from "@amity/bytes";

/** Six octets (or their hex) as `1-0:1.8.0*255`; `undefined` for any other length. */
export function obisText(name: Uint8Array | string): string | undefined {
  const octets = typeof name === "string" ? (name.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)) : name;
  if (octets.length !== 6) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = octets;
  return `${a}-${b}:${c}.${d}.${e}*${f}`;
}

/** `1-0:1.8.0*255` (or without `*255`) as six octets. @throws UsageError `obis`. */
export function obisOctets(text: string): Uint8Array {
  const match = /^(\d+)-(\d+):(\d+)\.(\d+)\.(\d+)(?:\*(\d+))?$/.exec(text);
  const groups = match === null ? [] : match.slice(1).map((group) => Number(group ?? 255));
  if (groups.length !== 6 || groups.some((group) => group > 255)) throw new UsageError(`"${text}" is no OBIS code`, { code: "obis" });
  return Uint8Array.from(groups);
}
