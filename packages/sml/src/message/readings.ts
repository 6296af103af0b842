import { latin1Text, toHex } from "@amity/bytes";
import type { SmlContent } from "./bodies.ts";
import type { SmlFile } from "./file.ts";
import { obisText } from "./obis.ts";
import { isOverflownPower } from "./quirks.ts";
import type { SmlListEntry, SmlTime } from "./types.ts";
import type { SmlInteger, SmlValue } from "../tlv/sml-value.ts";
import { unitName } from "./units.ts";

/** One value of a list as people and head-ends read it. */
export interface SmlReading {
  /** `1-0:1.8.0*255`; the octets in hex where they are no OBIS code. */
  readonly obis: string;
  /** Integer part of the value and the power of ten: exact. Absent where the value is no number. */
  readonly number?: { readonly value: bigint; readonly scaler: number };
  /** The value in words: the exact decimal number, `true`, text where it is printable, else hex. */
  readonly text: string;
  readonly unit?: string;
  readonly status?: bigint;
  readonly time?: SmlTime;
  /** The meter's signature over the value, unchecked. */
  readonly signature?: Uint8Array;
  /** What the meter sent instead, where a known fault of its type was put right. */
  readonly sent?: { readonly value: bigint; readonly text: string };
}

type ValueList = SmlContent<"getListResponse">;

/** Every value of every list in the file, in order; messages whose CRC is wrong are left out. */
export function readingsOf(file: SmlFile): SmlReading[] {
  return file.messages.flatMap(({ body, crc }) => (body.kind === "getListResponse" && crc !== "wrong" ? listReadings(body.value) : []));
}

/** The values of one list, known faults of meters put right. */
export function listReadings(list: ValueList): SmlReading[] {
  return list.valList.map((entry) => readingOf(entry, list.valList));
}

function readingOf(entry: SmlListEntry, list: readonly SmlListEntry[]): SmlReading {
  const { value, scaler = 0 } = entry;
  const unit = entry.unit === undefined ? undefined : unitName(entry.unit);
  return {
    obis: obisText(entry.objName) ?? toHex(entry.objName),
    ...(isInteger(value) ? numberOf(value, scaler, isOverflownPower(entry, list)) : valueText(value)),
    ...(unit === undefined ? {} : { unit }),
    ...(entry.status === undefined ? {} : { status: entry.status.value }),
    ...(entry.valTime === undefined ? {} : { time: entry.valTime }),
    ...(entry.valueSignature === undefined ? {} : { signature: entry.valueSignature }),
  };
}

function numberOf(sent: SmlInteger, scaler: number, isOverflown: boolean): Pick<SmlReading, "number" | "text" | "sent"> {
  const value = isOverflown ? BigInt.asUintN(8 * sent.width, sent.value) : sent.value;
  const original = isOverflown ? { sent: { value: sent.value, text: decimalText(sent.value, scaler) } } : {};
  return { number: { value, scaler }, text: decimalText(value, scaler), ...original };
}

function isInteger(value: SmlValue): value is SmlInteger {
  return value.kind === "integer" || value.kind === "unsigned";
}

function valueText(value: Exclude<SmlValue, SmlInteger>): { text: string } {
  if (value.kind === "octets") return { text: octetsText(value.octets) };
  return { text: value.kind === "boolean" ? String(value.value) : `list of ${value.items.length}` };
}

/** Text where every octet is printable, else hex. */
export function octetsText(octets: Uint8Array): string {
  const isText = octets.length > 0 && octets.every((octet) => octet >= 0x20 && octet <= 0x7e);
  return isText ? latin1Text(octets.subarray(0, TEXT_MAX)) : toHex(octets);
}

const TEXT_MAX = 1024;

/** `value · 10^scaler` in decimal notation, exactly: digits that the scaler promises are shown. */
export function decimalText(value: bigint, scaler: number): string {
  if (scaler >= 0) return value === 0n ? "0" : `${value}${"0".repeat(scaler)}`;
  const digits = (value < 0n ? -value : value).toString().padStart(1 - scaler, "0");
  const point = digits.length + scaler;
  return `${value < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}
