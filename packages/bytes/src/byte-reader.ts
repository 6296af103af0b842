import { DecodeError } from "./errors.ts";

/**
 * A bounded cursor over octets. Big-endian unless the name says `Le`. Every read checks the bound; a sub-reader can
 * never read past its parent. Offsets in errors count from the start of the outermost buffer.
 */
export class ByteReader {
  readonly data: Uint8Array;
  /** Made for the first wide number only: a view costs more than a short message takes to read. */
  #wideView: DataView | undefined;
  readonly #end: number;
  #position: number;
  /** Offset of `data[0]` in the outermost buffer (for text in errors only). */
  readonly #base: number;

  constructor(data: Uint8Array, bounds: { start?: number; end?: number; base?: number } = {}) {
    this.data = data;
    this.#position = bounds.start ?? 0;
    this.#end = bounds.end ?? data.length;
    this.#base = bounds.base ?? 0;
  }

  /** Offset of the next octet in the outermost buffer. */
  get offset(): number {
    return this.#base + this.#position;
  }

  /** Index of the next octet in `data`. */
  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#end;
  }

  /** An error that points at the next octet (or at an earlier one). */
  fail(reason: string, code = "malformed", offset = this.offset): DecodeError {
    return new DecodeError(reason, { offset, code });
  }

  #take(octets: number): number {
    const at = this.#position;
    if (octets > this.#end - at || octets < 0) {
      throw new DecodeError(`truncated: need ${octets} octet(s), have ${this.#end - at}`, { offset: this.offset, code: "truncated" });
    }
    this.#position = at + octets;
    return at;
  }

  /** `at` was checked by `#take`. */
  #octet(at: number): number {
    return this.data[at] ?? 0;
  }

  get #view(): DataView {
    const { buffer, byteOffset, byteLength } = this.data;
    return (this.#wideView ??= new DataView(buffer, byteOffset, byteLength));
  }

  /** The next octet without consuming it; `undefined` at the end. */
  peek(ahead = 0): number | undefined {
    const at = this.#position + ahead;
    return at < this.#end ? this.data[at] : undefined;
  }

  u8(): number {
    return this.#octet(this.#take(1));
  }
  i8(): number {
    return (this.u8() << 24) >> 24;
  }
  u16(): number {
    const at = this.#take(2);
    return (this.#octet(at) << 8) | this.#octet(at + 1);
  }
  u16Le(): number {
    const at = this.#take(2);
    return this.#octet(at) | (this.#octet(at + 1) << 8);
  }
  i16(): number {
    return (this.u16() << 16) >> 16;
  }
  i16Le(): number {
    return (this.u16Le() << 16) >> 16;
  }
  u24(): number {
    const at = this.#take(3);
    return (this.#octet(at) << 16) | (this.#octet(at + 1) << 8) | this.#octet(at + 2);
  }
  u24Le(): number {
    const at = this.#take(3);
    return this.#octet(at) | (this.#octet(at + 1) << 8) | (this.#octet(at + 2) << 16);
  }
  u32(): number {
    return this.i32() >>> 0;
  }
  u32Le(): number {
    return this.i32Le() >>> 0;
  }
  i32(): number {
    const at = this.#take(4);
    return (this.#octet(at) << 24) | (this.#octet(at + 1) << 16) | (this.#octet(at + 2) << 8) | this.#octet(at + 3);
  }
  i32Le(): number {
    const at = this.#take(4);
    return this.#octet(at) | (this.#octet(at + 1) << 8) | (this.#octet(at + 2) << 16) | (this.#octet(at + 3) << 24);
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }
  u64Le(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }
  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }
  i64Le(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }
  f32(): number {
    return this.#view.getFloat32(this.#take(4));
  }
  f32Le(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** The next `length` octets as a view (no copy: copy it where it must outlive the buffer). */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.data.subarray(at, at + length);
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A reader over the next `length` octets, consumed here: nothing inside can read past them. */
  sub(length: number): ByteReader {
    const at = this.#take(length);
    return new ByteReader(this.data, { start: at, end: at + length, base: this.#base });
  }

  /** Trailing octets are an error by name. */
  expectEnd(what = "message"): void {
    if (!this.isAtEnd) throw this.fail(`${this.remaining} trailing octet(s) after ${what}`, "trailing");
  }
}
