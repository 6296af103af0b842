import { QUALITY, type IntervalSeries, type QualityCode, type RegisterReading } from "@amity/model";

/** Lengths that stored registers are spaced by to count as a load profile. */
const PERIODS_MS: readonly number[] = [900_000, 1_800_000, 3_600_000];
const GRID_MS = 900_000;

/**
 * Intervals between registers of a channel that stand exactly one period apart on its grid: what hourly stored values and compact
 * profiles amount to. A register that went back ends a run; nothing is made up for what lies between.
 */
export function intervalsOfStamps(registers: readonly RegisterReading[], quality: QualityCode = QUALITY.raw): IntervalSeries[] {
  const channels = new Map<string, RegisterReading[]>();
  for (const register of registers) {
    const key = `${register.meterId}\0${register.channel}\0${register.unit}\0${register.scaler}`;
    const known = channels.get(key);
    if (known === undefined) channels.set(key, [register]);
    else known.push(register);
  }
  return [...channels.values()].flatMap((readings) => runsOf(readings, quality));
}

function runsOf(readings: RegisterReading[], quality: QualityCode): IntervalSeries[] {
  // What was read in between stands off the grid and parts nothing.
  const sorted = readings.filter(({ atMs }) => atMs % GRID_MS === 0).toSorted((left, right) => left.atMs - right.atMs);
  const runs: { periodMs: number; readings: RegisterReading[] }[] = [];
  for (const [index, later] of sorted.entries()) {
    const earlier = sorted[index - 1];
    if (earlier === undefined) continue;
    const periodMs = later.atMs - earlier.atMs;
    if (!PERIODS_MS.includes(periodMs) || later.atMs % periodMs !== 0 || later.value < earlier.value) continue;
    const run = runs.at(-1);
    if (run?.periodMs === periodMs && run.readings.at(-1) === earlier) run.readings.push(later);
    else runs.push({ periodMs, readings: [earlier, later] });
  }
  return runs.map((run) => seriesOf(run.readings, run.periodMs, quality));
}

/** One series over registers that follow each other by one period. */
function seriesOf(readings: readonly RegisterReading[], periodMs: number, quality: QualityCode): IntervalSeries {
  const [first] = readings;
  const values = Float64Array.from({ length: readings.length - 1 }, (_, index) =>
    Number((readings[index + 1]?.value ?? 0n) - (readings[index]?.value ?? 0n)),
  );
  return {
    meterId: first?.meterId ?? "",
    channel: first?.channel ?? "",
    unit: first?.unit ?? "none",
    scaler: first?.scaler ?? 0,
    intervalSeconds: periodMs / 1000,
    startMs: first?.atMs ?? 0,
    values,
    qualities: new Uint16Array(values.length).fill(quality),
  };
}

/**
 * The intervals of one period between registers read near its two ends, each within the tolerance after it: what telegrams that come
 * all the time amount to. Registers of channels that occur at one end only, or went back, give none.
 */
export function intervalsBetween(
  earlier: readonly RegisterReading[],
  later: readonly RegisterReading[],
  period: { readonly startMs: number; readonly periodMs: number },
): IntervalSeries[] {
  return later.flatMap((end) => {
    const start = earlier.find(
      ({ meterId, channel, unit, scaler }) =>
        meterId === end.meterId && channel === end.channel && unit === end.unit && scaler === end.scaler,
    );
    if (start === undefined || end.value < start.value) return [];
    const stamped = [
      { ...start, atMs: period.startMs },
      { ...end, atMs: period.startMs + period.periodMs },
    ];
    return [seriesOf(stamped, period.periodMs, QUALITY.raw)];
  });
}
