import { fromHex } from "@amity/bytes";
import type { Authentication, Ciphering, KeyInfoKind, MechanismName, Protection, SecuritySuite } from "@amity/dlms";
import { chosen, octets, optionalWhole, secretOf, urlError, whole } from "./url-parameters.ts";

/** How a meter's URL wants its APDUs protected. Keys stay in here and are never printed. */
export interface CipheringChoice {
  readonly suite: SecuritySuite;
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
  readonly masterKey: Uint8Array | undefined;
  readonly dedicatedKey: Uint8Array | undefined;
  /** Absent: that of the client's certificate, or our own default. */
  readonly systemTitle: Uint8Array | undefined;
  readonly protection: Protection;
  readonly ciphering: Ciphering;
  /** Of general ciphering. */
  readonly keyInfo: KeyInfoKind;
  readonly signing: boolean;
  /** Folder of keys and certificates of suites 1 and 2. */
  readonly certificates: string | undefined;
  /** First invocation counter to send; absent: read from the meter's public association. */
  readonly invocationCounter: number | undefined;
}

const MECHANISMS: Readonly<Record<string, MechanismName>> = {
  none: "none",
  lls: "lls",
  low: "lls",
  hls: "hls-manufacturer",
  hls2: "hls-manufacturer",
  hls3: "hls-md5",
  md5: "hls-md5",
  hls4: "hls-sha1",
  sha1: "hls-sha1",
  hls5: "hls-gmac",
  gmac: "hls-gmac",
  hls6: "hls-sha256",
  sha256: "hls-sha256",
  hls7: "hls-ecdsa",
  ecdsa: "hls-ecdsa",
};
const CIPHERINGS: Readonly<Record<string, Ciphering>> = {
  glo: "global",
  ded: "dedicated",
  gglo: "general-global",
  gded: "general-dedicated",
  general: "general-ciphering",
};
const KEY_INFOS: Readonly<Record<string, KeyInfoKind>> = {
  identified: "identified",
  wrapped: "wrapped",
  "one-pass": "one-pass",
  "static-unified": "static-unified",
};
const PROTECTIONS: Readonly<Record<string, Protection>> = { ae: "authenticated-encrypted", a: "authenticated", e: "encrypted" };
const SWITCH: Readonly<Record<string, boolean>> = { "": true, yes: true, no: false };
/** Our own default title: manufacturer letters AMI, then a number. */
export const DEFAULT_SYSTEM_TITLE = fromHex("414D490000000001");

export const SECURITY_PARAMETERS: readonly string[] =
  "auth password secret ek ak kek dk st suite ic ciphering protection key sign certificates".split(" ");

/** @throws UsageError. */
export function mechanismOf(query: URLSearchParams): MechanismName {
  return chosen(query, "auth", MECHANISMS, "none");
}

/** @throws UsageError for a secret that is missing. */
export function authenticationOf(mechanism: MechanismName, query: URLSearchParams): Authentication {
  switch (mechanism) {
    case "none":
    case "hls-gmac":
    case "hls-ecdsa":
      return { mechanism };
    case "lls":
      return { mechanism, password: secretOf(query, "password") };
    case "hls-manufacturer":
    case "hls-md5":
    case "hls-sha1":
    case "hls-sha256":
      return { mechanism, secret: secretOf(query, query.has("secret") ? "secret" : "password") };
  }
}

/** `undefined` where nothing is ciphered. @throws UsageError naming the parameter that is wrong or missing. */
export function cipheringOf(mechanism: MechanismName, query: URLSearchParams): CipheringChoice | undefined {
  if (!query.has("ek")) {
    if (mechanism === "hls-gmac" || mechanism === "hls-ecdsa")
      throw urlError("GMAC and ECDSA need keys", "add ek=HEX (encryption key) and ak=HEX (authentication key)");
    return undefined;
  }
  const suite = suiteOf(mechanism, query);
  const keyOctets = suite === 2 ? 32 : 16;
  const dedicatedKey = query.has("dk") ? octets(query, "dk", keyOctets) : undefined;
  const ciphering = chosen(query, "ciphering", CIPHERINGS, dedicatedKey === undefined ? "glo" : "ded");
  const keyInfo = chosen(query, "key", KEY_INFOS, "identified");
  const masterKey = query.has("kek") ? octets(query, "kek", keyOctets) : undefined;
  if (keyInfo === "wrapped" && masterKey === undefined) throw urlError("key=wrapped needs the master key", "add kek=HEX");
  const signing = query.has("sign") && chosen(query, "sign", SWITCH, "");
  const certificates = query.get("certificates") ?? undefined;
  const needsCertificates = mechanism === "hls-ecdsa" || signing || keyInfo === "one-pass" || keyInfo === "static-unified";
  if (needsCertificates && (suite === 0 || certificates === undefined))
    throw urlError(
      "signatures and agreed keys need suite 1 or 2 and certificates",
      "suite=1&certificates=FOLDER with client-signing.key.pem, meter-signing.pem and so on",
    );
  return {
    suite,
    encryptionKey: octets(query, "ek", keyOctets),
    authenticationKey: octets(query, "ak", keyOctets),
    masterKey,
    dedicatedKey,
    systemTitle: query.has("st") ? octets(query, "st", 8) : undefined,
    protection: chosen(query, "protection", PROTECTIONS, "ae"),
    ciphering,
    keyInfo,
    signing,
    certificates,
    invocationCounter: optionalWhole(query, "ic"),
  };
}

function suiteOf(mechanism: MechanismName, query: URLSearchParams): SecuritySuite {
  const suite = whole(query, "suite", mechanism === "hls-ecdsa" ? 1 : 0);
  if (suite === 0 || suite === 1 || suite === 2) return suite;
  throw urlError(`there is no security suite ${suite}`, "0, 1 or 2");
}
