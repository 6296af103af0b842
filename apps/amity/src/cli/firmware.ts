import { readFile } from "node:fs/promises";
import type { Firmware, Firmwares } from "@amity/api";
import { UsageError } from "@amity/bytes";
import { printJson, printLine } from "./output.ts";
import { RunningUtility, type RunningUtilityOptions } from "./running-utility.ts";

interface Common extends RunningUtilityOptions {
  readonly json?: boolean;
}

export interface AddFirmwareOptions extends Common {
  readonly identification: string;
  /** What the meter calls its firmware once it runs this one. */
  readonly firmware?: string;
  readonly sha256?: string;
  readonly signature?: string;
  readonly note?: string;
}

/** `amity firmware add FILE`: brings an image to a running utility, once. @throws AmityError by blame. */
export async function addFirmware(file: string, options: AddFirmwareOptions): Promise<void> {
  const octets = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read: ${error.code ?? error.message}`, { code: "firmware-file" });
  });
  const utility = await RunningUtility.open(options);
  const { identification, firmware, sha256, signature, note, json } = options;
  const kept = await utility.send<Firmware>("/api/v1/firmware", { identification, firmware, sha256, signature, note }, octets);
  if (json === true) printJson(kept);
  else printLine(lineOf(kept));
}

/** `amity firmware list`: newest first. @throws AmityError by blame. */
export async function listFirmware(options: Common): Promise<void> {
  const utility = await RunningUtility.open(options);
  const all = await utility.get<Firmwares>("/api/v1/firmware");
  if (options.json === true) return printJson(all);
  for (const one of all.items) printLine(lineOf(one));
}

function lineOf({ identification, firmware, size, sha256, addedBy, addedAt, note }: Firmware): string {
  const named = firmware === identification ? "" : ` (runs as ${firmware})`;
  return `${identification}${named}  ${size} octets  sha256 ${sha256}  ${addedAt} by ${addedBy}${note === "" ? "" : `  ${note}`}`;
}
