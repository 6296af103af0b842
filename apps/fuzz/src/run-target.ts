import { Worker } from "node:worker_threads";
import { COVERAGE_VARIABLE } from "./coverage-map.ts";
import type { Finding, FuzzTarget } from "./fuzz-target.ts";
import { NOW_HEADER_OCTETS, type FuzzState, type WorkerMessage, type WorkerTask } from "./worker-messages.ts";

export interface FuzzOptions {
  readonly seed: number;
  readonly runs: number;
  /** Ends the search early; what was found until then counts. */
  readonly secondsMax?: number;
  /** One input that takes longer hangs (machine time). */
  readonly hangMs?: number;
  readonly onProgress?: (state: FuzzState) => void;
}

export interface FuzzOutcome {
  readonly target: string;
  readonly state: FuzzState;
  /** Of searching; what loading took before is not in it. */
  readonly seconds: number;
  readonly findings: readonly Finding[];
}

/** A machine that others share may stop a worker for a second or two. */
const HANG_MS = 10_000;
const LOOK_EVERY_MS = 500;
const HEAP_MIB = 512;
/** Check sums and the like may make an input longer by so much. */
const REPAIR_OCTETS_MAX = 256;
const NOTHING: FuzzState = { runs: 0, corpus: 0, reached: 0, size: 0 };

/**
 * Searches one target in a worker of its own: mutated inputs, guided by branch counters, with a watch over time and memory.
 * The same seed and number of runs search the same inputs.
 */
export async function runTarget(target: FuzzTarget, corpus: readonly Uint8Array[], options: FuzzOptions): Promise<FuzzOutcome> {
  const longestOctets = Math.max(target.inputOctetsMax, longest([...corpus, ...(await target.seeds())]));
  const now = new SharedArrayBuffer(NOW_HEADER_OCTETS + longestOctets + REPAIR_OCTETS_MAX);
  const task: WorkerTask = {
    target: target.name,
    counted: target.counted,
    coverageVariable: COVERAGE_VARIABLE,
    seed: options.seed,
    runs: options.runs,
    corpus,
    now,
  };
  const worker = new Worker(new URL("./worker-entry.mjs", import.meta.url), {
    workerData: task,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  return { target: target.name, ...(await watch(worker, now, options)) };
}

function watch(worker: Worker, now: SharedArrayBuffer, options: FuzzOptions): Promise<Omit<FuzzOutcome, "target">> {
  const { hangMs = HANG_MS, secondsMax = Number.POSITIVE_INFINITY, onProgress } = options;
  const findings: Finding[] = [];
  let state = NOTHING;
  let [lastRun, sinceMs] = [-1, performance.now()];
  let startedMs: number | undefined;
  return new Promise((resolve) => {
    const end = (finding?: Finding) => {
      clearInterval(looking);
      if (finding !== undefined) findings.push(finding);
      void worker.terminate();
      resolve({ state, findings, seconds: (performance.now() - (startedMs ?? performance.now())) / 1000 });
    };
    const looking = setInterval(() => {
      const run = Atomics.load(new Int32Array(now, 0, 1), 0);
      if (run !== lastRun) [lastRun, sinceMs] = [run, performance.now()];
      // Before the first run the modules are still loading.
      else if (run > 0 && performance.now() - sinceMs > hangMs) {
        return end({ kind: "hang", input: inputIn(now), detail: `longer than ${hangMs} ms` });
      }
      if (startedMs !== undefined && performance.now() - startedMs > secondsMax * 1000) end();
    }, LOOK_EVERY_MS);
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "ready") {
        startedMs = performance.now();
        return;
      }
      if (message.kind === "finding") {
        findings.push({ kind: message.finding, input: message.input, detail: message.detail });
        return;
      }
      state = message.state;
      onProgress?.(state);
      if (message.kind === "done") end();
    });
    worker.on("error", (error) =>
      end({ kind: isMemory(error) ? "memory" : "crash", input: inputIn(now), detail: error.stack ?? error.message }),
    );
  });
}

function inputIn(now: SharedArrayBuffer): Uint8Array {
  const length = new Int32Array(now, 0, 2)[1] ?? 0;
  return new Uint8Array(now, NOW_HEADER_OCTETS, length).slice();
}

function isMemory(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY";
}

function longest(inputs: readonly Uint8Array[]): number {
  return inputs.reduce((length, input) => Math.max(length, input.length), 0);
}
