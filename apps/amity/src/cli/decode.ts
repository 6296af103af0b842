import { readFile } from "node:fs/promises";
import { fromHex, latin1Text, UsageError } from "@amity/bytes";
import { explainInput, explainTelegrams, EXPLAINABLE_PROTOCOLS, type ExplainedField } from "../laboratory/explain-input.ts";
import { telegramsOfText } from "../laboratory/telegram-text.ts";
import { keyOption, systemTitleOption } from "./key-options.ts";
import { EXIT, printJson, printLine } from "./output.ts";
import { printField } from "./print-field.ts";

export interface DecodeOptions {
  readonly protocol?: string;
  readonly key?: string;
  readonly authKey?: string;
  readonly systemTitle?: string;
  readonly date?: string;
  readonly json?: boolean;
}

/** `amity decode`: explains frames of any protocol, field by field with offsets. */
export async function decode(input: readonly string[], options: DecodeOptions): Promise<void> {
  const { protocol } = options;
  if (protocol !== undefined && !EXPLAINABLE_PROTOCOLS.includes(protocol)) {
    throw new UsageError(`protocol "${protocol}" is not known`, {
      code: "protocol",
      advice: `one of: ${EXPLAINABLE_PROTOCOLS.join(", ")}`,
    });
  }
  const content = await contentOf(input);
  const known = {
    ...(protocol === undefined ? {} : { protocol }),
    ...(options.key === undefined ? {} : { key: keyOption(options.key, "--key") }),
    ...(options.authKey === undefined ? {} : { authenticationKey: keyOption(options.authKey, "--auth-key") }),
    ...(options.systemTitle === undefined ? {} : { systemTitle: systemTitleOption(options.systemTitle) }),
    ...(options.date === undefined ? {} : { date: dateOption(options.date) }),
  };
  const [telegram, ...more] = (protocol ?? "wmbus").endsWith("mbus") ? telegramsOfText(content.text) : [];
  const explained =
    telegram !== undefined && more.length > 0
      ? explainTelegrams([telegram, ...more], known)
      : explainInput(telegram ?? content.octets(), known);
  if (options.json === true) printJson(explained);
  else {
    printLine(`${explained.protocol}, ${explained.root.length} octets`);
    printField(explained.root, 0);
  }
  if (hasError(explained.root)) process.exitCode = EXIT.failed;
}

/** Hex on the command line, a file (binary or hex text), or standard input. */
async function contentOf(input: readonly string[]): Promise<{ readonly text: string; readonly octets: () => Uint8Array }> {
  const [first = ""] = input;
  const content =
    input.length !== 1
      ? undefined
      : first === "-"
        ? new Uint8Array(await readAll(process.stdin))
        : await readFile(first).then(
            (read) => new Uint8Array(read),
            () => undefined,
          );
  if (content !== undefined) return { text: latin1Text(content), octets: () => hexOrOctets(content) };
  if (input.length === 1 && /[./\\]/.test(first)) throw new UsageError(`there is no file ${first}`, { code: "no-file" });
  return { text: input.join("\n"), octets: () => typedOctets(input.join("")) };
}

function typedOctets(hex: string): Uint8Array {
  const octets = fromHex(hex);
  if (octets.length === 0)
    throw new UsageError("there is nothing to decode", { code: "empty", advice: "give hex, a file, or - for standard input" });
  return octets;
}

/** @throws UsageError for what is no date. */
function dateOption(text: string): { readonly year: number; readonly month: number; readonly day: number } {
  const [, year = 0, month = 0, day = 0] = (/^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []).map(Number);
  const isDate = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && month >= 1 && month <= 12;
  if (!isDate) throw new UsageError(`--date ${text} is no date`, { code: "date", advice: "the meter's own date, e.g. 2026-11-21" });
  return { year, month, day };
}

function hexOrOctets(content: Uint8Array): Uint8Array {
  const text = latin1Text(content);
  return /^[\s0-9a-fA-F:,-]+$/.test(text) && text.replaceAll(/[^0-9a-fA-F]/g, "").length >= 4 ? fromHex(text) : content;
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function hasError(field: ExplainedField): boolean {
  return field.error !== undefined || (field.children ?? []).some(hasError);
}
