import type { CaptureGrid } from "./capture-grid.ts";

/** A stretch of true time in which the meter had power and its clock ran undisturbed. */
export interface CaptureRun {
  readonly fromMs: number;
  /** Infinity while it goes on. */
  toMs: number;
  /** Meter clock minus true time at `fromMs`. */
  readonly clockOffsetMs: number;
  readonly begunBy: "installation" | "powerUp" | "clockSet";
  /** The clock's time is not to be relied on. */
  readonly isClockInvalid: boolean;
}

/** Rows of one run: grid indices `[first, end)`. */
export interface RowSpan {
  readonly run: CaptureRun;
  readonly first: number;
  readonly end: number;
  /** The very first row after the run began, where it was kept: it carries the run's status. */
  readonly opens: boolean;
}

/** Runs kept: what came before the oldest is out of the profile's reach. */
const RUNS_MAX = 256;

/**
 * When the meter ran and what its clock showed: the only thing a profile must remember, since values are computed. A gap between runs is a
 * power failure; a clock that was set begins a new run. A meter that nothing happened to has one run.
 */
export class CaptureRuns {
  readonly #runs: CaptureRun[];
  /** Clock rate error in parts per million. */
  readonly #driftPpm: number;

  constructor(installedMs: number, driftPpm: number) {
    this.#runs = [
      { fromMs: installedMs, toMs: Number.POSITIVE_INFINITY, clockOffsetMs: 0, begunBy: "installation", isClockInvalid: false },
    ];
    this.#driftPpm = driftPpm;
  }

  get hasPower(): boolean {
    return this.#last().toMs === Number.POSITIVE_INFINITY;
  }

  get isClockInvalid(): boolean {
    return this.#last().isClockInvalid;
  }

  /** What the meter's clock shows at a true instant not before the present run; a back-up battery keeps it going without power. */
  clockAt(trueMs: number): number {
    return Math.round(this.#clockIn(this.#last(), trueMs));
  }

  powerDown(atMs: number): void {
    this.#last().toMs = atMs;
  }

  powerUp(atMs: number): void {
    const last = this.#last();
    this.#begin(atMs, this.#clockIn(last, atMs) - atMs, "powerUp", last.isClockInvalid);
  }

  setClock(atMs: number, toMs: number, isClockInvalid = false): void {
    this.#last().toMs = atMs;
    this.#begin(atMs, toMs - atMs, "clockSet", isClockInvalid);
  }

  /** All captured rows in capture order, oldest first, at most `capacity` of them and none from before `clearedMs`. */
  rows(grid: CaptureGrid, nowMs: number, capacity: number, clearedMs: number): RowSpan[] {
    const spans: RowSpan[] = [];
    let room = capacity;
    for (let index = this.#runs.length - 1; index >= 0 && room > 0; index--) {
      const run = this.#runs[index] as CaptureRun;
      if (run.toMs <= clearedMs) break;
      const first = grid.indexFrom(this.#clockIn(run, Math.max(run.fromMs, clearedMs)));
      const end = run.toMs > nowMs ? grid.indexFrom(this.#clockIn(run, nowMs) + 1) : grid.indexFrom(this.#clockIn(run, run.toMs));
      if (end <= first) continue;
      const kept = Math.max(first, end - room);
      room -= end - kept;
      spans.push({ run, first: kept, end, opens: kept === first && run.begunBy !== "installation" && run.fromMs >= clearedMs });
    }
    return spans.reverse();
  }

  /** Power failures that are over, oldest first: true instants, and what the clock showed when power came back. */
  outages(): { readonly fromMs: number; readonly toMs: number; readonly endClockMs: number }[] {
    return this.#runs.flatMap((run, index) => {
      const before = this.#runs[index - 1];
      if (run.begunBy !== "powerUp" || before === undefined) return [];
      return [{ fromMs: before.toMs, toMs: run.fromMs, endClockMs: Math.round(this.#clockIn(run, run.fromMs)) }];
    });
  }

  /** What the clock showed at a true instant, and until when it ran on undisturbed from there. */
  stretchAt(trueMs: number): { readonly clockMs: number; readonly endMs: number; trueAt(clockMs: number): number } {
    let index = this.#runs.length - 1;
    while (index > 0 && (this.#runs[index] as CaptureRun).fromMs > trueMs) index--;
    const run = this.#runs[index] as CaptureRun;
    const endMs = this.#runs[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    return { clockMs: Math.round(this.#clockIn(run, trueMs)), endMs, trueAt: (clockMs) => this.trueAt(run, clockMs) };
  }

  /** The first true instant at which the clock, as it runs now, shows `clockMs`. */
  trueAtNow(clockMs: number): number {
    const trueMs = this.trueAt(this.#last(), clockMs);
    // Rounding may have led to just before it.
    return this.clockAt(trueMs) < clockMs ? trueMs + 1 : trueMs;
  }

  /** The true instant at which the clock of a run showed `clockMs`. */
  trueAt(run: CaptureRun, clockMs: number): number {
    if (this.#driftPpm === 0) return clockMs - run.clockOffsetMs;
    return Math.round(run.fromMs + (clockMs - run.fromMs - run.clockOffsetMs) / (1 + this.#driftPpm / 1e6));
  }

  #clockIn(run: CaptureRun, trueMs: number): number {
    return trueMs + run.clockOffsetMs + ((trueMs - run.fromMs) * this.#driftPpm) / 1e6;
  }

  #begin(fromMs: number, clockOffsetMs: number, begunBy: CaptureRun["begunBy"], isClockInvalid: boolean): void {
    this.#runs.push({ fromMs, toMs: Number.POSITIVE_INFINITY, clockOffsetMs, begunBy, isClockInvalid });
    if (this.#runs.length > RUNS_MAX) this.#runs.shift();
  }

  #last(): CaptureRun {
    return this.#runs[this.#runs.length - 1] as CaptureRun;
  }
}
