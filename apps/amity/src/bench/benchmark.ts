/** What a benchmark is run with. */
export interface BenchmarkOptions {
  /** A small run that shows that it works; its figures mean nothing. */
  readonly quick: boolean;
  /** Says on stderr what is going on. */
  readonly remark: (text: string) => void;
}

/** A named benchmark. Each result is the median over its runs. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** What is measured, how often, and what is included: printed with the figures. */
  readonly method: string;
  readonly run: (options: BenchmarkOptions) => Promise<Readonly<Record<string, number>>>;
}

/** The middle of a list of figures; the mean of the middle two for an even count. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Three significant digits more than anyone should read into a benchmark: four. */
export function rounded(results: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(results).map(([key, value]) => [key, Number(value.toPrecision(4))]));
}
