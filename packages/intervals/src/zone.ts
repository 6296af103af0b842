import { UsageError } from "@amity/bytes";
import { DAY_MS } from "./calendar.ts";

/** An IANA time zone, with its transitions found once and kept. */
export interface Zone {
  readonly name: string;
  /** Local minus UTC at an instant (ms, positive east of Greenwich). */
  offsetMsAt(instantMs: number): number;
  /** Instants in `[fromMs, toMs)` at which the offset changes. */
  transitionsBetween(fromMs: number, toMs: number): readonly Transition[];
}

export interface Transition {
  /** First instant with the new offset. */
  readonly atMs: number;
  readonly offsetBeforeMs: number;
  readonly offsetAfterMs: number;
}

/** What a local wall-clock time stands for. */
export interface Resolved {
  readonly instantMs: number;
  /** `gap`: the wall clock skipped it (instant moved forward by the gap). `overlap`: it came twice. */
  readonly kind: "exact" | "gap" | "overlap";
}

/** Probe distance when looking for transitions: closer than any two that really happened since 1970 (Gaza 2011: 29 days). */
const PROBE_MS = 6 * DAY_MS;

const known = new Map<string, Zone>();

/** The zone of an IANA name, e.g. `Europe/Berlin`. @throws UsageError `unknown-zone`. */
export function zoneOf(name: string): Zone {
  let zone = known.get(name);
  if (zone === undefined) {
    zone = new TabulatedZone(name);
    known.set(name, zone);
  }
  return zone;
}

class TabulatedZone implements Zone {
  readonly name: string;
  readonly #probe: (instantMs: number) => number;
  readonly #years = new Map<number, readonly Transition[]>();
  #lastStartMs = 0;
  #lastEndMs = 0;
  #lastOffsetMs = 0;

  constructor(name: string) {
    this.name = name;
    this.#probe = offsetProbe(name);
  }

  offsetMsAt(instantMs: number): number {
    if (instantMs >= this.#lastStartMs && instantMs < this.#lastEndMs) return this.#lastOffsetMs;
    const year = new Date(instantMs).getUTCFullYear();
    let startMs = Date.UTC(year, 0, 1);
    let endMs = Date.UTC(year + 1, 0, 1);
    let offsetMs: number | undefined;
    for (const transition of this.#transitionsOf(year)) {
      if (transition.atMs <= instantMs) {
        startMs = transition.atMs;
        offsetMs = transition.offsetAfterMs;
      } else {
        endMs = transition.atMs;
        offsetMs ??= transition.offsetBeforeMs;
        break;
      }
    }
    this.#lastStartMs = startMs;
    this.#lastEndMs = endMs;
    this.#lastOffsetMs = offsetMs ?? this.#probe(startMs);
    return this.#lastOffsetMs;
  }

  transitionsBetween(fromMs: number, toMs: number): readonly Transition[] {
    const found: Transition[] = [];
    const lastYear = new Date(toMs).getUTCFullYear();
    for (let year = new Date(fromMs).getUTCFullYear(); year <= lastYear; year++) {
      for (const transition of this.#transitionsOf(year)) {
        if (transition.atMs >= fromMs && transition.atMs < toMs) found.push(transition);
      }
    }
    return found;
  }

  #transitionsOf(year: number): readonly Transition[] {
    let transitions = this.#years.get(year);
    if (transitions === undefined) {
      transitions = findTransitions(this.#probe, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1));
      this.#years.set(year, transitions);
    }
    return transitions;
  }
}

/** Transitions with `startMs <= atMs < endMs`, by probing and bisecting to the second. */
function findTransitions(probe: (instantMs: number) => number, startMs: number, endMs: number): Transition[] {
  const transitions: Transition[] = [];
  let beforeMs = startMs - 1000;
  let before = probe(beforeMs);
  for (let atMs = startMs; beforeMs < endMs - 1000; atMs = Math.min(atMs + PROBE_MS, endMs - 1000)) {
    const after = probe(atMs);
    if (after !== before) {
      let low = beforeMs;
      let high = atMs;
      while (high - low > 1000) {
        const middle = Math.floor((low + high) / 2000) * 1000;
        if (probe(middle) === before) low = middle;
        else high = middle;
      }
      transitions.push({ atMs: high, offsetBeforeMs: before, offsetAfterMs: after });
    }
    beforeMs = atMs;
    before = after;
  }
  return transitions;
}

/** Asks the platform's own zone database, one instant at a time (slow: some microseconds). */
function offsetProbe(name: string): (instantMs: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
      era: "short",
    });
  } catch {
    throw new UsageError(`"${name}" is not a time zone`, { code: "unknown-zone", advice: "use an IANA name such as Europe/Berlin" });
  }
  return (instantMs) => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instantMs)) part[type] = Number(value);
    const local = Date.UTC(
      part["year"] ?? 0,
      (part["month"] ?? 1) - 1,
      part["day"] ?? 1,
      part["hour"] ?? 0,
      part["minute"] ?? 0,
      part["second"] ?? 0,
    );
    return local - Math.floor(instantMs / 1000) * 1000;
  };
}

