import { createReadStream } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Chunks, InterchangeRecord, PutAside } from "../src/index.ts";

/** Public samples, where they are at hand; tests that need them are skipped, visibly, where they are not. */
export const VECTORS = fileURLToPath(new URL("../../../../shared/vectors/mdm/", import.meta.url));

export async function* chunksOf(text: string | Uint8Array, size = 1000): Chunks {
  const data = typeof text === "string" ? new TextEncoder().encode(text) : text;
  for (let at = 0; at < data.length; at += size) yield data.slice(at, at + size);
}

export const vector = (path: string): Chunks => createReadStream(`${VECTORS}${path}`);

export async function collect<T>(records: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const record of records) out.push(record);
  return out;
}

export async function* recordsOf(records: readonly InterchangeRecord[]): AsyncGenerator<InterchangeRecord> {
  yield* records;
}

export async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts = await collect(chunks);
  return parts.map((part) => new TextDecoder().decode(part)).join("");
}

type Intervals = Extract<InterchangeRecord, { kind: "intervals" }>;
type Register = Extract<InterchangeRecord, { kind: "register" }>;
export const intervalsIn = (records: readonly InterchangeRecord[]): Intervals[] =>
  records.filter((record): record is Intervals => record.kind === "intervals");
export const registersIn = (records: readonly InterchangeRecord[]): Register[] =>
  records.filter((record): record is Register => record.kind === "register");
export const asidesIn = (records: readonly InterchangeRecord[]): PutAside[] =>
  records.filter((record): record is PutAside => record.kind === "putAside");
export const countOf = (records: readonly InterchangeRecord[]): number =>
  intervalsIn(records).reduce((sum, { series }) => sum + series.values.length, 0);
