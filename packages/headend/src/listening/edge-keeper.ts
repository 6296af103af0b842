import type { IntervalSeries, RegisterReading } from "@amity/model";
import type { CollectedReadings } from "../driver.ts";
import { intervalsBetween } from "../local/stamped-registers.ts";
import type { RegisterEdge } from "../registry.ts";

/** What is worth keeping of a telegram, and where its intervals end. */
export interface KeptReadings extends CollectedReadings {
  readonly edges: readonly RegisterEdge[];
  /**
   * The edges before and those after, to be durable before anything of this goes to the sink: cut off in between, `unfinished` makes the
   * same of them again.
   */
  readonly intent: readonly RegisterEdge[];
}

const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;
/** A telegram counts for the end of an interval when it comes within this share of the interval after it. */
const TOLERANCE = 1 / 15;
/** Events that are remembered: a telegram repeats the same ones every second. */
const EVENTS_MAX = 200;

/**
 * Telegrams that come every second, thinned to what a ledger wants: the first cumulative registers after each end of an interval (a
 * quarter-hour of electricity, an hour of gas, water and heat), the intervals between them, and each event once. What a telegram
 * brings counts only when `advance` says that it is stored.
 */
export class EdgeKeeper {
  #edges: ReadonlyMap<string, RegisterEdge>;
  readonly #events = new Set<string>();

  constructor(edges: readonly RegisterEdge[]) {
    this.#edges = new Map(edges.map((edge) => [keyOf(edge), edge]));
  }

  /** What of this is new and stands near an end; `undefined` where nothing is. */
  keep(readings: CollectedReadings): KeptReadings | undefined {
    const registers: RegisterReading[] = [];
    const intervals: IntervalSeries[] = [...readings.intervals];
    const edges = new Map(this.#edges);
    for (const register of readings.registers) {
      const periodMs = periodOf(register.channel);
      const known = this.#edges.get(keyOf(register));
      if (periodMs === undefined) continue;
      const edgeMs = Math.floor(register.atMs / periodMs) * periodMs;
      const isNear = register.atMs - edgeMs <= periodMs * TOLERANCE;
      // The first word of a meter is kept whenever it comes: it shows that it is heard.
      if (known !== undefined && (!isNear || edgeMs <= known.edgeMs)) continue;
      registers.push(register);
      const { meterId, channel, unit, scaler, value } = register;
      const own = { meterId, channel, unit, scaler, value: String(value), readMs: register.atMs };
      edges.set(keyOf(register), { ...own, edgeMs: isNear ? edgeMs : edgeMs - periodMs });
      if (known !== undefined && isNear && edgeMs - known.edgeMs === periodMs)
        intervals.push(...intervalsBetween([earlierOf(known)], [register], { startMs: known.edgeMs, periodMs }));
    }
    const events = readings.events.filter((event) => !this.#events.has(eventKey(event)));
    if (registers.length === 0 && intervals.length === 0 && events.length === 0) return undefined;
    const fresh = [...edges].flatMap(([key, edge]) => (this.#edges.get(key) === edge ? [] : [edge]));
    return { registers, intervals, events, edges: [...edges.values()], intent: [...this.#edges.values(), ...fresh] };
  }

  /** What edges written down ahead would have brought to the sink; `undefined` where nothing was cut off. */
  static unfinished(edges: readonly RegisterEdge[]): KeptReadings | undefined {
    const before = new Map<string, RegisterEdge>();
    const intervals: IntervalSeries[] = [];
    const registers: RegisterReading[] = [];
    for (const edge of edges) {
      const earlier = before.get(keyOf(edge));
      before.set(keyOf(edge), edge);
      if (earlier === undefined) continue;
      const { readMs = edge.edgeMs } = edge;
      const register = { ...earlierOf(edge), atMs: readMs };
      const periodMs = periodOf(edge.channel);
      registers.push(register);
      if (periodMs !== undefined && edge.edgeMs - earlier.edgeMs === periodMs)
        intervals.push(...intervalsBetween([earlierOf(earlier)], [register], { startMs: earlier.edgeMs, periodMs }));
    }
    const newest = [...before.values()];
    return registers.length === 0 ? undefined : { registers, intervals, events: [], edges: newest, intent: edges };
  }

  /** What was kept is stored: go on from there. */
  advance(kept: KeptReadings): void {
    this.#edges = new Map(kept.edges.map((edge) => [keyOf(edge), edge]));
    for (const event of kept.events) {
      if (this.#events.size >= EVENTS_MAX) this.#events.clear();
      this.#events.add(eventKey(event));
    }
  }
}

/** A cumulative register's interval; `undefined` for momentary values, of which the next telegram brings a newer one. */
function periodOf(channel: string): number | undefined {
  if (channel.startsWith("1-")) return /:\d+\.8\.\d+$/.test(channel) ? QUARTER_MS : undefined;
  return /^[4-9]-\d+:(?:1|2|3|33)\.\d+\.\d+$/.test(channel) ? HOUR_MS : undefined;
}

function keyOf({ meterId, channel, unit, scaler }: Pick<RegisterEdge, "meterId" | "channel" | "unit" | "scaler">): string {
  return `${meterId}\0${channel}\0${unit}\0${scaler}`;
}

function eventKey({ meterId, log, atMs, code }: CollectedReadings["events"][number]): string {
  return `${meterId}\0${log}\0${atMs}\0${code}`;
}

function earlierOf({ meterId, channel, unit, scaler, edgeMs, value }: RegisterEdge): RegisterReading {
  return { meterId, channel, unit, scaler, atMs: edgeMs, value: BigInt(value), quality: 0 };
}
