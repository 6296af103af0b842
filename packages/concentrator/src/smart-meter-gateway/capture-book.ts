import { ByteReader, ByteWriter, DecodeError } from "@amity/bytes";
import { parseObis, type Obis } from "@amity/dlms";
import type { Files } from "@amity/runtime";
import { crc32 } from "../crc32.ts";
import type { LocalReading, LocalRegister } from "./local-reading.ts";

const PATH = "captures";
const MAGIC = 0x41434231;
/** Columns of a profile: a meter's local port shows fewer registers than that. */
const COLUMNS_MAX = 32;

/** Wh and varh: what counts up belongs in a load profile, what flows just now does not. */
const ENERGY_UNITS: ReadonlySet<number> = new Set([30, 32]);

/** A column of the load profile: one register in the scaler that it first came in. */
export interface CaptureColumn {
  readonly instanceId: Obis;
  readonly scaler: number;
  readonly unit: number;
}

/** The registers at the end of one capture period; `undefined` where the meter did not say one. */
export interface CaptureRow {
  readonly atMs: number;
  readonly values: readonly (bigint | undefined)[];
}

/**
 * The load profile that the gateway keeps for its meter, on its own disk: what `append` resolved for survives a crash. A torn
 * or damaged end is dropped, with what stands behind it.
 */
export class CaptureBook {
  readonly #files: Files;
  readonly #rowsMax: number;
  #columns: readonly CaptureColumn[] = [];
  #rows: CaptureRow[] = [];

  private constructor(files: Files, rowsMax: number) {
    this.#files = files;
    this.#rowsMax = rowsMax;
  }

  /** @throws LinkError when the disk refuses. */
  static async open(files: Files, rowsMax: number): Promise<CaptureBook> {
    const book = new CaptureBook(files, rowsMax);
    const content = await files.read(PATH);
    if (content !== undefined) book.#load(content);
    // What stands behind a torn record would hide what is appended next.
    if (content !== undefined) await files.replace(PATH, book.#whole());
    return book;
  }

  get columns(): readonly CaptureColumn[] {
    return this.#columns;
  }

  /** Oldest first, at most as many as the depth allows. */
  get rows(): readonly CaptureRow[] {
    return this.#rows;
  }

  /** Adds the row of one period. Registers that appear for the first time become columns. @throws LinkError when the disk refuses. */
  async append(atMs: number, reading: LocalReading): Promise<void> {
    const known = new Set(this.#columns.map(({ instanceId }) => instanceId));
    const isNew = ({ instanceId, unit }: LocalRegister): boolean => !known.has(instanceId) && ENERGY_UNITS.has(unit);
    const added = reading.registers.filter(isNew).slice(0, COLUMNS_MAX - this.#columns.length);
    this.#columns = [...this.#columns, ...added.map(({ instanceId, scaler, unit }) => ({ instanceId, scaler, unit }))];
    const values = this.#columns.map((column) => {
      const register = reading.registers.find(({ instanceId }) => instanceId === column.instanceId);
      return register === undefined ? undefined : rescaled(register.value, register.scaler - column.scaler);
    });
    this.#rows.push({ atMs, values });
    const isWhole = added.length > 0 || this.#rows.length > this.#rowsMax * 2;
    if (this.#rows.length > this.#rowsMax) this.#rows = this.#rows.slice(-this.#rowsMax);
    await (isWhole ? this.#files.replace(PATH, this.#whole()) : this.#files.append(PATH, encodeRow({ atMs, values })));
  }

  #whole(): Uint8Array {
    const writer = new ByteWriter({ limit: 64 * 1024 * 1024 });
    const head = new ByteWriter().u32(MAGIC).u16(this.#columns.length);
    for (const { instanceId, scaler, unit } of this.#columns) {
      const text = new TextEncoder().encode(instanceId);
      head.u8(text.length).bytes(text).i8(scaler).u8(unit);
    }
    writer.bytes(sealed(head.finish()));
    for (const row of this.#rows) writer.bytes(encodeRow(row));
    return writer.finish();
  }

  #load(content: Uint8Array): void {
    const reader = new ByteReader(content);
    try {
      this.#columns = decodeColumns(unsealed(reader));
      for (;;) this.#rows.push(decodeRow(unsealed(reader), this.#columns.length));
    } catch (error) {
      // The end of the file, whole or torn.
      if (!(error instanceof DecodeError)) throw error;
    }
    this.#rows = this.#rows.slice(-this.#rowsMax);
  }
}

/** Some meters write a register with more or fewer digits from time to time: the column keeps its own scaler. */
function rescaled(value: bigint, exponent: number): bigint {
  return exponent >= 0 ? value * 10n ** BigInt(exponent) : value / 10n ** BigInt(-exponent);
}

/** Length, content, CRC-32 of the content. */
function sealed(content: Uint8Array): Uint8Array {
  return new ByteWriter().u32(content.length).bytes(content).u32(crc32(content)).finish();
}

function unsealed(reader: ByteReader): ByteReader {
  const content = reader.bytes(reader.u32());
  if (reader.u32() !== crc32(content)) throw new DecodeError("a damaged record", { offset: reader.position, code: "crc" });
  return new ByteReader(content);
}

function encodeRow({ atMs, values }: CaptureRow): Uint8Array {
  const writer = new ByteWriter().u64(BigInt(atMs)).u8(values.length);
  for (const value of values) writer.u8(value === undefined ? 0 : 1).i64(value ?? 0n);
  return sealed(writer.finish());
}

function decodeRow(reader: ByteReader, columns: number): CaptureRow {
  const atMs = Number(reader.u64());
  const values = Array.from({ length: Math.min(reader.u8(), columns) }, () =>
    reader.u8() === 1 ? reader.i64() : (reader.i64(), undefined),
  );
  // Columns that came later have no value in older rows.
  return { atMs, values: [...values, ...Array.from({ length: columns - values.length }, () => undefined)] };
}

function decodeColumns(reader: ByteReader): CaptureColumn[] {
  if (reader.u32() !== MAGIC) throw new DecodeError("no captures", { offset: 0, code: "magic" });
  return Array.from({ length: reader.u16() }, () => ({
    instanceId: parseObis(new TextDecoder().decode(reader.bytes(reader.u8()))),
    scaler: reader.i8(),
    unit: reader.u8(),
  }));
}
