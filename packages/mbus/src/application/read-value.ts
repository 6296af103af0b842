import { DecodeError } from "@amity/bytes";
import {
  digitsOf,
  readBcd,
  readDate,
  readDateTime,
  readDateTimeSeconds,
  readReal32,
  readSigned,
  readTime,
  readUnsigned,
} from "./data-types.ts";
import type { Coding, RecordValue } from "./record.ts";
import type { Cursor } from "./read-value-info.ts";
import type { ValueInfo, ValueKind } from "./value-info.ts";

/** Octets of each data field of the DIF; -1 where the data say so themselves. */
export const CODINGS = [
  { coding: "none", octets: 0 },
  { coding: "int8", octets: 1 },
  { coding: "int16", octets: 2 },
  { coding: "int24", octets: 3 },
  { coding: "int32", octets: 4 },
  { coding: "real32", octets: 4 },
  { coding: "int48", octets: 6 },
  { coding: "int64", octets: 8 },
  { coding: "selection", octets: 0 },
  { coding: "bcd2", octets: 1 },
  { coding: "bcd4", octets: 2 },
  { coding: "bcd6", octets: 3 },
  { coding: "bcd8", octets: 4 },
  { coding: "variable", octets: -1 },
  { coding: "bcd12", octets: 6 },
] as const satisfies readonly { coding: Coding; octets: number }[];

/**
 * Reads the data of a record and moves the cursor behind them. `dataField` is the low nibble of the DIF (0 to 14).
 * @throws DecodeError `truncated`, `lvar`.
 */
export function readValue(
  data: Uint8Array,
  cursor: Cursor,
  end: number,
  context: { dataField: number; vib: ValueInfo; base: number },
): RecordValue {
  const { dataField, vib, base } = context;
  const at = cursor.at;
  if (dataField === 0x0d) return readVariable(data, cursor, end, context);
  const octets = CODINGS[dataField]?.octets ?? 0;
  if (octets > end - at) {
    throw new DecodeError(`truncated: the value needs ${octets} octet(s), ${end - at} are left`, { offset: at + base, code: "truncated" });
  }
  cursor.at = at + octets;
  if (octets === 0) return null;
  if (dataField >= 0x09) return vib.kind === "identifier" ? digitsOf(data, at, octets) : readBcd(data, at, octets);
  if (dataField === 0x05) return readReal32(data, at);
  return vib.kind === "number" ? readSigned(data, at, octets) : readSpecial(data, at, octets, vib.kind);
}

/** Integers whose VIF gives them another meaning: dates by their length, flags and identifiers without sign. */
function readSpecial(data: Uint8Array, at: number, octets: number, kind: ValueKind): RecordValue {
  if (kind === "date" || kind === "dateTime") {
    if (octets === 2) return readDate(data, at);
    if (octets === 3) return readTime(data, at);
    if (octets === 4) return readDateTime(data, at);
    if (octets === 6) return readDateTimeSeconds(data, at);
  }
  if (kind === "flags" || kind === "identifier" || kind === "unsigned") {
    return octets === 8 ? BigInt.asUintN(64, BigInt(readSigned(data, at, octets))) : readUnsigned(data, at, octets);
  }
  if (kind === "daylightSaving" || kind === "listeningWindow") return { kind: "octets", octets: data.slice(at, at + octets) };
  return readSigned(data, at, octets);
}

/** LVAR and what it announces (EN 13757-3, 6.3.3, table 5). */
function readVariable(data: Uint8Array, cursor: Cursor, end: number, context: { vib: ValueInfo; base: number }): RecordValue {
  const at = cursor.at;
  if (at >= end) throw new DecodeError("truncated: no length octet", { offset: at + context.base, code: "truncated" });
  const lvar = data[at] ?? 0;
  const octets = octetsOf(lvar);
  if (octets < 0) throw new DecodeError(`length octet 0x${lvar.toString(16)} is reserved`, { offset: at + context.base, code: "lvar" });
  if (octets > end - at - 1) {
    const reason = `truncated: ${octets} octets announced, ${end - at - 1} are left`;
    throw new DecodeError(reason, { offset: at + context.base, code: "truncated" });
  }
  const start = at + 1;
  cursor.at = start + octets;
  if (lvar < 0xc0 && isText(context.vib, data, start, octets)) return latin1Reversed(data, start, octets);
  if (lvar < 0xc0) return { kind: "octets", octets: data.slice(start, start + octets) };
  if (lvar < 0xd0) return readBcdNumber(data, start, octets, false);
  if (lvar < 0xe0) return readBcdNumber(data, start, octets, true);
  if (context.vib.kind === "dateTime" || context.vib.kind === "date") {
    if (octets === 2 || octets === 4 || octets === 6) return readSpecial(data, start, octets, context.vib.kind);
  }
  return { kind: "octets", octets: data.slice(start, start + octets) };
}

/** Profiles, containers and what manufacturers keep to themselves borrow the length octets of texts. */
function isText(vib: ValueInfo, data: Uint8Array, at: number, length: number): boolean {
  if (vib.modifiers.some(({ name }) => name.endsWith("ompactProfile") || name === "compactProfileWithRegister")) return false;
  if (vib.quantity.endsWith("Container")) return false;
  if (vib.quantity !== "manufacturerSpecific") return true;
  for (let index = at; index < at + length; index++) {
    const octet = data[index] ?? 0;
    if (octet < 0x20 || octet > 0x7e) return false;
  }
  return true;
}

function octetsOf(lvar: number): number {
  if (lvar < 0xc0) return lvar;
  if (lvar <= 0xc9) return lvar - 0xc0;
  if (lvar >= 0xd0 && lvar <= 0xd9) return lvar - 0xd0;
  if (lvar >= 0xe0 && lvar <= 0xef) return lvar - 0xe0;
  if (lvar >= 0xf0 && lvar <= 0xf4) return 4 * (lvar - 0xec);
  if (lvar === 0xf5) return 48;
  if (lvar === 0xf6) return 64;
  return -1;
}

function readBcdNumber(data: Uint8Array, at: number, octets: number, isNegative: boolean): RecordValue {
  const value = readBcd(data, at, octets);
  return isNegative && (typeof value === "number" || typeof value === "bigint") ? -value : value;
}

/** Text comes last character first (EN 13757-3, 6.3.3); ISO 8859-1. */
function latin1Reversed(data: Uint8Array, at: number, length: number): string {
  let text = "";
  for (let index = length - 1; index >= 0; index--) text += String.fromCharCode(data[at + index] ?? 0);
  return text;
}
