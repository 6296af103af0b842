/** Holds the imports against the house's arrows; fails when nothing was looked at, which would pass in silence. */
import { spawnSync } from "node:child_process";

const MODULES_MIN = 50;
const run = spawnSync(
  process.execPath,
  [
    "node_modules/dependency-cruiser/bin/dependency-cruise.mjs",
    "packages",
    "apps",
    "--config",
    ".dependency-cruiser.cjs",
    "--output-type",
    "json",
  ],
  {
    encoding: "utf8",
    maxBuffer: 512 * 1024 * 1024,
  },
);
if (run.stdout === "") {
  process.stderr.write(run.stderr);
  process.exit(1);
}
const { summary } = JSON.parse(run.stdout);
const errors = summary.violations.filter((violation) => violation.rule.severity === "error");
for (const { rule, from, to } of errors) console.error(`${rule.name}: ${from} → ${to}`);
if (summary.totalCruised < MODULES_MIN) {
  console.error(`only ${summary.totalCruised} modules looked at: the check itself is broken`);
  process.exit(1);
}
console.log(`layers: ${summary.totalCruised} modules, ${summary.totalDependenciesCruised} imports, ${errors.length} against the arrows`);
process.exit(errors.length === 0 ? 0 : 1);
