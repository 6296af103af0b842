import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromHex } from "@amity/bytes";

/** Vectors outside the repository: tests that need them are skipped where the folder is missing. */
const FOLDER = fileURLToPath(new URL("../../../../shared/vectors/dlms/", import.meta.url));
export const hasVectors = existsSync(FOLDER);

export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(FOLDER + file, "utf8")) as T;
}

export function readText(file: string): string {
  return readFileSync(FOLDER + file, "utf8");
}

/** A throw-away key of the captures, by its name in their list: the public point X || Y. */
export function captureKeys(name: string): { readonly publicPoint: Uint8Array } {
  const { keys } = readJson<{ keys: Record<string, { public_point_hex: string }> }>("exchanges/keys.json");
  // 04: not compressed.
  return { publicPoint: fromHex(keys[name]?.public_point_hex ?? "").subarray(1) };
}

export interface Exchange {
  readonly name: string;
  readonly frames: { readonly direction: "C>S" | "S>C"; readonly octets: Uint8Array }[];
  /** Plain APDUs as the client of the capture printed them. */
  readonly plain: string[];
  readonly head: string;
}

export function exchanges(prefix: RegExp): Exchange[] {
  if (!hasVectors) return [];
  return readdirSync(`${FOLDER}exchanges`)
    .filter((file) => file.endsWith(".txt") && prefix.test(file))
    .sort()
    .map((file) => {
      const lines = readText(`exchanges/${file}`).split("\n");
      const frames = lines.flatMap((line) => {
        const match = /^\s*[\d.]+ (C>S|S>C) ([0-9A-Fa-f]+)$/.exec(line);
        return match === null ? [] : [{ direction: match[1] as "C>S" | "S>C", octets: fromHex(match[2] ?? "") }];
      });
      const plain = lines.flatMap((line) => /^# pdu ([0-9A-Fa-f]+)$/.exec(line)?.[1] ?? []);
      return { name: file.replace(".txt", ""), frames, plain, head: lines.filter((line) => line.startsWith("#")).join("\n") };
    });
}
