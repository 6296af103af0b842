import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../bin/amity.js", import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `amity` to its end, as a user does. */
export function runAmity(args: readonly string[], input?: string): Promise<CommandResult> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  child.stdin.end(input);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

/** A command that serves until it is stopped. */
export interface ServingCommand {
  /** All of stdout so far. */
  readonly stdout: () => string;
  /** Resolves with what is found once stdout holds it; rejects when the command ends first. */
  until<T>(find: (stdout: string) => T | undefined): Promise<T>;
  stop(): Promise<void>;
}

export function serveAmity(args: readonly string[]): ServingCommand {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  let isOver = false;
  const waiting = new Set<() => void>();
  const lookAll = (): void => waiting.forEach((look) => look());
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
    lookAll();
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const ended = new Promise<void>((resolve) =>
    child.once("close", () => {
      isOver = true;
      lookAll();
      resolve();
    }),
  );
  return {
    stdout: () => stdout,
    until: (find) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = find(stdout);
          if (found === undefined && !isOver) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error(`the command ended: ${stdout}${stderr}`));
          else resolve(found);
        };
        waiting.add(look);
        look();
      }),
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

/** The port that `meter serve --json` or `sniff --json` announces. */
export function announcedPort(stdout: string): number | undefined {
  const port = /"port":\s*(\d+)/.exec(stdout)?.[1];
  return port === undefined ? undefined : Number(port);
}
