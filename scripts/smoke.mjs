/** Starts the program as README says, looks at what it serves, and stops it: fails where a newcomer's first minute would. */
import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const READY_LIMIT_MS = 120_000;
const data = await mkdtemp(join(tmpdir(), "amity-smoke-"));
await chmod(data, 0o755);
const started = Date.now();
const program = spawn("npm", ["start", "--silent", "--", "--port", "0", "--data", data, "--meters", "120", "--history", "2", "--json"], {
  stdio: ["ignore", "pipe", "inherit"],
  detached: true,
});

try {
  const url = await consoleUrl(program);
  console.log(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s at ${url}`);
  await expectPage(`${url}/healthz`, 200);
  await expectPage(`${url}/`, 200, "Amity");
  await expectPage(`${url}/api/openapi.json`, 200, '"3.1');
  await untilLive(url);
} finally {
  if (program.pid !== undefined) process.kill(-program.pid, "SIGTERM");
  await new Promise((resolve) => (program.exitCode === null && program.signalCode === null ? program.once("exit", resolve) : resolve()));
  await groupGone(program.pid);
  await rm(data, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
}

/** npm ends before what it started: the database may still be writing its last page. */
async function groupGone(pid) {
  for (let left = 240; left > 0 && pid !== undefined; left--) {
    try {
      process.kill(-pid, 0);
    } catch {
      return;
    }
    await delay(250);
  }
}

function consoleUrl(child) {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`not ready within ${READY_LIMIT_MS / 1000} s`)), READY_LIMIT_MS);
    child.once("exit", (code) => reject(new Error(`ended with ${code} before it was ready`)));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      for (const line of text.split("\n").slice(0, -1)) {
        const event = line.startsWith("{") ? JSON.parse(line) : undefined;
        if (event?.event !== "ready") continue;
        clearTimeout(timer);
        resolve(event.console);
      }
      text = text.slice(text.lastIndexOf("\n") + 1);
    });
  });
}

async function expectPage(url, status, content) {
  const response = await fetch(url);
  const body = await response.text();
  if (response.status !== status) throw new Error(`${url} answered ${response.status}`);
  if (content !== undefined && !body.includes(content)) throw new Error(`${url} does not contain ${content}`);
  console.log(`ok ${url}`);
}

/** Readings must reach the ledger: the overview counts meters that reported. */
async function untilLive(base) {
  const cookie = (await fetch(`${base}/api/v1/session`)).headers.get("set-cookie")?.split(";")[0] ?? "";
  const limit = Date.now() + 60_000;
  for (;;) {
    const overview = await (await fetch(`${base}/api/v1/overview`, { headers: { cookie } })).json();
    if (JSON.stringify(overview).length > 2 && (overview.meters?.reporting ?? overview.counts?.metersOnline ?? 0) > 0) break;
    if (Date.now() > limit) throw new Error(`no meter reported: ${JSON.stringify(overview).slice(0, 400)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  console.log("ok meters report");
}
