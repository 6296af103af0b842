import { DecodeError } from "@amity/bytes";

const HEADER_LENGTH = 19;
const FIELDS_MAX = 1600;
/** Rows larger than this are refused (octets). */
const ROW_MAX = 64 * 1024 * 1024;

/** Cuts a binary COPY stream into rows, whatever the chunks. */
export class CopyReader {
  readonly #take: (fields: readonly (Uint8Array | undefined)[]) => void;
  #held: Uint8Array = new Uint8Array(0);
  #isOpen = false;
  #isEnded = false;
  #rows = 0;
  #fields: (Uint8Array | undefined)[] = [];

  constructor(take: (fields: readonly (Uint8Array | undefined)[]) => void) {
    this.#take = take;
  }

  get rows(): number {
    return this.#rows;
  }

  /** @throws DecodeError if the stream is not PostgreSQL's binary COPY format. */
  push(chunk: Uint8Array): void {
    let data = chunk;
    if (this.#held.length > 0) {
      data = new Uint8Array(this.#held.length + chunk.length);
      data.set(this.#held);
      data.set(chunk, this.#held.length);
    }
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let at = 0;
    if (!this.#isOpen) {
      if (data.length < HEADER_LENGTH) return this.#hold(data, 0);
      const extension = view.getUint32(15);
      if (view.getUint32(0) !== 0x5047434f || extension !== 0) throw new DecodeError("no binary COPY header", { offset: 0 });
      at = HEADER_LENGTH;
      this.#isOpen = true;
    }
    for (;;) {
      const next = this.#row(data, view, at);
      if (next < 0) break;
      at = next;
    }
    this.#hold(data, at);
  }

  /** @throws DecodeError if the stream ended before its trailer. */
  end(): void {
    if (!this.#isEnded || this.#held.length > 0)
      throw new DecodeError("the COPY stream ended inside a row", { offset: -1, code: "truncated" });
  }

  /** Reads one row at `at`; returns the place after it, or -1 if it is not all there. */
  #row(data: Uint8Array, view: DataView, at: number): number {
    if (this.#isEnded || data.length - at < 2) return -1;
    const count = view.getInt16(at);
    if (count === -1) {
      this.#isEnded = true;
      return at + 2;
    }
    if (count < 0 || count > FIELDS_MAX) throw new DecodeError(`a row of ${count} fields`, { offset: at });
    const fields = this.#fields;
    fields.length = count;
    let next = at + 2;
    for (let index = 0; index < count; index++) {
      if (data.length - next < 4) return -1;
      const length = view.getInt32(next);
      next += 4;
      if (length < -1 || length > ROW_MAX) throw new DecodeError(`a field of ${length} octets`, { offset: next });
      if (length === -1) fields[index] = undefined;
      else if (data.length - next < length) return -1;
      else {
        fields[index] = data.subarray(next, next + length);
        next += length;
      }
    }
    this.#rows++;
    this.#take(fields);
    return next;
  }

  #hold(data: Uint8Array, at: number): void {
    if (data.length - at > ROW_MAX) throw new DecodeError(`a row exceeds ${ROW_MAX} octets`, { offset: at, code: "limit" });
    this.#held = at === data.length ? new Uint8Array(0) : data.subarray(at);
  }
}

/** A `timestamptz` field in binary form as UTC ms. */
export function instantOf(field: Uint8Array | undefined): number {
  if (field?.length !== 8) throw new DecodeError("no instant", { offset: 0 });
  const view = new DataView(field.buffer, field.byteOffset, 8);
  return Math.floor((view.getInt32(0) * 0x1_0000_0000 + view.getUint32(4)) / 1000) + 946_684_800_000;
}

/** A `date` field in binary form as its UTC midnight, ms. */
export function dayOf(field: Uint8Array | undefined): number {
  return (int4Of(field) + 10_957) * 86_400_000;
}

export function int4Of(field: Uint8Array | undefined): number {
  if (field?.length !== 4) throw new DecodeError("no int4", { offset: 0 });
  return new DataView(field.buffer, field.byteOffset, 4).getInt32(0);
}

export function int2Of(field: Uint8Array | undefined): number {
  if (field?.length !== 2) throw new DecodeError("no int2", { offset: 0 });
  return new DataView(field.buffer, field.byteOffset, 2).getInt16(0);
}
