import { X509Certificate, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { DecodeError, SecurityError, fromHex } from "@amity/bytes";
import { DER, derElement, derElements } from "./der.ts";
import { publicPointOf, type Curve, type EllipticKeyPair } from "./elliptic.ts";

/** What a DLMS certificate says (IEC 62056-5-3, 5.3.6: X.509 v3, the subject's common name is the system title in hex). */
export interface Certificate {
  readonly curve: Curve;
  /** X || Y. */
  readonly publicPoint: Uint8Array;
  readonly commonName: string;
  readonly issuerCommonName: string;
  readonly serialNumber: Uint8Array;
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** What the key of a certificate is for. */
export type KeyUsage = "digital-signature" | "key-agreement";

const CURVES = {
  "P-256": { oid: "2A8648CE3D030107", signature: "2A8648CE3D040302", digest: "sha256", octets: 32 },
  "P-384": { oid: "2B81040022", signature: "2A8648CE3D040303", digest: "sha384", octets: 48 },
} as const;
const EC_PUBLIC_KEY = "2A8648CE3D0201";
const COMMON_NAME = "550403";
const KEY_USAGE = "551D0F";
const USAGE_BITS: Readonly<Record<KeyUsage, readonly [unused: number, bits: number]>> = {
  "digital-signature": [7, 0x80],
  "key-agreement": [3, 0x08],
};

const USAGES = ["digital-signature", "key-agreement"] as const satisfies readonly KeyUsage[];
/** [3] of TBSCertificate (RFC 5280, 4.1). */
const EXTENSIONS = 0xa3;

/** Reads a certificate (DER). @throws DecodeError `not-certificate` for other octets and other kinds of key. */
export function readCertificate(der: Uint8Array): Certificate {
  try {
    const certificate = new X509Certificate(der);
    const { curve, publicPoint } = pointOf(certificate.publicKey.export({ format: "jwk" }));
    return {
      curve,
      publicPoint,
      commonName: commonNameOf(certificate.subject),
      issuerCommonName: commonNameOf(certificate.issuer),
      serialNumber: fromHex(certificate.serialNumber),
      validFromMs: Date.parse(certificate.validFrom),
      validToMs: Date.parse(certificate.validTo),
    };
  } catch (cause) {
    throw new DecodeError("these octets are no certificate of an elliptic-curve key", { offset: 0, code: "not-certificate", cause });
  }
}

/** What the key of a certificate may be used for, by its extension; `undefined` where it says neither. @throws DecodeError */
export function keyUsageOf(der: Uint8Array): KeyUsage | undefined {
  const [certificate] = derElements(der);
  const [body] = certificate === undefined ? [] : derElements(certificate.content);
  const [extensions] = (body === undefined ? [] : derElements(body.content)).filter(({ tag }) => tag === EXTENSIONS);
  const [list] = extensions === undefined ? [] : derElements(extensions.content);
  for (const extension of list === undefined ? [] : derElements(list.content)) {
    const parts = derElements(extension.content);
    if (
      Buffer.from(parts[0]?.content ?? [])
        .toString("hex")
        .toUpperCase() !== KEY_USAGE
    )
      continue;
    const [bits] = derElements(parts.at(-1)?.content ?? new Uint8Array(0));
    const set = bits?.content[1] ?? 0;
    return USAGES.find((usage) => (set & USAGE_BITS[usage][1]) !== 0);
  }
  return undefined;
}

/** @throws SecurityError `bad-signature`, `expired` unless the issuer signed the certificate and it is valid at `nowMs`. */
export function checkCertificate(der: Uint8Array, issuer: Certificate, nowMs: number): Certificate {
  const certificate = readCertificate(der);
  if (!new X509Certificate(der).verify(publicKeyObject(issuer.curve, issuer.publicPoint))) {
    throw new SecurityError(`the certificate of ${certificate.commonName} is not signed by ${issuer.commonName}`, {
      code: "bad-signature",
    });
  }
  if (nowMs < certificate.validFromMs || nowMs > certificate.validToMs) {
    throw new SecurityError(`the certificate of ${certificate.commonName} is not valid now`, {
      code: "expired",
      advice: "check the clock, or renew it",
    });
  }
  return certificate;
}

/** A certificate signing request (PKCS#10, DER): what a meter's generate_certificate_request gives. */
export function createCertificateRequest(key: EllipticKeyPair, commonName: string): Uint8Array {
  const version = derElement(DER.integer, Uint8Array.of(0));
  const info = derElement(DER.sequence, version, nameElement(commonName), publicKeyElement(key.curve, key.publicPoint), derElement(0xa0));
  return signed(key, info);
}

/** The subject and key of a request whose own signature is right. @throws DecodeError, SecurityError `bad-signature`. */
export function readCertificateRequest(der: Uint8Array): { commonName: string; curve: Curve; publicPoint: Uint8Array } {
  const [outer] = derElements(der);
  const [info, , signature] = outer === undefined ? [] : derElements(outer.content);
  const [, subject, key] = info === undefined ? [] : derElements(info.content);
  if (info === undefined || signature === undefined || subject === undefined || key === undefined) throw notRequest();
  let publicKey;
  try {
    publicKey = createPublicKey({ key: Buffer.from(key.whole), format: "der", type: "spki" });
  } catch (cause) {
    throw notRequest(cause);
  }
  const { curve, publicPoint } = pointOf(publicKey.export({ format: "jwk" }));
  if (!verify(CURVES[curve].digest, info.whole, publicKey, signature.content.subarray(1))) {
    throw new SecurityError("the request is not signed by the key that it is for", { code: "bad-signature" });
  }
  return { commonName: nameOf(subject.content), curve, publicPoint };
}

/** Issues a certificate (DER): the part of the utility's certification authority. */
export function issueCertificate(
  issuer: { readonly key: EllipticKeyPair; readonly commonName: string },
  subject: { readonly commonName: string; readonly curve: Curve; readonly publicPoint: Uint8Array; readonly usage: KeyUsage },
  terms: { readonly serialNumber: Uint8Array; readonly validFromMs: number; readonly validToMs: number },
): Uint8Array {
  const [unused, bits] = USAGE_BITS[subject.usage];
  const usage = derElement(0x04, derElement(DER.bitString, Uint8Array.of(unused, bits)));
  const extension = derElement(DER.sequence, derElement(DER.oid, fromHex(KEY_USAGE)), derElement(0x01, Uint8Array.of(0xff)), usage);
  const body = derElement(
    DER.sequence,
    derElement(0xa0, derElement(DER.integer, Uint8Array.of(2))),
    derElement(DER.integer, positive(terms.serialNumber)),
    signatureAlgorithm(issuer.key.curve),
    nameElement(issuer.commonName),
    derElement(DER.sequence, timeElement(terms.validFromMs), timeElement(terms.validToMs)),
    nameElement(subject.commonName),
    publicKeyElement(subject.curve, subject.publicPoint),
    derElement(0xa3, derElement(DER.sequence, extension)),
  );
  return signed(issuer.key, body);
}

function signed({ curve, privateScalar }: EllipticKeyPair, body: Uint8Array): Uint8Array {
  const point = publicPointOf(curve, privateScalar);
  const key = createPrivateKey({ format: "jwk", key: { ...jwkOf(curve, point), d: Buffer.from(privateScalar).toString("base64url") } });
  const signature = new Uint8Array(sign(CURVES[curve].digest, body, key));
  return derElement(DER.sequence, body, signatureAlgorithm(curve), derElement(DER.bitString, Uint8Array.of(0), signature));
}

function signatureAlgorithm(curve: Curve): Uint8Array {
  return derElement(DER.sequence, derElement(DER.oid, fromHex(CURVES[curve].signature)));
}

function publicKeyElement(curve: Curve, publicPoint: Uint8Array): Uint8Array {
  const algorithm = derElement(DER.sequence, derElement(DER.oid, fromHex(EC_PUBLIC_KEY)), derElement(DER.oid, fromHex(CURVES[curve].oid)));
  // 00: no unused bits; 04: an uncompressed point.
  return derElement(DER.sequence, algorithm, derElement(DER.bitString, Uint8Array.of(0, 4), publicPoint));
}

function nameElement(commonName: string): Uint8Array {
  const text = derElement(DER.utf8, new TextEncoder().encode(commonName));
  return derElement(DER.sequence, derElement(DER.set, derElement(DER.sequence, derElement(DER.oid, fromHex(COMMON_NAME)), text)));
}

function nameOf(name: Uint8Array): string {
  for (const set of derElements(name)) {
    const [attribute] = derElements(set.content);
    const [oid, value] = attribute === undefined ? [] : derElements(attribute.content);
    if (oid !== undefined && value !== undefined && Buffer.from(oid.content).toString("hex") === COMMON_NAME)
      return new TextDecoder().decode(value.content);
  }
  return "";
}

/** UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5). */
function timeElement(instantMs: number): Uint8Array {
  const digits = new Date(instantMs).toISOString().replace(/[-:T]|\.\d{3}/g, "");
  const isLate = Number(digits.slice(0, 4)) >= 2050;
  return derElement(isLate ? 0x18 : DER.utcTime, new TextEncoder().encode(isLate ? digits : digits.slice(2)));
}

/** An INTEGER's octets: no zeros in front, but one before a first bit that would mean minus (X.690, 8.3.2). */
function positive(octets: Uint8Array): Uint8Array {
  const first = octets.findIndex((octet) => octet !== 0);
  const shortest = first < 0 ? Uint8Array.of(0) : octets.subarray(first);
  return ((shortest[0] ?? 0) & 0x80) === 0 ? shortest : Uint8Array.of(0, ...shortest);
}

function commonNameOf(name: string): string {
  return /(?:^|\n)CN=([^\n]*)/.exec(name)?.[1] ?? "";
}

function pointOf(jwk: { crv?: string | undefined; x?: string | undefined; y?: string | undefined }): {
  curve: Curve;
  publicPoint: Uint8Array;
} {
  if (jwk.crv !== "P-256" && jwk.crv !== "P-384") throw notRequest();
  return {
    curve: jwk.crv,
    publicPoint: new Uint8Array(Buffer.concat([Buffer.from(jwk.x ?? "", "base64url"), Buffer.from(jwk.y ?? "", "base64url")])),
  };
}

function publicKeyObject(curve: Curve, publicPoint: Uint8Array) {
  return createPublicKey({ format: "jwk", key: jwkOf(curve, publicPoint) });
}

function jwkOf(curve: Curve, point: Uint8Array): { kty: string; crv: Curve; x: string; y: string } {
  const { octets } = CURVES[curve];
  const text = (part: Uint8Array): string => Buffer.from(part).toString("base64url");
  return { kty: "EC", crv: curve, x: text(point.subarray(0, octets)), y: text(point.subarray(octets)) };
}

function notRequest(cause?: unknown): DecodeError {
  return new DecodeError("these octets are no certificate request of an elliptic-curve key", { offset: 0, code: "not-request", cause });
}
