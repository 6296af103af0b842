import type { Benchmark } from "./benchmark.ts";
import { collectBenchmark } from "./collect-benchmark.ts";
import { decodeBenchmark } from "./decode-benchmark.ts";
import { dlmsBenchmark } from "./dlms-benchmark.ts";
import { billsBenchmark, ledgerBenchmark, mdmBenchmark, queryBenchmark } from "./mdm-benchmarks.ts";

/** Every benchmark that `amity bench` knows. */
export const BENCHMARKS: readonly Benchmark[] = [
  ledgerBenchmark,
  collectBenchmark,
  decodeBenchmark,
  dlmsBenchmark,
  billsBenchmark,
  mdmBenchmark,
  queryBenchmark,
];
