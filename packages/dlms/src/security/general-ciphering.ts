import { type CodecValue, decodeAll, encodeAll, joinedOctets, SecurityError } from "@amity/bytes";
import {
  ecdh,
  ecdsaVerify,
  gcmDecrypt,
  gcmEncrypt,
  gcmEncryptOnly,
  generateEllipticKeyPair,
  gmac,
  secureRandomBytes,
  unwrapKey,
  wrapKey,
} from "@amity/crypto";
import { GENERAL_CIPHERING_TAG, generalCiphering, generalHeader } from "../apdu/ciphered.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import { curveOf, deriveKey, signatureOf } from "./key-agreement.ts";
import { SECURITY_HEADER_OCTETS, encryptionKeyOf, initializationVector, securityControl, securityHeaderOf } from "./protect.ts";
import type { EllipticKeys, KeyInfoKind, Protection, SecurityKeys, SecuritySuite } from "./security-options.ts";

/** Key-parameters of an agreed key (IEC 62056-5-3, 5.3.7.2.5). */
const ONE_PASS = 0x01;
const STATIC_UNIFIED = 0x02;
const TAG_OCTETS = 12;
const NOTHING = new Uint8Array(0);

export type GeneralHeader = CodecValue<typeof generalHeader>;

/** One side's means for general-ciphering. */
export interface GeneralCipheringInput {
  readonly suite: SecuritySuite;
  readonly keys: SecurityKeys;
  readonly header: GeneralHeader;
  /** Authenticates the initialization vector too, as `SecurityOptions.authenticatesIv` says. */
  readonly authenticatesIv?: boolean | undefined;
}

/** What an opened general-ciphering APDU was. */
export interface GeneralUnprotected {
  readonly plain: Uint8Array;
  readonly header: GeneralHeader;
  readonly protection: Protection;
  readonly keyInfo: KeyInfoKind;
  readonly invocationCounter: number;
  readonly broadcast: boolean;
  /** Its tag is one over the initialization vector too. */
  readonly authenticatesIv: boolean;
}

/** Protects an APDU under general-ciphering (DD). @throws SecurityError `no-key`. */
export function protectGeneral(
  input: GeneralCipheringInput & { readonly keyInfo: KeyInfoKind; readonly protection: Protection; readonly invocationCounter: number },
  plain: Uint8Array,
): Uint8Array {
  const { suite, keys, header, protection, invocationCounter } = input;
  const { key, keyInfo } = keyToSend(input);
  const control = securityControl({ suite, protection });
  const iv = initializationVector(header.originatorSystemTitle, invocationCounter);
  const aad = authenticated(control, keys.authenticationKey, header, input.authenticatesIv === true ? iv : NOTHING);
  const body =
    protection === "encrypted"
      ? gcmEncryptOnly({ key, iv }, plain)
      : protection === "authenticated"
        ? joinedOctets(plain, gmac({ key, iv, aad: joinedOctets(aad, plain) }))
        : gcmEncrypt({ key, iv, aad }, plain);
  const content = new Uint8Array(SECURITY_HEADER_OCTETS + body.length);
  content[0] = control;
  new DataView(content.buffer).setUint32(1, invocationCounter);
  content.set(body, SECURITY_HEADER_OCTETS);
  return encodeApdu(GENERAL_CIPHERING_TAG, generalCiphering, { ...header, keyInfo, content });
}

/** Opens a general-ciphering APDU. @throws SecurityError `no-key`, `bad-tag`, `bad-signature`, `wrong-suite`, `compressed`; DecodeError. */
export function unprotectGeneral(suite: SecuritySuite, keys: SecurityKeys, apdu: Uint8Array): GeneralUnprotected {
  const { keyInfo, content, ...header } = decodeAll(generalCiphering, apdu.subarray(1), "general-ciphering");
  const security = securityHeaderOf(content);
  if (security.suite !== suite)
    throw new SecurityError(`the APDU uses security suite ${security.suite}, not ${suite}`, { code: "wrong-suite" });
  if (security.compressed) throw new SecurityError("the APDU is compressed (V.44), which is not implemented", { code: "compressed" });
  const { protection } = security;
  if (protection === undefined)
    throw new SecurityError("the ciphered APDU is neither authenticated nor encrypted", { code: "unprotected" });
  const { key, kind, isBroadcast } = keyReceived({ suite, keys, header }, keyInfo);
  const iv = initializationVector(header.originatorSystemTitle, security.invocationCounter);
  const body = content.subarray(SECURITY_HEADER_OCTETS);
  const shared = { header, protection, keyInfo: kind, invocationCounter: security.invocationCounter, broadcast: isBroadcast };
  if (protection === "encrypted") return { ...shared, authenticatesIv: false, plain: gcmEncryptOnly({ key, iv }, body) };
  const opened = (between: Uint8Array) =>
    openBody(protection, { key, iv, aad: authenticated(content[0] ?? 0, keys.authenticationKey, header, between) }, body);
  try {
    return { ...shared, authenticatesIv: false, plain: opened(NOTHING) };
  } catch (error) {
    if (!(error instanceof SecurityError) || error.code !== "bad-tag") throw error;
    return { ...shared, authenticatesIv: true, plain: opened(iv) };
  }
}

/** @throws SecurityError `bad-tag`, `truncated`. */
function openBody(
  protection: Protection,
  { key, iv, aad }: { key: Uint8Array; iv: Uint8Array; aad: Uint8Array },
  body: Uint8Array,
): Uint8Array {
  if (protection === "authenticated-encrypted") return gcmDecrypt({ key, iv, aad }, body);
  const split = body.length - TAG_OCTETS;
  if (split < 0) throw new SecurityError("the APDU is shorter than its tag", { code: "truncated" });
  const plain = body.subarray(0, split);
  gcmDecrypt({ key, iv, aad: joinedOctets(aad, plain) }, body.subarray(split));
  return plain;
}

