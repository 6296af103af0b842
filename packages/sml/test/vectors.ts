import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TransportAssembler } from "../src/index.ts";

/** Dumps outside the repository: tests that need them are skipped where the folder is missing. */
const FOLDER = fileURLToPath(new URL("../../../../shared/vectors/sml/", import.meta.url));
export const hasVectors = existsSync(FOLDER);

export interface Dump {
  readonly name: string;
  readonly octets: Uint8Array;
  readonly frames: readonly Uint8Array[];
  readonly index: { transport_v1_frames: number; crc_x25_ok: number; libsml_lines: number; libsml_first: string[] };
}

export function dumps(): Dump[] {
  if (!hasVectors) return [];
  const index = JSON.parse(readFileSync(`${FOLDER}index.json`, "utf8")) as (Dump["index"] & { file: string })[];
  return index.flatMap((entry) => {
    const name = entry.file.replace("bin/", "");
    if (!existsSync(FOLDER + name)) return [];
    const octets = new Uint8Array(readFileSync(FOLDER + name));
    const frames = new TransportAssembler().push(octets).flatMap((part) => (part.kind === "frame" ? [part.octets] : []));
    return [{ name, octets, frames, index: entry }];
  });
}
