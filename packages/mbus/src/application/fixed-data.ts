import { DecodeError } from "@amity/bytes";
import { readBcd, readUnsigned } from "./data-types.ts";
import type { InvalidValue } from "./record.ts";

/** One of the two counters of the fixed data structure. */
export interface FixedCounter {
  readonly value: number | bigint | InvalidValue;
  readonly unit: string;
  readonly exponent: number;
  readonly quantity: string;
  /** Stored at a fixed date instead of the current value. */
  readonly isStored: boolean;
}

/** Fixed data structure (EN 13757-3:2004, 5.1; withdrawn since, meters remain). */
export interface FixedData {
  readonly id: string;
  readonly accessNumber: number;
  readonly status: number;
  readonly deviceType: number;
  readonly isBinary: boolean;
  readonly counters: readonly [FixedCounter, FixedCounter];
}

const OCTETS = 16;

/** Reads the 16 octets after CI 73, which `end` closes. @throws DecodeError `truncated`. */
export function readFixedData(data: Uint8Array, start = 0, end = data.length): FixedData {
  if (end - start < OCTETS) {
    throw new DecodeError(`truncated: the fixed structure has ${OCTETS} octets, ${end - start} are left`, {
      offset: start,
      code: "truncated",
    });
  }
  const status = data[start + 5] ?? 0;
  const low = data[start + 6] ?? 0;
  const high = data[start + 7] ?? 0;
  const isBinary = (status & 0x01) !== 0;
  const isStored = (status & 0x02) !== 0;
  const first = unitOf(low & 0x3f);
  const second = (high & 0x3f) === 0x3e ? { ...first, quantity: `${first.quantity}Historic` } : unitOf(high & 0x3f);
  const read = (at: number) => (isBinary ? readUnsigned(data, at, 4) : readBcd(data, at, 4));
  return {
    id: [3, 2, 1, 0].map((index) => (data[start + index] ?? 0).toString(16).padStart(2, "0")).join(""),
    accessNumber: data[start + 4] ?? 0,
    status,
    // The medium's four bits sit on top of the two unit octets (annex, table 5).
    deviceType: ((high >> 4) & 0x0c) | (low >> 6),
    isBinary,
    counters: [
      { value: read(start + 8), ...first, isStored },
      { value: read(start + 12), ...second, isStored },
    ],
  };
}

/** Physical units of the fixed structure (EN 13757-3:2004, table 4): a row is the first code and its run. */
const RUNS: readonly { first: number; units: readonly (readonly [quantity: string, unit: string, exponent: number])[] }[] = [
  {
    first: 0x00,
    units: [
      ["time", "h,m,s", 0],
      ["date", "D,M,Y", 0],
    ],
  },
  { first: 0x02, units: powers("energy", "Wh", 0, 9) },
  { first: 0x0b, units: powers("energy", "J", 3, 9) },
  { first: 0x14, units: powers("power", "W", 0, 9) },
  { first: 0x1d, units: powers("power", "J/h", 3, 9) },
  { first: 0x26, units: powers("volume", "m³", -6, 9) },
  { first: 0x2f, units: powers("volumeFlow", "m³/h", -6, 9) },
  { first: 0x38, units: [["temperature", "°C", -3]] },
  { first: 0x39, units: [["heatCostAllocation", "HCA", 0]] },
];

function powers(quantity: string, unit: string, exponent: number, count: number): [string, string, number][] {
  return Array.from({ length: count }, (_, step) => [quantity, unit, exponent + step]);
}

function unitOf(code: number): { quantity: string; unit: string; exponent: number } {
  for (const run of RUNS) {
    const found = run.units[code - run.first];
    if (code >= run.first && found !== undefined) return { quantity: found[0], unit: found[1], exponent: found[2] };
  }
  return { quantity: code === 0x3f ? "none" : "unknown", unit: "", exponent: 0 };
}
