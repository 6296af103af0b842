import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { seededRandom, type Random } from "@amity/runtime";
import { CoverageMap, type FileCounters } from "./coverage-map.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { mutate } from "./mutate.ts";
import { targetNamed } from "./targets/index.ts";
import { NOW_HEADER_OCTETS, type WorkerMessage, type WorkerTask } from "./worker-messages.ts";

const CORPUS_MAX = 3_000;
const FINDINGS_MAX = 10;
/** Of four inputs so many are repaired. */
const REPAIRED_OF_FOUR = 3;
const PROGRESS_EVERY_RUNS = 5_000;

/** Runs one target with the counters of its sources: everything is drawn from the seed, so the same task runs the same way. */
export async function runWorker(): Promise<void> {
  const task = workerData as WorkerTask;
  const search = new Search(task, targetNamed(task.target), countersOf(task.coverageVariable));
  await search.run();
}

function countersOf(variable: string): FileCounters[] {
  const files = (globalThis as Record<string, unknown>)[variable];
  return Object.values((files ?? {}) as Record<string, FileCounters>);
}

class Search {
  readonly #task: WorkerTask;
  readonly #target: FuzzTarget;
  readonly #map: CoverageMap;
  readonly #random: Random;
  readonly #corpus: Uint8Array[] = [];
  readonly #nowNumbers: Int32Array;
  readonly #nowInput: Uint8Array;
  #runs = 0;
  #findings = 0;

  constructor(task: WorkerTask, target: FuzzTarget, files: readonly FileCounters[]) {
    this.#task = task;
    this.#target = target;
    this.#map = new CoverageMap(files);
    this.#random = seededRandom(task.seed);
    this.#nowNumbers = new Int32Array(task.now, 0, 2);
    this.#nowInput = new Uint8Array(task.now, NOW_HEADER_OCTETS);
  }

  async run(): Promise<void> {
    const { inputOctetsMax, dictionary = [] } = this.#target;
    // What loading the modules counted is no input's doing.
    this.#map.take();
    for (const seed of [...this.#target.seeds(), ...this.#task.corpus]) {
      await this.#try(seed);
      this.#corpus.push(seed);
    }
    while (this.#runs < this.#task.runs && this.#findings < FINDINGS_MAX) {
      const mutated = mutate(this.#parent(), { corpus: this.#corpus, dictionary, octetsMax: inputOctetsMax }, this.#random);
      const isRepaired = this.#random.below(4) < REPAIRED_OF_FOUR;
      const input = isRepaired && this.#target.repair !== undefined ? this.#target.repair(mutated) : mutated;
      if ((await this.#try(input)) && this.#corpus.length < CORPUS_MAX) this.#corpus.push(input);
      if (this.#runs % PROGRESS_EVERY_RUNS === 0) post({ kind: "progress", state: this.#state() });
    }
    post({ kind: "done", state: this.#state() });
  }

  /** Newer inputs go deeper: half of the draws are from the last quarter. */
  #parent(): Uint8Array {
    const size = this.#corpus.length;
    const from = this.#random.below(2) === 0 ? Math.floor((size * 3) / 4) : 0;
    return this.#corpus[from + this.#random.below(size - from)] ?? new Uint8Array(0);
  }

  /** Decodes one input; true where it reached something new. */
  async #try(input: Uint8Array): Promise<boolean> {
    this.#announce(input);
    const before = allocatedOctets();
    try {
      // Awaiting what is no promise would cost a turn of the loop for each input.
      const running = this.#target.decode(input);
      if (running !== undefined) await running;
    } catch (error) {
      this.#report("crash", input, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    const allocated = allocatedOctets() - before;
    if (allocated > this.#target.allocationOctetsMax) this.#report("allocation", input, `${allocated} octets for ${input.length}`);
    return this.#map.take();
  }

  #announce(input: Uint8Array): void {
    this.#nowInput.set(input);
    this.#nowNumbers[1] = input.length;
    Atomics.store(this.#nowNumbers, 0, ++this.#runs);
  }

  #report(finding: "crash" | "allocation", input: Uint8Array, detail: string): void {
    this.#findings++;
    post({ kind: "finding", finding, input, detail });
  }

  #state() {
    return { runs: this.#runs, corpus: this.#corpus.length, reached: this.#map.reached, size: this.#map.size };
  }
}

/** Heap and buffers of this worker. Where the collector ran in between the difference is too small, never too large. */
function allocatedOctets(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}