/** Day number (local calendar) of the local day that holds an instant. */
export function localDayOf(zone: Zone, instantMs: number): number {
  return Math.floor((instantMs + zone.offsetMsAt(instantMs)) / DAY_MS);
}

/** The first instant of a local day (the wall clock may start at 01:00 where midnight is skipped). */
export function startOfLocalDayMs(zone: Zone, localDay: number): number {
  const midnightMs = localDay * DAY_MS;
  const midnight = resolveLocal(zone, midnightMs);
  return midnight.kind === "gap" ? (gapAt(zone, midnightMs)?.atMs ?? midnight.instantMs) : midnight.instantMs;
}

/** Length of a local day in ms: 23, 24 or 25 hours where the zone shifts by one. */
export function localDayLengthMs(zone: Zone, localDay: number): number {
  return startOfLocalDayMs(zone, localDay + 1) - startOfLocalDayMs(zone, localDay);
}

/** Slots of `intervalSeconds` in a local day: 92, 96 or 100 quarter-hours. */
export function slotsInLocalDay(zone: Zone, localDay: number, intervalSeconds: number): number {
  return Math.round(localDayLengthMs(zone, localDay) / (intervalSeconds * 1000));
}

/**
 * The instant of a wall-clock time given as ms since 1970-01-01T00:00 local. A time that comes twice gives the earlier
 * instant unless `prefer` says `later`; a skipped one gives the instant that the old offset would have given.
 */
export function resolveLocal(zone: Zone, localMs: number, prefer: "earlier" | "later" = "earlier"): Resolved {
  const candidates: number[] = [];
  const offsets = new Set([zone.offsetMsAt(localMs - DAY_MS), zone.offsetMsAt(localMs), zone.offsetMsAt(localMs + DAY_MS)]);
  for (const offsetMs of offsets) {
    const instantMs = localMs - offsetMs;
    if (zone.offsetMsAt(instantMs) === offsetMs) candidates.push(instantMs);
  }
  if (candidates.length === 0) return { instantMs: afterGap(zone, localMs), kind: "gap" };
  const instantMs = prefer === "earlier" ? Math.min(...candidates) : Math.max(...candidates);
  return { instantMs, kind: candidates.length > 1 ? "overlap" : "exact" };
}

/** A skipped wall-clock time, read with the offset before the gap. */
function afterGap(zone: Zone, localMs: number): number {
  const gap = gapAt(zone, localMs);
  return gap === undefined ? localMs - zone.offsetMsAt(localMs) : localMs - gap.offsetBeforeMs;
}

/** The transition that skipped a wall-clock time. */
function gapAt(zone: Zone, localMs: number): Transition | undefined {
  return zone
    .transitionsBetween(localMs - 2 * DAY_MS, localMs + 2 * DAY_MS)
    .find(({ atMs, offsetBeforeMs, offsetAfterMs }) => localMs >= atMs + offsetBeforeMs && localMs < atMs + offsetAfterMs);
}
