import { UsageError } from "./errors.ts";

const TEXT = new TextEncoder();

/** A growing buffer. Big-endian unless the name says `Le`. */
export class ByteWriter {
  #data: Uint8Array;
  /** Made for the first wide number only: a view costs more than a short message takes to write. */
  #wideView: DataView | undefined;
  #length = 0;
  readonly #limit: number;

  /** `limit` bounds what may be written (octets): past it comes a UsageError, never an unbounded buffer. */
  constructor(options: { capacity?: number; limit?: number } = {}) {
    this.#data = new Uint8Array(options.capacity ?? 64);
    this.#limit = options.limit ?? 64 * 1024 * 1024;
  }

  get length(): number {
    return this.#length;
  }

  get #view(): DataView {
    return (this.#wideView ??= new DataView(this.#data.buffer));
  }

  /** @throws UsageError unless those octets were written already. */
  #written(position: number, octets: number): number {
    if (position < 0 || position + octets > this.#length)
      throw new UsageError(`octet ${position} was not written yet`, { code: "out-of-range" });
    return position;
  }

  #grow(octets: number): number {
    const at = this.#length;
    const needed = at + octets;
    if (needed > this.#data.length) {
      if (needed > this.#limit) {
        throw new UsageError(`message exceeds its limit of ${this.#limit} octets`, { code: "too-long" });
      }
      const larger = new Uint8Array(Math.max(needed, this.#data.length * 2));
      larger.set(this.#data.subarray(0, at));
      this.#data = larger;
      this.#wideView = undefined;
    }
    this.#length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#data[at] = value;
    return this;
  }
  i8(value: number): this {
    return this.u8(value);
  }
  u16(value: number): this {
    const at = this.#grow(2);
    this.#data[at] = value >>> 8;
    this.#data[at + 1] = value;
    return this;
  }
  u16Le(value: number): this {
    const at = this.#grow(2);
    this.#data[at] = value;
    this.#data[at + 1] = value >>> 8;
    return this;
  }
  i16(value: number): this {
    return this.u16(value);
  }
  i16Le(value: number): this {
    return this.u16Le(value);
  }
  u24(value: number): this {
    return this.u8(value >>> 16).u16(value & 0xffff);
  }
  u24Le(value: number): this {
    return this.u16Le(value & 0xffff).u8(value >>> 16);
  }
  u32(value: number): this {
    const at = this.#grow(4);
    this.#data[at] = value >>> 24;
    this.#data[at + 1] = value >>> 16;
    this.#data[at + 2] = value >>> 8;
    this.#data[at + 3] = value;
    return this;
  }
  u32Le(value: number): this {
    const at = this.#grow(4);
    this.#data[at] = value;
    this.#data[at + 1] = value >>> 8;
    this.#data[at + 2] = value >>> 16;
    this.#data[at + 3] = value >>> 24;
    return this;
  }
  i32(value: number): this {
    return this.u32(value);
  }
  i32Le(value: number): this {
    return this.u32Le(value);
  }
  u64(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value);
    return this;
  }
  u64Le(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }
  i64(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigInt64(at, value);
    return this;
  }
  i64Le(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigInt64(at, value, true);
    return this;
  }
  f32(value: number): this {
    const at = this.#grow(4);
    this.#view.setFloat32(at, value);
    return this;
  }
  f32Le(value: number): this {
    const at = this.#grow(4);
    this.#view.setFloat32(at, value, true);
    return this;
  }
  f64(value: number): this {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#data.set(value, at);
    return this;
  }

  utf8(value: string): this {
    return this.bytes(TEXT.encode(value));
  }

  /** Overwrites an octet already written: for lengths known only afterwards. */
  patchU8(position: number, value: number): this {
    this.#data[this.#written(position, 1)] = value;
    return this;
  }
  patchU16(position: number, value: number): this {
    const at = this.#written(position, 2);
    this.#data[at] = value >>> 8;
    this.#data[at + 1] = value;
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#data.slice(0, this.#length);
  }

  /** What was written, without a copy: valid until the next write or `clear`. */
  peek(): Uint8Array {
    return this.#data.subarray(0, this.#length);
  }

  /** Empties the writer and keeps its buffer. */
  clear(): this {
    this.#length = 0;
    return this;
  }
}
