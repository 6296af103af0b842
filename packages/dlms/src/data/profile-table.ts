import { ByteReader, DecodeError } from "@amity/bytes";
import { decodeData, dlmsData, encodeData } from "./axdr.ts";
import type { DlmsData } from "./dlms-data.ts";

/** Rows and columns beyond this are refused: a profile of years of quarter-hours has some 10^5 rows. */
const CELLS_MAX = 16_000_000;

/**
 * A profile buffer (array of structures of one width) decoded by column: numbers are ready, everything else is found by
 * its offset without an object per cell. Deltas (Blue Book 13) are already added up in `numbers`.
 */
export class ProfileTable {
  readonly rowCount: number;
  readonly columnCount: number;
  /** Row by row: the tag of each cell. */
  readonly tags: Uint8Array;
  /** Row by row: the value of numeric cells of up to 64 bits (64-bit ones rounded: see `bigintAt`), NaN for the others. */
  readonly numbers: Float64Array;
  readonly #octets: Uint8Array;
  /** Row by row: where the content of each cell starts, behind its tag. */
  readonly #offsets: Uint32Array;

  constructor(octets: Uint8Array, cells: { rows: number; columns: number; tags: Uint8Array; numbers: Float64Array; offsets: Uint32Array }) {
    this.#octets = octets;
    this.rowCount = cells.rows;
    this.columnCount = cells.columns;
    this.tags = cells.tags;
    this.numbers = cells.numbers;
    this.#offsets = cells.offsets;
  }

  /** NaN where the cell is no number. */
  numberAt(row: number, column: number): number {
    return this.numbers[row * this.columnCount + column] ?? Number.NaN;
  }

  /** Null-data: the same as in the row before (for the clock: one capture period later). */
  isNull(row: number, column: number): boolean {
    return this.tags[row * this.columnCount + column] === 0;
  }

  /** The exact value of an integer cell of any width; `undefined` where the cell is none. */
  bigintAt(row: number, column: number): bigint | undefined {
    const value = this.dataAt(row, column);
    if (value.type === "long64" || value.type === "long64-unsigned") return value.value;
    return typeof value === "object" && "value" in value && typeof value.value === "number" && Number.isInteger(value.value)
      ? BigInt(this.numberAt(row, column))
      : undefined;
  }

  /** The octets of an octet-string, date-time, date or time cell (a view); `undefined` for others. */
  octetsAt(row: number, column: number): Uint8Array | undefined {
    const cell = row * this.columnCount + column;
    const at = this.#offsets[cell] ?? 0;
    switch (this.tags[cell]) {
      case 9: {
        const length = this.#octets[at] ?? 0;
        if (length < 0x80) return this.#octets.subarray(at + 1, at + 1 + length);
        const value = this.dataAt(row, column);
        return value.type === "octet-string" ? value.value : undefined;
      }
      case 25:
        return this.#octets.subarray(at, at + 12);
      case 26:
        return this.#octets.subarray(at, at + 5);
      case 27:
        return this.#octets.subarray(at, at + 4);
      default:
        return undefined;
    }
  }

