import { UsageError } from "@amity/bytes";
import { hashPassword } from "@amity/crypto";
import { printLine } from "./output.ts";

const LENGTH_MIN = 10;

/** `amity hash-password`: from standard input, so that no password stands in a shell's history. @throws UsageError for a short one. */
export async function printPasswordHash(): Promise<void> {
  let text = "";
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) text += chunk.toString("utf8");
  const password = text.replace(/\r?\n$/, "");
  if (password.length < LENGTH_MIN)
    throw new UsageError(`a password has at least ${LENGTH_MIN} characters`, { code: "password", advice: "echo it into the command" });
  printLine(hashPassword(password));
}
