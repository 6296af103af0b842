import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

/** `amity up --json` as a process of its own, as a user starts it. */
export interface RunningProgram {
  readonly url: string;
  readonly child: ChildProcess;
  /** Every JSON line so far. */
  readonly events: readonly Record<string, unknown>[];
  /** Resolves when a line fits; rejects when the program ends first. */
  until(fits: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Resolves when the process has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("../bin/amity.js", import.meta.url));

/** Starts the program and waits until it serves. @throws Error with what it said when it ends first. */
export async function startProgram(args: readonly string[]): Promise<RunningProgram> {
  const child = spawn(process.execPath, [PROGRAM, "up", "--port", "0", "--json", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const events: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  let rest = "";
  let errors = "";
  let isOver = false;
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString("utf8")));
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) events.push(JSON.parse(line) as Record<string, unknown>);
    for (const look of waiting) look();
  });
  const ended = new Promise<void>((resolve) =>
    child.once("exit", () => {
      isOver = true;
      for (const look of waiting) look();
      resolve();
    }),
  );
  const until: RunningProgram["until"] = (fits) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = events.find(fits);
        if (found === undefined && !isOver) return;
        waiting.delete(look);
        if (found === undefined) reject(new Error(`the program ended: ${errors}`));
        else resolve(found);
      };
      waiting.add(look);
      look();
    });
  const ready = await until(({ event }) => event === "ready");
  return {
    url: String(ready["console"]),
    child,
    events,
    until,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}
