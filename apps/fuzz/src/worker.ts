import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { seededRandom, type Random } from "@amity/runtime";
import { CoverageMap, type Counters } from "./coverage-map.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { mutate } from "./mutate.ts";
import { targetNamed } from "./targets/index.ts";
import { NOW_HEADER_OCTETS, type WorkerMessage, type WorkerTask } from "./worker-messages.ts";

const CORPUS_MAX = 3_000;
const FINDINGS_MAX = 10;
const BROKEN_MAX = 100;
/** Of four inputs so many are repaired. */
const REPAIRED_OF_FOUR = 3;
const PROGRESS_EVERY_RUNS = 500;
const STACK_LINES = 12;

/** Runs one target with the counters of its sources: everything is drawn from the seed, so the same task runs the same way. */
export async function runWorker(counters: Counters): Promise<void> {
  const task = workerData as WorkerTask;
  const search = new Search(task, await targetNamed(task.target), counters.files);
  // Stacks of refusals are looked at by nobody, and cost more than the decoding.
  Error.stackTraceLimit = 0;
  await search.run();
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
  readonly #places = new Set<string>();
  /** Inputs that broke something, in places known or not. */
  #broken = 0;

  constructor(task: WorkerTask, target: FuzzTarget, files: readonly Uint32Array[]) {
    this.#task = task;
    this.#target = target;
    this.#map = new CoverageMap(files);
    this.#random = seededRandom(task.seed);
    this.#nowNumbers = new Int32Array(task.now, 0, 2);
    this.#nowInput = new Uint8Array(task.now, NOW_HEADER_OCTETS);
  }

  async run(): Promise<void> {
    const { inputOctetsMax, dictionary = [] } = this.#target;
    post({ kind: "ready" });
    // What loading the modules counted is no input's doing.
    this.#map.take();
    for (const seed of [...(await this.#target.seeds()), ...this.#task.corpus]) {
      await this.#try(seed);
      this.#corpus.push(seed);
    }
    while (this.#runs < this.#task.runs && this.#places.size < FINDINGS_MAX && this.#broken < BROKEN_MAX) {
      const mutated = mutate(this.#parent(), { corpus: this.#corpus, dictionary, octetsMax: inputOctetsMax }, this.#random);
      const input = this.#random.below(4) < REPAIRED_OF_FOUR ? this.#repaired(mutated) : mutated;
      if ((await this.#try(input)) && this.#corpus.length < CORPUS_MAX) this.#corpus.push(input);
      if (this.#runs % PROGRESS_EVERY_RUNS === 0) post({ kind: "progress", state: this.#state() });
    }
    post({ kind: "done", state: this.#state() });
  }

  #repaired(mutated: Uint8Array): Uint8Array {
    const repaired = this.#target.repair?.(mutated) ?? mutated;
    return repaired.length > this.#nowInput.length ? mutated : repaired;
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
      this.#report("crash", input, await this.#stackOf(input, error));
    }
    const allocated = allocatedOctets() - before;
    if (allocated > this.#target.allocationOctetsMax) this.#report("allocation", input, `${allocated} octets for ${input.length}`);
    return this.#map.take();
  }

  /** The same again, this time with a stack. */
  async #stackOf(input: Uint8Array, first: unknown): Promise<string> {
    Error.stackTraceLimit = STACK_LINES;
    try {
      await this.#target.decode(input);
      return `${String(first)}, the first time only`;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    } finally {
      Error.stackTraceLimit = 0;
    }
  }

  #announce(input: Uint8Array): void {
    this.#nowInput.set(input);
    this.#nowNumbers[1] = input.length;
    Atomics.store(this.#nowNumbers, 0, ++this.#runs);
  }

  /** One fault is found by many inputs: the first one stands for those that broke in the same place. */
  #report(finding: "crash" | "allocation", input: Uint8Array, detail: string): void {
    const [, place = finding] = detail.split("\n");
    this.#broken++;
    if (this.#places.has(place)) return;
    this.#places.add(place);
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
