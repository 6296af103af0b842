import { Command, InvalidArgumentError } from "commander";
import { keepFinding, regressionsOf } from "./corpus.ts";
import { availableParallelism } from "node:os";
import { runTarget, type FuzzOutcome } from "./run-target.ts";
import { TARGET_NAMES, targetNamed } from "./targets/index.ts";

interface Options {
  readonly runs: number;
  readonly seconds?: number;
  readonly seed: number;
  readonly jobs: number;
  readonly findings: string;
}

/** `npm run fuzz`: searches every decoder, or those named, for inputs that break it. Exits 1 where it found any. */
export async function main(argv: readonly string[]): Promise<void> {
  await new Command("fuzz")
    .description("Coverage-guided search for inputs that crash, hang or bloat a decoder.")
    .argument("[targets...]", `decoders: ${TARGET_NAMES.join(", ")} (default: all)`)
    .option("--runs <n>", "inputs a decoder", positive, 50_000)
    .option("--seconds <s>", "time a decoder at most; the number of inputs then depends on the machine", positive)
    .option("--seed <n>", "where chance begins: the same seed tries the same inputs", positive, 1)
    .option("--jobs <n>", "decoders at once (default: one a core)", positive, availableParallelism())
    .option("--findings <dir>", "where inputs that broke something are kept", "var/fuzz")
    .action(search)
    .parseAsync(argv);
}

async function search(names: readonly string[], options: Options): Promise<void> {
  const waiting = names.length === 0 ? [...TARGET_NAMES] : [...names];
  // A wrong name is told before anything runs.
  await Promise.all(waiting.map(targetNamed));
  let broken = 0;
  const worker = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const outcome = await runOne(target, options);
      broken += outcome.findings.length;
      console.log(line(outcome));
      for (const finding of outcome.findings) {
        const path = await keepFinding(options.findings, outcome.target, finding);
        console.log(`  ${finding.kind.toUpperCase()} ${path}\n    ${finding.detail.split("\n").slice(0, 4).join("\n    ")}`);
      }
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, worker));
  if (broken > 0) process.exitCode = 1;
}

async function runOne(name: string, { runs, seed, seconds }: Options): Promise<FuzzOutcome> {
  const [target, regressions] = await Promise.all([targetNamed(name), regressionsOf(name)]);
  const corpus = [...regressions.values()];
  const budget = seconds === undefined ? { runs } : { runs: Number.MAX_SAFE_INTEGER, secondsMax: seconds };
  return await runTarget(target, corpus, { seed, ...budget });
}

function line({ target, state, seconds, findings }: FuzzOutcome): string {
  const rate = Math.round(state.runs / seconds);
  const reached = `${state.reached} of ${state.size} branches and functions`;
  return `${target.padEnd(16)} ${state.runs} inputs, ${rate} a second, ${reached}, corpus ${state.corpus}, ${findings.length} findings`;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("must be a whole number from 1 on.");
  return value;
}
