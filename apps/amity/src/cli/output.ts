import { AmityError } from "@amity/bytes";

/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, partial: 6 } as const;

/** One JSON document alone on stdout. Big integers and octets become text. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, plain, 2)}\n`);
}

/** One JSON object on a line of its own: for commands that go on. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, plain)}\n`);
}

/** A line for people on stdout. */
export function printLine(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** Progress and remarks go to stderr, so that stdout stays clean for pipes. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Reports a failure for the person who reads it, or as JSON, and sets the exit code. */
export function reportFailure(error: unknown, json: boolean): void {
  const known = error instanceof AmityError ? error : undefined;
  process.exitCode = known?.blame === "usage" ? EXIT.usage : EXIT.failed;
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    printJson({ error: { message, ...(known === undefined ? {} : { blame: known.blame, code: known.code, advice: known.advice }) } });
    return;
  }
  remark(`amity: ${message}`);
  if (known?.advice !== undefined) remark(`       ${known.advice}`);
  if (known === undefined && error instanceof Error && error.stack !== undefined) remark(error.stack.split("\n").slice(1, 6).join("\n"));
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as unknown as ArrayLike<number>);
  return value;
}
