import type { Random } from "@amity/runtime";

/** What can go wrong. Those with a duration end by themselves. */
export const FAULT_KINDS = [
  "noise",
  "isolatedMeter",
  "slowNetwork",
  "partition",
  "streamReset",
  "concentratorCrash",
  "concentratorCrashAtWrite",
  "headEndCrash",
  "headEndCrashAtCommit",
  "feederCut",
  "diskFull",
  "databaseTrouble",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault of the script: what, whom, from when to when (virtual ms). */
export interface Fault {
  readonly kind: FaultKind;
  /** Concentrator, feeder or meter; `head-end` and `network` for those that there is one of. */
  readonly target: string;
  readonly atMs: number;
  readonly untilMs: number;
  /** How bad, in [0, 1): each kind reads it its own way. */
  readonly severity: number;
}

/** What there is to break. */
export interface FaultTargets {
  readonly concentrators: readonly string[];
  readonly feeders: readonly string[];
  /** Meters on a medium. */
  readonly stations: readonly string[];
  /** The node that holds the meters on direct routes. */
  readonly field: string;
}

const MINUTE_MS = 60_000;

/** Shortest and longest duration (minutes) of each kind; for a crash at a write or commit, how long it lies in wait for one. */
const DURATIONS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  noise: [5, 60],
  isolatedMeter: [20, 240],
  slowNetwork: [10, 60],
  partition: [2, 180],
  streamReset: [0, 0],
  concentratorCrash: [1, 45],
  concentratorCrashAtWrite: [30, 90],
  headEndCrash: [1, 30],
  headEndCrashAtCommit: [30, 90],
  feederCut: [1, 120],
  diskFull: [20, 240],
  databaseTrouble: [1, 15],
};

/** Faults of every kind come up about this often in a virtual day. */
const FAULTS_PER_DAY = 36;
const FAULTS_MAX = 2_000;

/**
 * Draws the script of a run: every kind in turn, in an order and at instants drawn from the seed, so that a run of a day has met each kind
 * at least once. All end before `toMs`. Instants are whole seconds, as meters note them.
 */
export function drawFaults(random: Random, targets: FaultTargets, span: { fromMs: number; toMs: number }): Fault[] {
  const lengthMs = span.toMs - span.fromMs;
  const count = Math.min(FAULTS_MAX, Math.max(4, Math.round((lengthMs / 86_400_000) * FAULTS_PER_DAY)));
  const order = shuffled(FAULT_KINDS, random);
  const faults: Fault[] = [];
  for (let index = 0; index < count; index++) {
    const kind = order[index % order.length] ?? "streamReset";
    const [least, most] = DURATIONS[kind];
    const durationMs = Math.min(lengthMs / 2, wholeSeconds((least + (most - least) * random.float()) * MINUTE_MS));
    const atMs = wholeSeconds(span.fromMs + random.float() * (lengthMs - durationMs));
    faults.push({
      kind,
      target: targetOf(kind, targets, random),
      atMs,
      untilMs: wholeSeconds(atMs + durationMs),
      severity: random.float(),
    });
  }
  return faults.toSorted((left, right) => left.atMs - right.atMs);
}

function targetOf(kind: FaultKind, targets: FaultTargets, random: Random): string {
  const anyOf = (names: readonly string[]): string => names[random.below(names.length)] ?? "";
  switch (kind) {
    case "noise":
    case "concentratorCrash":
    case "concentratorCrashAtWrite":
    case "diskFull":
      return anyOf(targets.concentrators);
    case "partition":
    case "streamReset":
      return anyOf([...targets.concentrators, targets.field]);
    case "isolatedMeter":
      return anyOf(targets.stations);
    case "feederCut":
      return anyOf(targets.feeders);
    case "slowNetwork":
      return "network";
    case "headEndCrash":
    case "headEndCrashAtCommit":
    case "databaseTrouble":
      return "head-end";
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const drawn: T[] = [];
  while (left.length > 0) drawn.push(...left.splice(random.below(left.length), 1));
  return drawn;
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
