import { toHex } from "@amity/bytes";

const PRINTABLE = /^[\x20-\x7e]{4,}$/;

/** A leaf as text: octets in hex (with the text where they are readable), A-XDR values by their content. */
export function meaningOf(name: string, value: unknown): string {
  if (value instanceof Uint8Array) return octetsText(value);
  if (typeof value === "number" && name.startsWith("invokeId")) return invokeIdText(value);
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

function octetsText(octets: Uint8Array): string {
  const text = String.fromCharCode(...octets.subarray(0, 64));
  const hex = toHex(octets);
  return PRINTABLE.test(text) && octets.length <= 64 ? `${hex} "${text}"` : hex;
}

function invokeIdText(value: number): string {
  return `${value & 0x0f}, ${value & 0x80 ? "high" : "normal"} priority, ${value & 0x40 ? "confirmed" : "unconfirmed"}`;
}
