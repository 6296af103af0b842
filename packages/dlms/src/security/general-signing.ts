import { SecurityError, decodeAll, encodeAll } from "@amity/bytes";
import { ecdsaVerify } from "@amity/crypto";
import { GENERAL_SIGNING_TAG, generalHeader, generalSigning } from "../apdu/ciphered.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import type { GeneralHeader } from "./general-ciphering.ts";
import { curveOf, signatureOf } from "./key-agreement.ts";
import type { EllipticKeys, SecuritySuite } from "./security-options.ts";

/**
 * Signs an APDU, ciphered or not, under general-signing (DF). Signed are the header's fields with lengths, the content without.
 * @throws SecurityError `no-key`.
 */
export function signGeneral(suite: SecuritySuite, keys: EllipticKeys | undefined, header: GeneralHeader, content: Uint8Array): Uint8Array {
  const signature = signatureOf(suite, keys, message(header, content));
  return encodeApdu(GENERAL_SIGNING_TAG, generalSigning, { ...header, content, signature });
}

/** The content of a general-signing APDU. @throws SecurityError `bad-signature`; DecodeError. */
export function verifyGeneral(
  suite: SecuritySuite,
  peerSigningPublic: Uint8Array,
  apdu: Uint8Array,
): { header: GeneralHeader; content: Uint8Array } {
  const { content, signature, ...header } = decodeAll(generalSigning, apdu.subarray(1), "general-signing");
  if (!ecdsaVerify(curveOf(suite), peerSigningPublic, message(header, content), signature)) {
    throw new SecurityError("the signature is wrong", { code: "bad-signature", advice: "check the peer's certificate" });
  }
  return { header, content };
}

function message(header: GeneralHeader, content: Uint8Array): Uint8Array {
  const fields = encodeAll(generalHeader, header);
  const out = new Uint8Array(fields.length + content.length);
  out.set(fields);
  out.set(content, fields.length);
  return out;
}
