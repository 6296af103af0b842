// First module of the worker: the hooks must be in place before the decoders are loaded.
import { register } from "node:module";
import { workerData } from "node:worker_threads";

const { counted, coverageVariable } = workerData;
register("./instrument-hooks.mjs", import.meta.url, { data: { counted, coverageVariable } });
const { Counters } = await import("./coverage-map.ts");
const counters = new Counters();
counters.install();
const { runWorker } = await import("./worker.ts");
await runWorker(counters);