/** Eight octets: a transaction id, unique for each message of a sender, as its counter is. */
export function transactionIdOf(invocationCounter: number): Uint8Array {
  const id = new Uint8Array(8);
  new DataView(id.buffer).setUint32(4, invocationCounter);
  return id;
}

/**
 * SC, authentication key and the header's fields with their lengths (IEC 62056-5-3, 5.3.7.2.5). The tags that the Green Book prints in annex C
 * are over the initialization vector as well, between key and fields, which its text does not say.
 */
function authenticated(control: number, authenticationKey: Uint8Array, header: GeneralHeader, between: Uint8Array): Uint8Array {
  return joinedOctets(Uint8Array.of(control), authenticationKey, between, encodeAll(generalHeader, header));
}

type WireKeyInfo = CodecValue<typeof generalCiphering>["keyInfo"];

function keyToSend({ suite, keys, header, keyInfo }: GeneralCipheringInput & { keyInfo: KeyInfoKind }): {
  key: Uint8Array;
  keyInfo: WireKeyInfo;
} {
  switch (keyInfo) {
    case "identified":
      return { key: keys.encryptionKey, keyInfo: { kind: "identified", value: { keyId: 0 } } };
    case "wrapped": {
      const key = secureRandomBytes(suite === 2 ? 32 : 16);
      return { key, keyInfo: { kind: "wrapped", value: { kekId: 0, wrappedKey: wrapKey(needed(keys.masterKey, "master key"), key) } } };
    }
    case "one-pass": {
      const curve = curveOf(suite);
      const elliptic = needed(keys.elliptic, "elliptic keys");
      const ephemeral = generateEllipticKeyPair(curve);
      const secret = ecdh(curve, ephemeral.privateScalar, needed(elliptic.peerAgreementPublic, "peer's key agreement key"));
      const signature = signatureOf(suite, elliptic, ephemeral.publicPoint);
      const value = { parameters: Uint8Array.of(ONE_PASS), cipheredData: joinedOctets(ephemeral.publicPoint, signature) };
      return {
        key: deriveKey(suite, secret, header.originatorSystemTitle, header.recipientSystemTitle),
        keyInfo: { kind: "agreed", value },
      };
    }
    case "static-unified": {
      const key = staticKey(suite, needed(keys.elliptic, "elliptic keys"), header);
      return { key, keyInfo: { kind: "agreed", value: { parameters: Uint8Array.of(STATIC_UNIFIED), cipheredData: new Uint8Array(0) } } };
    }
  }
}

function keyReceived(
  { suite, keys, header }: GeneralCipheringInput,
  keyInfo: WireKeyInfo,
): { key: Uint8Array; kind: KeyInfoKind; isBroadcast: boolean } {
  // Without key-info the key is the one that both sides know: the global unicast key.
  if (keyInfo === undefined) return { key: keys.encryptionKey, kind: "identified", isBroadcast: false };
  if (keyInfo.kind === "identified") {
    const isBroadcast = keyInfo.value.keyId === 1;
    return { key: encryptionKeyOf(keys, isBroadcast), kind: "identified", isBroadcast };
  }
  if (keyInfo.kind === "wrapped") {
    return { key: unwrapKey(needed(keys.masterKey, "master key"), keyInfo.value.wrappedKey), kind: "wrapped", isBroadcast: false };
  }
  const { parameters, cipheredData } = keyInfo.value;
  const elliptic = needed(keys.elliptic, "elliptic keys");
  if (parameters.length === 1 && parameters[0] === STATIC_UNIFIED)
    return { key: staticKey(suite, elliptic, header), kind: "static-unified", isBroadcast: false };
  if (parameters.length !== 1 || parameters[0] !== ONE_PASS) {
    throw new SecurityError("this scheme of key agreement is not known", { code: "not-supported" });
  }
  const curve = curveOf(suite);
  const half = cipheredData.length >> 1;
  const ephemeral = cipheredData.subarray(0, half);
  if (!ecdsaVerify(curve, needed(elliptic.peerSigningPublic, "peer's signing key"), ephemeral, cipheredData.subarray(half))) {
    throw new SecurityError("the signature of the ephemeral key is wrong", {
      code: "bad-signature",
      advice: "check the peer's certificate",
    });
  }
  const secret = ecdh(curve, needed(elliptic.agreementPrivate, "key agreement key"), ephemeral);
  return { key: deriveKey(suite, secret, header.originatorSystemTitle, header.recipientSystemTitle), kind: "one-pass", isBroadcast: false };
}

/** C(0e, 2s): both keys are static, so the transaction id makes the derived key differ each time. */
function staticKey(suite: SecuritySuite, elliptic: EllipticKeys, header: GeneralHeader): Uint8Array {
  const secret = ecdh(
    curveOf(suite),
    needed(elliptic.agreementPrivate, "key agreement key"),
    needed(elliptic.peerAgreementPublic, "peer's key agreement key"),
  );
  const nonce = joinedOctets(Uint8Array.of(header.transactionId.length), header.transactionId);
  return deriveKey(suite, secret, joinedOctets(header.originatorSystemTitle, nonce), header.recipientSystemTitle);
}

function needed<T>(key: T | undefined, what: string): T {
  if (key === undefined) throw new SecurityError(`general-ciphering needs a ${what}, which is not set`, { code: "no-key" });
  return key;
}