  /** Any cell as it was sent. */
  dataAt(row: number, column: number): DlmsData {
    const at = this.#offsets[row * this.columnCount + column];
    if (at === undefined || row >= this.rowCount || column >= this.columnCount) return { type: "null-data" };
    return dlmsData.decode(new ByteReader(this.#octets, { start: at - 1 }));
  }
}

/** Decodes a profile buffer from its A-XDR octets (what `getRaw` gives). @throws DecodeError, `not-profile` for other values. */
export function decodeProfileTable(octets: Uint8Array): ProfileTable {
  // Compact arrays are rare: spelled out, they take the same way.
  if (octets[0] === 0x13) return decodeProfileTable(encodeData({ type: "array", value: elementsOf(decodeData(octets)) }));
  const scan = new Scan(octets);
  const rows = scan.header(0x01, "array");
  if (rows === 0)
    return new ProfileTable(octets, {
      rows: 0,
      columns: 0,
      tags: new Uint8Array(0),
      numbers: new Float64Array(0),
      offsets: new Uint32Array(0),
    });
  const columns = scan.header(0x02, "structure");
  // Every row and every cell takes at least an octet of its own: what is announced cannot allocate more than was sent.
  if (rows > octets.length || columns > octets.length || rows * columns > Math.min(CELLS_MAX, octets.length)) {
    throw new DecodeError(`${rows} rows of ${columns} columns do not fit ${octets.length} octets`, { offset: 0, code: "truncated" });
  }
  const cells = rows * columns;
  const tags = new Uint8Array(cells);
  const numbers = new Float64Array(cells);
  const offsets = new Uint32Array(cells);
  let cell = 0;
  for (let row = 0; row < rows; row++) {
    if (row > 0 && scan.header(0x02, "structure") !== columns) throw scan.fail(`row ${row} has another number of columns than the first`);
    for (let column = 0; column < columns; column++, cell++) {
      const tag = scan.tag();
      tags[cell] = tag;
      offsets[cell] = scan.position;
      const value = scan.content(tag);
      numbers[cell] = tag >= 28 && tag <= 33 ? value + (row === 0 ? 0 : (numbers[cell - columns] ?? 0)) : value;
    }
  }
  if (scan.position !== octets.length) throw scan.fail(`${octets.length - scan.position} trailing octet(s) after the buffer`);
  return new ProfileTable(octets, { rows, columns, tags, numbers, offsets });
}

function elementsOf(value: DlmsData): readonly DlmsData[] {
  return value.type === "compact-array" || value.type === "array" ? value.value : [];
}

/** Octets of content by tag; -1: by length octet, -2: nested or unknown, -3: bits. */
const CONTENT_OCTETS = contentOctets();

function contentOctets(): Int8Array {
  const table = new Int8Array(256).fill(-2);
  const byOctets: [octets: number, tags: number[]][] = [
    [-3, [4]],
    [-1, [9, 10, 12]],
    [0, [0, 255]],
    [1, [3, 13, 15, 17, 22, 28, 31]],
    [2, [16, 18, 29, 32]],
    [4, [5, 6, 23, 27, 30, 33]],
    [5, [26]],
    [8, [20, 21, 24]],
    [12, [25]],
  ];
  for (const [octets, tags] of byOctets) for (const tag of tags) table[tag] = octets;
  return table;
}

/** The hot loop: no views, no objects, bounds checked before every read. */
class Scan {
  /** Index of the next octet. */
  position = 0;
  readonly #octets: Uint8Array;
  readonly #end: number;
  readonly #view: DataView;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
    this.#end = octets.length;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  }

  fail(reason: string, code = "not-profile"): DecodeError {
    return new DecodeError(reason, { offset: this.position, code });
  }

  tag(): number {
    if (this.position >= this.#end) throw this.fail("truncated: need 1 octet(s), have 0", "truncated");
    return this.#octets[this.position++] ?? 0;
  }

  /** The count behind a given tag. */
  header(expected: number, what: string): number {
    const tag = this.tag();
    if (tag !== expected) {
      this.position--;
      throw this.fail(`tag ${tag} where ${what} is expected`);
    }
    return this.length();
  }

  length(): number {
    const first = this.tag();
    if (first < 0x80) return first;
    let length = 0;
    if (first === 0x80 || first > 0x83) throw this.fail("a length of this form is not used here", "length");
    for (let count = first & 0x7f; count > 0; count--) length = length * 256 + this.tag();
    return length;
  }

  /** Passes over one content and gives its number, NaN where it is none. */
  content(tag: number): number {
    const at = this.position;
    const octets = CONTENT_OCTETS[tag] ?? -2;
    if (octets >= 0) {
      this.#skip(octets);
      return this.#number(tag, at);
    }
    if (octets === -1) this.#skip(this.length());
    else if (octets === -3) this.#skip(Math.ceil(this.length() / 8));
    else this.#nested(at);
    return Number.NaN;
  }

  #skip(octets: number): void {
    if (octets > this.#end - this.position)
      throw this.fail(`truncated: need ${octets} octet(s), have ${this.#end - this.position}`, "truncated");
    this.position += octets;
  }

  #nested(at: number): void {
    const reader = new ByteReader(this.#octets, { start: at - 1 });
    dlmsData.decode(reader);
    this.position = reader.position;
  }

  #number(tag: number, at: number): number {
    const view = this.#view;
    switch (tag) {
      case 6:
      case 33:
        return view.getUint32(at);
      case 5:
      case 30:
        return view.getInt32(at);
      case 18:
      case 32:
        return view.getUint16(at);
      case 16:
      case 29:
        return view.getInt16(at);
      case 15:
      case 28:
        return view.getInt8(at);
      case 3:
      case 13:
      case 17:
      case 22:
      case 31:
        return view.getUint8(at);
      default:
        return this.#wide(tag, at);
    }
  }

  #wide(tag: number, at: number): number {
    switch (tag) {
      case 20:
        return Number(this.#view.getBigInt64(at));
      case 21:
        return Number(this.#view.getBigUint64(at));
      case 23:
        return this.#view.getFloat32(at);
      case 24:
        return this.#view.getFloat64(at);
      default:
        return Number.NaN;
    }
  }
}
