import { toHex } from "@amity/bytes";
import { ASSOCIATION_RESULTS, USER_DIAGNOSTICS, applicationContextOf, mechanismIdOf } from "../acse/acse.ts";
import { conformanceBits } from "../acse/initiate.ts";
import { className } from "../cosem/class-catalogue.ts";
import { obisName } from "../cosem/obis-names.ts";
import { obisFromOctets, type Obis } from "../data/obis.ts";
import { MECHANISM_IDS } from "../security/security-options.ts";

const PRINTABLE = /^[\x20-\x7e]{4,}$/;

/** A leaf as text: octets in hex (with the text where they are readable), A-XDR values by their content. */
export function meaningOf(name: string, value: unknown): string {
  const acse = acseText(name, value);
  if (acse !== undefined) return `${String(value)} (${acse})`;
  if (name === "services" && value instanceof Uint8Array) return conformanceBits(value.subarray(1)).join(", ");
  if (value instanceof Uint8Array) return octetsText(value);
  if (name === "instanceId" && typeof value === "string") return obisText(value as Obis);
  if (name === "classId" && typeof value === "number") return `${value} (${className(value)})`;
  if (typeof value === "number" && name.startsWith("invokeId")) return invokeIdText(value);
  if (typeof value === "number" && name.startsWith("longInvokeId")) return longInvokeIdText(value);
  if (typeof value === "number" && name === "blockControl") return blockControlText(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map((item) => meaningOf(name, item)).join(", ");
  if (typeof value === "object" && value !== null) return objectText(name, value);
  return String(value);
}

function objectText(name: string, value: object): string {
  if ("type" in value && "value" in value) return meaningOf(name, value.value);
  if ("type" in value) return "";
  if ("bitLength" in value && "octets" in value && value.octets instanceof Uint8Array) {
    const bits = Array.from(value.octets, (octet) => octet.toString(2).padStart(8, "0")).join("");
    return bits.slice(0, Number(value.bitLength));
  }
  if ("kind" in value && "value" in value) return `${String(value.kind)}: ${meaningOf(name, value.value)}`;
  return Object.entries(value)
    .map(([key, item]) => `${key} ${meaningOf(key, item)}`)
    .join(", ");
}

/** What the identifiers and codes of an association mean. */
function acseText(name: string, value: unknown): string | undefined {
  if (name === "applicationContextName" && typeof value === "string") return applicationContextOf(value);
  if (name === "mechanismName" && typeof value === "string") {
    const id = mechanismIdOf(value);
    return Object.entries(MECHANISM_IDS).find(([, known]) => known === id)?.[0];
  }
  if (name === "result" && typeof value === "number") return Object.entries(ASSOCIATION_RESULTS).find(([, code]) => code === value)?.[0];
  return name === "user" && typeof value === "number" ? USER_DIAGNOSTICS[value] : undefined;
}

function obisText(obis: Obis): string {
  const name = obisName(obis);
  return name === undefined ? obis : `${obis} (${name})`;
}

/** Six octets are mostly a logical name, twelve a date-time: said beside the octets where they can be one. */
function octetsText(octets: Uint8Array): string {
  const name = octets.length === 6 ? obisName(obisFromOctets(octets)) : undefined;
  if (name !== undefined) return `${toHex(octets)} ${obisFromOctets(octets)} (${name})`;
  const time = octets.length === 12 ? dateTimeText(octets) : undefined;
  if (time !== undefined) return `${toHex(octets)} ${time}`;
  const text = String.fromCharCode(...octets.subarray(0, 64));
  const hex = toHex(octets);
  return PRINTABLE.test(text) && octets.length <= 64 ? `${hex} "${text}"` : hex;
}

function invokeIdText(value: number): string {
  return `${value & 0x0f}, ${value & 0x80 ? "high" : "normal"} priority, ${value & 0x40 ? "confirmed" : "unconfirmed"}`;
}

/** Of ACCESS and notifications (IEC 62056-5-3, 8.3): 24 bits of number, then what is asked for besides. */
function longInvokeIdText(value: number): string {
  const flag = (bit: number): boolean => ((value >>> bit) & 1) === 1;
  const asked = `${flag(28) ? ", self-descriptive" : ""}${flag(29) ? ", break on error" : ""}`;
  return `${value & 0xff_ffff}, ${flag(31) ? "high" : "normal"} priority, ${flag(30) ? "confirmed" : "unconfirmed"}${asked}`;
}

/** Of a general block transfer: window in six bits, streaming, last block. */
function blockControlText(value: number): string {
  return `window ${value & 0x3f}${value & 0x40 ? ", streaming" : ""}${value & 0x80 ? ", last block" : ""}`;
}

/** `2026-10-05 00:15:00` where the twelve octets can be a date-time without wildcards in its date. */
function dateTimeText(octets: Uint8Array): string | undefined {
  const [high = 0, low = 0, month = 0, day = 0, , hour = 0, minute = 0, second = 0] = octets;
  const year = high * 256 + low;
  if (year < 1990 || year > 2100 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 60) return undefined;
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${second > 60 ? "00" : two(second)}`;
}
