import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "@amity/bytes";
import { realFiles, type Files, type ScaledClock, type Timer, type Timers } from "@amity/runtime";

/** What a demo remembers between starts: its plan is made from these, its clock goes on from `civilMs`. */
export interface DemoState {
  readonly seed: number;
  readonly meters: number;
  /** Civil time at which the utility was founded: the plan's installation dates follow from it. */
  readonly foundedMs: number;
  /** Civil time that the clock had reached. */
  readonly civilMs: number;
}

const FILE = "demo.json";
/** Machine time between two notes of the clock. */
const NOTE_EVERY_MS = 2_000;
/** A killed demo may have lived on this much longer than its last note (machine ms): its clock must not go back. */
const UNNOTED_MS = 3 * NOTE_EVERY_MS;

/** Reads the state of the demo in a folder, or founds one now. @throws UsageError `other-demo` for another seed or size. */
export async function loadDemoState(
  folder: string,
  wanted: { seed: number; meters: number; speed: number },
  wallMs: number,
): Promise<DemoState> {
  const text = await readFile(join(folder, FILE), "utf8").catch(() => undefined);
  if (text === undefined) {
    const foundedMs = Math.floor(wallMs / 900_000) * 900_000;
    return { seed: wanted.seed, meters: wanted.meters, foundedMs, civilMs: foundedMs };
  }
  const known = JSON.parse(text) as DemoState;
  if (known.seed !== wanted.seed || known.meters !== wanted.meters) {
    throw new UsageError(`${folder} holds a demo of ${known.meters} meters, seed ${known.seed}`, {
      code: "other-demo",
      advice: "start with those, or choose another folder with --data",
    });
  }
  return { ...known, civilMs: known.civilMs + UNNOTED_MS * wanted.speed };
}

/** Notes the clock from time to time, so that the next start goes on from there. */
export class DemoNotes {
  readonly #files: Files;
  readonly #state: DemoState;
  readonly #clock: ScaledClock;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: { folder: string; state: DemoState; clock: ScaledClock; timers: Timers }) {
    this.#files = realFiles(parts.folder);
    this.#state = parts.state;
    this.#clock = parts.clock;
    this.#timers = parts.timers;
  }

  async start(): Promise<void> {
    await this.note();
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.note();
  }

  note(): Promise<void> {
    const state = { ...this.#state, civilMs: this.#clock.nowMs() };
    this.#writing = this.#writing.then(() => this.#files.replace(FILE, new TextEncoder().encode(JSON.stringify(state))));
    return this.#writing;
  }

  #arm(): void {
    this.#timer = this.#timers.after(NOTE_EVERY_MS, () => {
      void this.note()
        .catch(() => undefined)
        .finally(() => this.#arm());
    });
  }
}
