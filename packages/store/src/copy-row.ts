import { UsageError } from "@amity/bytes";

/** PostgreSQL counts instants from 2000-01-01 (protocol, binary formats). */
const EPOCH_2000_MS = 946_684_800_000;
const EPOCH_2000_DAYS = 10_957;
const DAY_MS = 86_400_000;
const TEXT = new TextEncoder();
/** Longest field (octets): far above any block, far below PostgreSQL's own limit. */
const FIELD_MAX = 16 * 1024 * 1024;

/** The signature, flags and extension length that open every binary COPY. */
const HEADER = Uint8Array.of(0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00, 0, 0, 0, 0, 0, 0, 0, 0);

/**
 * Writes the fields of binary COPY rows (PostgreSQL manual, COPY, "Binary Format") one after another into one buffer. Each
 * row must get as many fields as the COPY has columns, each by the method of its column's type.
 */
export class CopyRow {
  #data: Uint8Array;
  #view: DataView;
  #length = 0;
  readonly #columns: number;
  #fields: number;

  constructor(columns: number, capacity: number) {
    this.#columns = columns;
    this.#fields = columns;
    this.#data = new Uint8Array(capacity);
    this.#view = new DataView(this.#data.buffer);
    this.#data.set(HEADER);
    this.#length = HEADER.length;
  }

  get length(): number {
    return this.#length;
  }

  int2(value: number): this {
    const at = this.#field(2);
    this.#view.setInt16(at, value);
    return this;
  }

  int4(value: number): this {
    const at = this.#field(4);
    this.#view.setInt32(at, value);
    return this;
  }

  int8(value: bigint | number): this {
    const at = this.#field(8);
    this.#view.setBigInt64(at, BigInt(value));
    return this;
  }

  float8(value: number): this {
    const at = this.#field(8);
    this.#view.setFloat64(at, value);
    return this;
  }

  bool(value: boolean): this {
    const at = this.#field(1);
    this.#data[at] = value ? 1 : 0;
    return this;
  }

  /** A UTC midnight, ms, as `date`. */
  date(dayStartMs: number): this {
    return this.int4(Math.floor(dayStartMs / DAY_MS) - EPOCH_2000_DAYS);
  }

  /** An instant, UTC ms, as `timestamptz`. */
  instant(instantMs: number): this {
    const at = this.#field(8);
    const micros = (instantMs - EPOCH_2000_MS) * 1000;
    // Two 32-bit halves: a BigInt a row is what would cost most here.
    const high = Math.floor(micros / 0x1_0000_0000);
    this.#view.setInt32(at, high);
    this.#view.setUint32(at + 4, micros - high * 0x1_0000_0000);
    return this;
  }

  text(value: string): this {
    return this.bytes(TEXT.encode(value));
  }

  /** `bytea`: the octets from `from` to `to`. */
  bytes(value: Uint8Array, from = 0, to = value.length): this {
    const at = this.#field(to - from);
    this.#data.set(from === 0 && to === value.length ? value : value.subarray(from, to), at);
    return this;
  }

  /** `jsonb` from its text. */
  jsonb(text: string): this {
    const octets = TEXT.encode(text);
    const at = this.#field(octets.length + 1);
    this.#data[at] = 1;
    this.#data.set(octets, at + 1);
    return this;
  }

  null(): this {
    this.#open(4);
    this.#view.setInt32(this.#length, -1);
    this.#length += 4;
    return this;
  }

  /** Room for a field of `octets`, its length written; returns where its octets go. */
  #field(octets: number): number {
    if (octets > FIELD_MAX) throw new UsageError(`a field of ${octets} octets exceeds ${FIELD_MAX}`, { code: "limit" });
    this.#open(4 + octets);
    this.#view.setInt32(this.#length, octets);
    const at = this.#length + 4;
    this.#length = at + octets;
    return at;
  }

  /** Counts a field, begins a row where the one before is complete, and makes room. */
  #open(octets: number): void {
    this.#ensure(octets + 2);
    if (this.#fields === this.#columns) {
      this.#view.setInt16(this.#length, this.#columns);
      this.#length += 2;
      this.#fields = 0;
    }
    this.#fields++;
  }

  #ensure(octets: number): void {
    const needed = this.#length + octets;
    if (needed <= this.#data.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#data.length * 2));
    larger.set(this.#data.subarray(0, this.#length));
    this.#data = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** Takes what is written so far and begins a new buffer. @throws UsageError inside a row. */
  take(): Uint8Array {
    this.requireComplete();
    const taken = this.#data.subarray(0, this.#length);
    this.#data = new Uint8Array(this.#data.length);
    this.#view = new DataView(this.#data.buffer);
    this.#length = 0;
    return taken;
  }

  /** Ends the COPY: what is left, with the trailer. */
  finish(): Uint8Array {
    this.requireComplete();
    this.#ensure(2);
    this.#view.setInt16(this.#length, -1);
    this.#length += 2;
    return this.#data.subarray(0, this.#length);
  }

  requireComplete(): void {
    if (this.#fields !== this.#columns) {
      throw new UsageError(`a row of ${this.#columns} columns got ${this.#fields} fields`, { code: "copy-fields" });
    }
  }
}
