import { fromHex, UsageError } from "@amity/bytes";

/** One of the words of a table. @throws UsageError that lists them. */
export function chosen<T>(query: URLSearchParams, name: string, table: Readonly<Record<string, T>>, fallback: string): T {
  const text = (query.get(name) ?? fallback).toLowerCase();
  const value = Object.hasOwn(table, text) ? table[text] : undefined;
  if (value === undefined) throw urlError(`${name}=${text} is not known`, `one of: ${Object.keys(table).join(", ")}`);
  return value;
}

/** A whole number from 0 to 2^32 - 1. @throws UsageError. */
export function whole(query: URLSearchParams, name: string, fallback: number): number {
  return optionalWhole(query, name) ?? fallback;
}

/** @throws UsageError. */
export function optionalWhole(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (text === "" || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw urlError(`${name}=${text} is not a whole number`, `digits, e.g. ${name}=1`);
  return value;
}

/** Octets as hex, so many. @throws UsageError that never quotes them: they may be a key. */
export function octets(query: URLSearchParams, name: string, length: number): Uint8Array {
  const text = query.get(name);
  if (text === null) throw urlError(`the parameter ${name} is missing`, `${name}=HEX, ${length} octets`);
  const value = hexOf(text, name);
  if (value.length !== length) throw urlError(`${name} has ${value.length} octets`, `${length} octets as hex`);
  return value;
}

/** A password as text, or as octets with `0x` in front. @throws UsageError. */
export function secretOf(query: URLSearchParams, name: string): Uint8Array {
  const text = query.get(name);
  if (text === null) throw urlError(`the parameter ${name} is missing`, `${name}=TEXT, or ${name}=0xHEX`);
  return text.startsWith("0x") ? hexOf(text.slice(2), name) : new TextEncoder().encode(text);
}

function hexOf(text: string, name: string): Uint8Array {
  try {
    return fromHex(text);
  } catch {
    // The cause would quote a digit of the key.
    throw urlError(`${name} is not hex`, "two hex digits an octet");
  }
}

export function urlError(message: string, advice: string): UsageError {
  return new UsageError(message, { code: "meter-url", advice });
}
