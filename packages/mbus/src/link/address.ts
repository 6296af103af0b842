import { UsageError } from "@amity/bytes";
import { manufacturerCode, manufacturerName } from "./manufacturer.ts";

/** Primary addresses with a meaning of their own (EN 13757-2, 5.7.5). */
export const PRIMARY_ADDRESS = {
  unconfigured: 0,
  slaveMax: 250,
  networkLayer: 253,
  broadcastWithReply: 254,
  broadcast: 255,
} as const;

/** Who a meter is: the secondary address of EN 13757-7, 7.5. */
export interface MeterAddress {
  /** Identification number, eight digits (hexadecimal digits where the meter breaks the BCD rule). */
  readonly id: string;
  /** Three-letter code. */
  readonly manufacturer: string;
  readonly version: number;
  readonly deviceType: number;
}

/** What a slave selection asks for; `F` in the id and `undefined` elsewhere match anything. */
export interface SecondaryPattern {
  readonly id: string;
  readonly manufacturer?: string;
  readonly version?: number;
  readonly deviceType?: number;
  /** Enhanced selection: eight digits of the fabrication number, `F` for any. */
  readonly fabricationNumber?: string;
}

/** Reads identification (4, LE BCD), manufacturer (2, LE), version, device type: the order of the long header. */
export function readLongAddress(data: Uint8Array, at: number): MeterAddress {
  return {
    id: readId(data, at),
    manufacturer: manufacturerName((data[at + 4] ?? 0) | ((data[at + 5] ?? 0) << 8)),
    version: data[at + 6] ?? 0,
    deviceType: data[at + 7] ?? 0,
  };
}

/** Reads manufacturer (2), identification (4), version, device type: the order of the wireless link layer. */
export function readLinkAddress(data: Uint8Array, at: number): MeterAddress {
  return {
    id: readId(data, at + 2),
    manufacturer: manufacturerName((data[at] ?? 0) | ((data[at + 1] ?? 0) << 8)),
    version: data[at + 6] ?? 0,
    deviceType: data[at + 7] ?? 0,
  };
}

/** The eight octets of the long header. */
export function longAddressOctets(address: MeterAddress): Uint8Array {
  const out = new Uint8Array(8);
  out.set(idOctets(address.id), 0);
  const code = manufacturerCode(address.manufacturer);
  out.set([code & 0xff, code >> 8, address.version, address.deviceType], 4);
  return out;
}

/** The eight octets of the wireless link layer. */
export function linkAddressOctets(address: MeterAddress): Uint8Array {
  const long = longAddressOctets(address);
  const out = new Uint8Array(8);
  out.set(long.subarray(4, 6), 0);
  out.set(long.subarray(0, 4), 2);
  out.set(long.subarray(6, 8), 6);
  return out;
}

/** The octets of a selection, eight without a fabrication number: wildcards are nibbles F, FFFF, FF, FF (EN 13757-7, 7.6). */
export function patternOctets(pattern: SecondaryPattern): Uint8Array {
  const code = pattern.manufacturer === undefined ? 0xffff : manufacturerCode(pattern.manufacturer);
  const out = new Uint8Array(8);
  out.set(idOctets(pattern.id), 0);
  out.set([code & 0xff, code >> 8, pattern.version ?? 0xff, pattern.deviceType ?? 0xff], 4);
  if (pattern.fabricationNumber === undefined) return out;
  return Uint8Array.of(...out, 0x0c, 0x78, ...idOctets(pattern.fabricationNumber));
}

/** Does a meter answer to the eight octets of a selection? */
export function isSelectedBy(address: MeterAddress, selection: Uint8Array): boolean {
  const own = longAddressOctets(address);
  for (let index = 0; index < 4; index++) {
    const wanted = selection[index] ?? 0;
    const have = own[index] ?? 0;
    if ((wanted & 0x0f) !== 0x0f && (wanted & 0x0f) !== (have & 0x0f)) return false;
    if ((wanted & 0xf0) !== 0xf0 && (wanted & 0xf0) !== (have & 0xf0)) return false;
  }
  const maker = (selection[4] ?? 0) | ((selection[5] ?? 0) << 8);
  if (maker !== 0xffff && maker !== ((own[4] ?? 0) | ((own[5] ?? 0) << 8))) return false;
  return matches(selection[6], own[6]) && matches(selection[7], own[7]);
}

/** One text for one meter: `KAM-76348799-1b-16`. The key of key stores, deduplication and logs. */
export function addressText(address: MeterAddress): string {
  return `${address.manufacturer}-${address.id}-${DIGITS[address.version] ?? "??"}-${DIGITS[address.deviceType] ?? "??"}`;
}

function matches(wanted: number | undefined, have: number | undefined): boolean {
  return wanted === 0xff || wanted === have;
}

const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

function readId(data: Uint8Array, at: number): string {
  return (
    (DIGITS[data[at + 3] ?? 0] ?? "") +
    (DIGITS[data[at + 2] ?? 0] ?? "") +
    (DIGITS[data[at + 1] ?? 0] ?? "") +
    (DIGITS[data[at] ?? 0] ?? "")
  );
}

function idOctets(id: string): Uint8Array {
  if (!/^[0-9a-fA-F]{8}$/.test(id)) throw new UsageError(`identification "${id}" is not eight digits`, { code: "identification" });
  const out = new Uint8Array(4);
  for (let index = 0; index < 4; index++) out[3 - index] = Number.parseInt(id.slice(index * 2, index * 2 + 2), 16);
  return out;
}
