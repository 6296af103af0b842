import { openRunServer } from "../simulate/run-database.ts";
import { isSound, type RunReport } from "../simulate/report.ts";
import { simulateRun } from "../simulate/simulate-run.ts";
import { EventHash } from "@amity/runtime";
import { EXIT, printJson, printLine, remark } from "./output.ts";

export interface SimulateOptions {
  readonly seed: number;
  readonly runs: number;
  readonly days: number;
  readonly meters: number;
  readonly databaseUrl?: string;
  readonly json?: boolean;
}

const PROGRESS_EVERY_HOURS = 12;

/** `amity simulate`: whole utilities in virtual time, one a seed, under faults; the invariants are checked when each has settled. */
export async function simulate(options: SimulateOptions): Promise<void> {
  const { seed, days, meters } = options;
  const seeds = Array.from({ length: Math.max(1, options.runs) }, (_, index) => seed + index);
  const server = await openRunServer(options.databaseUrl);
  const runs: RunReport[] = [];
  try {
    for (const each of seeds) {
      const onHour = (hour: number, hours: number): void => {
        if (hour % PROGRESS_EVERY_HOURS === 0) remark(`seed ${each}: hour ${hour} of ${hours}`);
      };
      const run = await server.withDatabase((database) => simulateRun(database, { seed: each, days, meters, onHour }));
      runs.push(run);
      remark(`seed ${each}: ${isSound(run) ? "sound" : "FAILED"}, ${run.faults.length} faults, event hash ${run.eventHash}`);
    }
  } finally {
    await server.close();
  }
  const failed = runs.filter((run) => !isSound(run));
  for (const run of failed) remark(`replay with: amity simulate --seed ${run.seed} --days ${days} --meters ${meters}`);
  if (failed.length > 0) process.exitCode = EXIT.failed;
  if (options.json === true) printJson(summaryOf(seeds, runs));
  else for (const run of runs) printRun(run);
}

/** What `--json` prints. */
function summaryOf(seeds: readonly number[], runs: readonly RunReport[]): object {
  const failures = runs.flatMap(({ seed, checks }) =>
    checks.flatMap(({ name, failures: found }) => found.map((failure) => ({ seed, check: name, failure }))),
  );
  return { seeds, runs, eventHash: combinedHash(runs), ok: runs.every(isSound), failures };
}

/** The hash of the only run, or one over the hashes of all. */
function combinedHash(runs: readonly RunReport[]): string {
  const [only] = runs;
  if (runs.length === 1 && only !== undefined) return only.eventHash;
  const hash = new EventHash();
  for (const { eventHash } of runs) hash.add(eventHash);
  return hash.toString();
}

function printRun(run: RunReport): void {
  printLine(`seed ${run.seed}: ${run.virtualDays} days of ${run.meters} meters, ${run.events} events, hash ${run.eventHash}`);
  for (const { kind, target, atMs, untilMs } of run.faults)
    printLine(`  ${new Date(atMs).toISOString()}  ${kind} ${target}, ${Math.round((untilMs - atMs) / 60_000)} min`);
  for (const { name, ok, checked, failures, failureCount } of run.checks) {
    printLine(`  ${ok ? "ok    " : "FAILED"} ${name} (${checked} looked at${ok ? "" : `, ${failureCount} wrong`})`);
    for (const failure of failures) printLine(`         ${failure}`);
  }
}
