import { DecodeError } from "@amity/bytes";
import type { Files } from "@amity/runtime";
import type { MbusHostOperation } from "./mbus-host/mbus-host-operations.ts";
import type { MeterOperation } from "./metrology/operations.ts";
import type { SubMeterOperation } from "./sub-meter/sub-meter-operations.ts";

/** One line of the journal. */
export interface JournalEntry {
  readonly meterId: string;
  /** Of an electricity meter, of one of its M-Bus channels, or (under its own id) of a gas, water or heat meter. */
  readonly operation: MeterOperation | MbusHostOperation | SubMeterOperation;
}

/**
 * The memory of a fleet: everything that happened to its meters, one JSON object a line, synced before it counts. Starting again with the
 * same plan and this journal gives the same meters.
 */
export class FleetJournal {
  readonly #files: Files;
  readonly #path: string;
  #waiting: { readonly line: string; resolve(): void; reject(error: unknown): void }[] = [];
  #isWriting = false;

  constructor(files: Files, path = "meters.journal") {
    this.#files = files;
    this.#path = path;
  }

  /**
   * All entries in order. A torn last line (the process died while writing) is passed over: it had not counted.
   * @throws DecodeError for a damaged line before the last, with its number.
   */
  async load(): Promise<JournalEntry[]> {
    const content = await this.#files.read(this.#path);
    if (content === undefined) return [];
    const lines = new TextDecoder().decode(content).split("\n");
    const torn = lines.pop() ?? "";
    const entries = lines.flatMap((line, index) => (line === "" ? [] : [parseLine(line, index + 1)]));
    // What is appended next must not continue the torn line.
    if (torn !== "") await this.#files.replace(this.#path, new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
    return entries;
  }

  /** Resolves when the entries are on disk. Calls that come together are written together. @throws LinkError `disk-full`. */
  append(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve();
    const line = entries.map(({ meterId, operation }) => `${JSON.stringify({ meterId, operation })}\n`).join("");
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      if (!this.#isWriting) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await this.#files.append(this.#path, new TextEncoder().encode(batch.map(({ line }) => line).join("")));
        for (const entry of batch) entry.resolve();
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      }
    }
    this.#isWriting = false;
  }
}

function parseLine(line: string, number: number): JournalEntry {
  try {
    const entry = JSON.parse(line) as Partial<JournalEntry> | null;
    if (typeof entry?.meterId === "string" && typeof entry.operation?.atMs === "number" && typeof entry.operation.kind === "string") {
      return entry as JournalEntry;
    }
  } catch {
    // Reported below with its place.
  }
  throw new DecodeError(`line ${number} of the meters' journal is damaged`, {
    offset: -1,
    code: "journal-damaged",
    advice: "remove that line to go on without it",
  });
}
