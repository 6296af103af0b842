import type { FleetPlan, PlannedMeter } from "./fleet.ts";
import { uniform } from "./household/hash.ts";
import type { JournalEntry } from "./journal.ts";
import type { MeterOperation } from "./metrology/operations.ts";

export interface PastOptions {
  /** The past ends here, before anything that a journal holds. */
  readonly endMs: number;
  readonly days: number;
}

/**
 * What happened to a fleet before it was first read: outages of feeders, transformers and single houses, disconnections for debt,
 * clocks set, covers opened, a few by-passes. Drawn from the plan's seed, so it needs no storing, and is known: whoever looks for faults can
 * be judged by it. In order of time.
 */
export function planPast(plan: FleetPlan, options: PastOptions): JournalEntry[] {
  const draw = new Draw(plan.seed, options);
  const entries = [
    ...plan.feeders.flatMap(({ feederId }, index) =>
      outages(draw, { stream: 1, index, chance: RATES.feederOutage, longestMinutes: 170 }, membersOf(plan, "feederId", feederId)),
    ),
    ...plan.transformers.flatMap(({ transformerId }, index) =>
      outages(
        draw,
        { stream: 2, index, chance: RATES.transformerOutage, longestMinutes: 100 },
        membersOf(plan, "transformerId", transformerId),
      ),
    ),
    ...plan.meters.flatMap((meter, index) => [
      ...outages(draw, { stream: 3, index, chance: RATES.houseOutage, longestMinutes: 40 }, [meter]),
      ...debts(draw, index, meter),
      ...clockCorrections(draw, index, meter),
      ...tampering(draw, index, meter),
    ]),
  ];
  const installed = new Map(plan.meters.map((meter) => [meter.meterId, meter.installedMs]));
  return entries
    .filter(({ meterId, operation }) => operation.atMs > (installed.get(meterId) ?? Number.POSITIVE_INFINITY))
    .toSorted((left, right) => left.operation.atMs - right.operation.atMs);
}

/** Chances over sixty days. */
const RATES = {
  feederOutage: 0.6,
  transformerOutage: 0.35,
  houseOutage: 0.05,
  debt: 0.012,
  clock: 0.02,
  cover: 0.006,
  bypass: 0.008,
} as const;
const RATES_DAYS = 60;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface OutageKind {
  readonly stream: number;
  readonly index: number;
  readonly chance: number;
  readonly longestMinutes: number;
}

/** Random access draws, one stream for each kind of happening. */
class Draw {
  readonly #seed: number;
  readonly #options: PastOptions;

  constructor(seed: number, options: PastOptions) {
    this.#seed = seed;
    this.#options = options;
  }

  unit(stream: number, index: number): number {
    return uniform(this.#seed ^ 0x9a57, stream, index);
  }

  /** Whether something of that chance in sixty days happened in this past. */
  happens(stream: number, index: number, chance: number): boolean {
    return this.unit(stream, index) < 1 - (1 - chance) ** (this.#options.days / RATES_DAYS);
  }

  /** An instant of the past, to the second. */
  instant(stream: number, index: number): number {
    const { endMs, days } = this.#options;
    return this.within(Math.floor((endMs - days * DAY_MS * this.unit(stream, index)) / 1000) * 1000);
  }

  /** What would go on past the end stops there: a meter must not be left dark with nobody to bring it back. */
  within(atMs: number): number {
    return Math.min(atMs, this.#options.endMs - 1000);
  }
}

function outages(draw: Draw, { stream, index, chance, longestMinutes }: OutageKind, meters: readonly PlannedMeter[]): JournalEntry[] {
  if (!draw.happens(100 + stream, index, chance)) return [];
  const fromMs = draw.instant(110 + stream, index);
  const toMs = draw.within(fromMs + Math.round((3 + (longestMinutes - 3) * draw.unit(120 + stream, index) ** 2) * 60) * 1000);
  return meters.flatMap((meter) => [entry(meter, { kind: "powerDown", atMs: fromMs }), entry(meter, { kind: "powerUp", atMs: toMs })]);
}

function debts(draw: Draw, index: number, meter: PlannedMeter): JournalEntry[] {
  if (!draw.happens(200, index, RATES.debt)) return [];
  const fromMs = draw.instant(201, index);
  const toMs = draw.within(fromMs + Math.round(DAY_MS * (0.3 + 4 * draw.unit(202, index))));
  return [entry(meter, { kind: "disconnect", by: "remote", atMs: fromMs }), entry(meter, { kind: "reconnect", by: "remote", atMs: toMs })];
}

/** A clock found wrong by up to five minutes: it runs wrong for some days, then is put right. */
function clockCorrections(draw: Draw, index: number, meter: PlannedMeter): JournalEntry[] {
  if (!draw.happens(300, index, RATES.clock)) return [];
  const fromMs = draw.instant(301, index);
  const errorMs = Math.round((draw.unit(302, index) - 0.5) * 600) * 1000;
  const rightMs = draw.within(fromMs + Math.round(DAY_MS * (0.5 + 6 * draw.unit(303, index))));
  return [
    entry(meter, { kind: "setClock", atMs: fromMs, toMs: fromMs + errorMs }),
    entry(meter, { kind: "setClock", atMs: rightMs, toMs: rightMs }),
  ];
}

function tampering(draw: Draw, index: number, meter: PlannedMeter): JournalEntry[] {
  const isBypass = draw.happens(400, index, RATES.bypass);
  if (!isBypass && !draw.happens(401, index, RATES.cover)) return [];
  const atMs = draw.instant(402, index);
  const opened = [
    entry(meter, { kind: "openCover", atMs }),
    entry(meter, { kind: "closeCover", atMs: draw.within(atMs + 25 * MINUTE_MS) }),
  ];
  if (!isBypass) return opened;
  const perMille = Math.round(150 + 550 * draw.unit(403, index));
  // A magnet from outside leaves the cover shut.
  const traces = draw.unit(404, index) < 0.4 ? [entry(meter, { kind: "applyMagnet", atMs })] : opened;
  return [...traces, entry(meter, { kind: "setMeteredShare", perMille, atMs: draw.within(atMs + 20 * MINUTE_MS) })];
}

function membersOf(plan: FleetPlan, key: "feederId" | "transformerId", id: string): PlannedMeter[] {
  return plan.meters.filter((meter) => meter[key] === id);
}

function entry({ meterId }: PlannedMeter, operation: MeterOperation): JournalEntry {
  return { meterId, operation };
}
