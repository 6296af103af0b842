import { resolveLocal, type Zone } from "@amity/intervals";

/** A time as text says it: an instant, or a wall-clock time that needs a zone. */
export type ParsedTime = { readonly kind: "instant"; readonly ms: number } | { readonly kind: "local"; readonly ms: number };

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;
const DAY_FIRST = /^(\d{1,2})[./](\d{1,2})[./](\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;

/** Reads ISO 8601 with or without offset, `DD.MM.YYYY HH:MM`, `DD/MM/YYYY HH:MM`, or epoch seconds or milliseconds. */
export function parseTime(text: string): ParsedTime | undefined {
  const iso = ISO.exec(text);
  if (iso !== null) {
    const ms = civilMs(iso[1], iso[2], iso[3], iso[4], iso[5], iso[6]);
    if (ms === undefined) return undefined;
    return iso[7] === undefined ? { kind: "local", ms } : { kind: "instant", ms: ms - offsetMs(iso[7]) };
  }
  const dayFirst = DAY_FIRST.exec(text);
  if (dayFirst !== null) {
    const ms = civilMs(dayFirst[3], dayFirst[2], dayFirst[1], dayFirst[4], dayFirst[5], dayFirst[6]);
    return ms === undefined ? undefined : { kind: "local", ms };
  }
  if (/^\d{9,10}$/.test(text)) return { kind: "instant", ms: Number(text) * 1000 };
  if (/^\d{12,13}$/.test(text)) return { kind: "instant", ms: Number(text) };
  return undefined;
}

/**
 * The instant of a parsed time. Where a wall-clock hour comes twice, the second coming is told by order: a label that is
 * not later than the one before (`previousMs`) is the later of the two.
 */
export function instantOf(time: ParsedTime, zone: Zone, previousMs: number): number {
  if (time.kind === "instant") return time.ms;
  const earlier = resolveLocal(zone, time.ms, "earlier");
  if (earlier.kind !== "overlap" || earlier.instantMs > previousMs) return earlier.instantMs;
  return resolveLocal(zone, time.ms, "later").instantMs;
}

function civilMs(...parts: (string | undefined)[]): number | undefined {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 59) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day ? ms : undefined;
}

function offsetMs(text: string): number {
  if (text === "Z") return 0;
  const digits = text.replace(":", "");
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (digits.startsWith("-") ? -minutes : minutes) * 60_000;
}
