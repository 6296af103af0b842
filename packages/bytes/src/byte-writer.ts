import { UsageError } from "./errors.ts";

const TEXT = new TextEncoder();

/** A growing buffer. Big-endian unless the name says `Le`. */
export class ByteWriter {
  #data: Uint8Array;
  #view: DataView;
  #length = 0;
  readonly #limit: number;

  /** `limit` bounds what may be written (octets): past it comes a UsageError, never an unbounded buffer. */
  constructor(options: { capacity?: number; limit?: number } = {}) {
    this.#data = new Uint8Array(options.capacity ?? 64);
    this.#view = new DataView(this.#data.buffer);
    this.#limit = options.limit ?? 64 * 1024 * 1024;
  }

  get length(): number {
    return this.#length;
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
      this.#view = new DataView(larger.buffer);
    }
    this.#length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }
  i8(value: number): this {
    return this.u8(value);
  }
  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }
  u16Le(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
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
    this.#view.setUint32(at, value);
    return this;
  }
  u32Le(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
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
    this.#view.setUint8(position, value);
    return this;
  }
  patchU16(position: number, value: number): this {
    this.#view.setUint16(position, value);
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
