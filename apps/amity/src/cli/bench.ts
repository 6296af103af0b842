import { UsageError } from "@amity/bytes";
import { rounded, type Benchmark } from "../bench/benchmark.ts";
import { describeMachine } from "../bench/machine.ts";
import { BENCHMARKS } from "../bench/benchmarks.ts";
import { printJson, printLine, remark } from "./output.ts";

export interface BenchCliOptions {
  readonly list?: boolean;
  readonly quick?: boolean;
  readonly json?: boolean;
}

/** `amity bench`: runs one benchmark and prints its medians with the machine and the method. */
export async function bench(name: string | undefined, options: BenchCliOptions): Promise<void> {
  if (options.list === true || name === undefined) {
    if (options.json === true) printJson(BENCHMARKS.map(({ name: bench, title }) => ({ bench, title })));
    else for (const { name: bench, title } of BENCHMARKS) printLine(`${bench.padEnd(10)} ${title}`);
    return;
  }
  const benchmark = find(name);
  const results = rounded(await benchmark.run({ quick: options.quick === true, remark }));
  const machine = describeMachine();
  if (options.json === true) {
    printJson({ bench: name, machine, method: benchmark.method, quick: options.quick === true, results });
    return;
  }
  printLine(`${benchmark.title} on ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}`);
  printLine(benchmark.method);
  for (const [key, value] of Object.entries(results)) printLine(`  ${key.padEnd(28)} ${value.toLocaleString("en-US")}`);
}

function find(name: string): Benchmark {
  const benchmark = BENCHMARKS.find((candidate) => candidate.name === name);
  if (benchmark !== undefined) return benchmark;
  throw new UsageError(`there is no benchmark "${name}"`, {
    code: "unknown-benchmark",
    advice: `one of: ${BENCHMARKS.map((candidate) => candidate.name).join(", ")}`,
  });
}
