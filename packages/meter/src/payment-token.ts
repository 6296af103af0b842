import { fromHex, latin1Text, toHex, UsageError } from "@amity/bytes";
import { equalInConstantTime, hmacSha256 } from "@amity/crypto";

/** Credit for one meter, once. */
export interface PaymentToken {
  /** Unsigned, 32 bits: each number counts once at a meter. */
  readonly id: number;
  /** In the account's smallest unit, 32 bits, not negative. */
  readonly amount: number;
}

/** What became of octets that were entered as a token. */
export type TokenReading =
  | { readonly kind: "token"; readonly token: PaymentToken }
  | { readonly kind: "formatFailure" | "authenticationFailure" };

const TOKEN_OCTETS = 16;
const MAC_OCTETS = 8;

/**
 * The token of a simulated meter, 16 octets: number (4), amount (4), then the first 8 octets of
 * `HMAC-SHA-256(vendingKey, "amity-token/1" 00 meterId 00 number amount)`; on paper 32 hex digits. It is a form of our own:
 * STS tokens (IEC 62055-41) take a key that only the STS Association gives out. @throws UsageError `out-of-range`.
 */
export function mintToken(vendingKey: Uint8Array, meterId: string, { id, amount }: PaymentToken): Uint8Array {
  for (const value of [id, amount]) {
    if (!Number.isInteger(value) || value < 0 || value > 0x7fff_ffff)
      throw new UsageError(`${value} does not fit a token`, { code: "out-of-range" });
  }
  const token = new Uint8Array(TOKEN_OCTETS);
  const view = new DataView(token.buffer);
  view.setUint32(0, id);
  view.setUint32(4, amount);
  token.set(macOf(vendingKey, meterId, token), TOKEN_OCTETS - MAC_OCTETS);
  return token;
}

/** Reads a token as it was entered: 16 octets, or their 32 hex digits with or without spaces and dashes. */
export function readToken(vendingKey: Uint8Array, meterId: string, entered: Uint8Array): TokenReading {
  const token = entered.length === TOKEN_OCTETS ? entered : digitsOf(entered);
  if (token === undefined) return { kind: "formatFailure" };
  if (!equalInConstantTime(macOf(vendingKey, meterId, token), token.slice(TOKEN_OCTETS - MAC_OCTETS)))
    return { kind: "authenticationFailure" };
  const view = new DataView(token.buffer, token.byteOffset, TOKEN_OCTETS);
  return { kind: "token", token: { id: view.getUint32(0), amount: view.getUint32(4) } };
}

function digitsOf(entered: Uint8Array): Uint8Array | undefined {
  if (entered.length > 64) return undefined;
  const digits = latin1Text(entered).replaceAll(/[\s-]/g, "");
  return /^[0-9a-fA-F]{32}$/.test(digits) ? fromHex(digits) : undefined;
}

function macOf(vendingKey: Uint8Array, meterId: string, token: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`amity-token/1\0${meterId}\0`);
  return hmacSha256(vendingKey, head, token.subarray(0, TOKEN_OCTETS - MAC_OCTETS)).slice(0, MAC_OCTETS);
}

/** A token as it is printed: 32 digits in groups of four. */
export function formatToken(token: Uint8Array): string {
  return (toHex(token).toUpperCase().match(/.{4}/g) ?? []).join(" ");
}
