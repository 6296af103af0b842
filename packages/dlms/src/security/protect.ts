import { SecurityError } from "@amity/bytes";
import { GCM_TAG_OCTETS, GcmKey } from "@amity/crypto";
import type { Protection, SecurityKeys, SecuritySuite } from "./security-options.ts";

/** Security control octet (IEC 62056-5-3, 5.7.2.3). */
const AUTHENTICATED = 0x10;
const ENCRYPTED = 0x20;
const BROADCAST = 0x40;
const COMPRESSED = 0x80;
const SUITE_MASK = 0x0f;

/** SC and invocation counter before the ciphertext. */
export const SECURITY_HEADER_OCTETS = 5;

/** Everything that protects one APDU but the APDU. */
export interface ProtectInput {
  readonly suite: SecuritySuite;
  /** Its octets or, where it serves many APDUs, the key made of them. */
  readonly encryptionKey: Uint8Array | GcmKey;
  readonly authenticationKey: Uint8Array;
  /** Of the sender: with the counter it is the IV. */
  readonly systemTitle: Uint8Array;
  readonly invocationCounter: number;
  readonly protection: Protection;
  /** The key is the broadcast key. */
  readonly broadcast?: boolean;
}

/** SC, invocation counter and protected octets, as they stand in a ciphered APDU. */
export function protect(input: ProtectInput, plain: Uint8Array): Uint8Array {
  const control = securityControl(input);
  const iv = initializationVector(input.systemTitle, input.invocationCounter);
  const key = gcmKeyOf(input.encryptionKey);
  switch (input.protection) {
    case "authenticated-encrypted":
      return joined(control, input.invocationCounter, key.seal(iv, aadOf(control, input.authenticationKey), plain));
    case "encrypted":
      return joined(control, input.invocationCounter, key.encryptOnly(iv, plain));
    case "authenticated":
      return joined(control, input.invocationCounter, plain, key.mac(iv, aadOf(control, input.authenticationKey, plain)));
  }
}

/** The security header of a ciphered content, before any key is known. */
export interface SecurityHeader {
  readonly suite: number;
  /** `undefined`: neither authenticated nor encrypted. */
  readonly protection: Protection | undefined;
  readonly broadcast: boolean;
  readonly compressed: boolean;
  readonly invocationCounter: number;
}

/** Reads SC and counter. @throws SecurityError `truncated`. */
export function securityHeaderOf(content: Uint8Array): SecurityHeader {
  if (content.length < SECURITY_HEADER_OCTETS) {
    throw new SecurityError("a ciphered APDU has at least five octets of security header", { code: "truncated" });
  }
  const control = content[0] ?? 0;
  const protection = PROTECTIONS[(control & (AUTHENTICATED | ENCRYPTED)) >> 4];
  return {
    suite: control & SUITE_MASK,
    protection,
    broadcast: (control & BROADCAST) !== 0,
    compressed: (control & COMPRESSED) !== 0,
    invocationCounter: u32At(content, 1),
  };
}

const PROTECTIONS: readonly (Protection | undefined)[] = [undefined, "authenticated", "encrypted", "authenticated-encrypted"];

/** Whether a protection is at least what is demanded; any is where nothing is demanded, none never. */
export function isEnough(found: Protection | undefined, demanded: Protection | undefined): boolean {
  if (found === undefined) return false;
  return demanded === undefined || found === demanded || found === "authenticated-encrypted";
}

/** Keys and title of the sender for `unprotect`. */
export interface UnprotectInput {
  readonly suite: SecuritySuite;
  readonly encryptionKey: Uint8Array | GcmKey;
  readonly authenticationKey: Uint8Array;
  readonly systemTitle: Uint8Array;
}

/** Undoes `protect`; the tag is checked in full. @throws SecurityError `bad-tag`, `wrong-suite`, `unprotected`, `compressed`, `truncated`. */
export function unprotect(input: UnprotectInput, content: Uint8Array): Uint8Array {
  const header = securityHeaderOf(content);
  if (header.suite !== input.suite) {
    throw new SecurityError(`the APDU uses security suite ${header.suite}, the association suite ${input.suite}`, { code: "wrong-suite" });
  }
  if (header.compressed) {
    throw new SecurityError("the APDU is compressed (V.44), which is not implemented", {
      code: "compressed",
      advice: "switch compression off in the meter's security policy",
    });
  }
  if (header.protection === undefined)
    throw new SecurityError("the ciphered APDU is neither authenticated nor encrypted", { code: "unprotected" });
  const control = content[0] ?? 0;
  const iv = initializationVector(input.systemTitle, header.invocationCounter);
  const body = content.subarray(SECURITY_HEADER_OCTETS);
  const key = gcmKeyOf(input.encryptionKey);
  switch (header.protection) {
    case "authenticated-encrypted":
      return key.open(iv, aadOf(control, input.authenticationKey), body);
    case "encrypted":
      return key.encryptOnly(iv, body);
    case "authenticated": {
      const split = body.length - GCM_TAG_OCTETS;
      if (split < 0) throw new SecurityError("the APDU is shorter than its tag", { code: "truncated" });
      const plain = body.subarray(0, split);
      key.open(iv, aadOf(control, input.authenticationKey, plain), body.subarray(split));
      return plain;
    }
  }
}

function gcmKeyOf(key: Uint8Array | GcmKey): GcmKey {
  return key instanceof GcmKey ? key : new GcmKey(key);
}

/** The key that protects: broadcast or unicast. @throws SecurityError `no-key`. */
export function encryptionKeyOf(keys: SecurityKeys, broadcast: boolean): Uint8Array {
  if (!broadcast) return keys.encryptionKey;
  if (keys.broadcastKey === undefined) throw new SecurityError("the APDU uses the broadcast key, which is not set", { code: "no-key" });
  return keys.broadcastKey;
}

/** The security control octet of an input. */
export function securityControl(input: { suite: SecuritySuite; protection: Protection; broadcast?: boolean }): number {
  const bits = { authenticated: AUTHENTICATED, encrypted: ENCRYPTED, "authenticated-encrypted": AUTHENTICATED | ENCRYPTED }[
    input.protection
  ];
  return input.suite | bits | (input.broadcast === true ? BROADCAST : 0);
}

/** System title, then the counter: never the same twice under one key. */
export function initializationVector(systemTitle: Uint8Array, invocationCounter: number): Uint8Array {
  if (systemTitle.length !== 8) throw new SecurityError("a system title has eight octets", { code: "system-title" });
  const iv = new Uint8Array(12);
  iv.set(systemTitle);
  putU32(iv, 8, invocationCounter);
  return iv;
}

export function aadOf(control: number, authenticationKey: Uint8Array, plain?: Uint8Array): Uint8Array {
  const aad = new Uint8Array(1 + authenticationKey.length + (plain?.length ?? 0));
  aad[0] = control;
  aad.set(authenticationKey, 1);
  if (plain !== undefined) aad.set(plain, 1 + authenticationKey.length);
  return aad;
}

function joined(control: number, invocationCounter: number, ...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(SECURITY_HEADER_OCTETS + parts.reduce((sum, part) => sum + part.length, 0));
  out[0] = control;
  putU32(out, 1, invocationCounter);
  let at = SECURITY_HEADER_OCTETS;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// Octet by octet: making a DataView costs more than the four octets that it would write.
function putU32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
}

function u32At(octets: Uint8Array, at: number): number {
  return (((octets[at] ?? 0) << 24) | ((octets[at + 1] ?? 0) << 16) | ((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0)) >>> 0;
}
