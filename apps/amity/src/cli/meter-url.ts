import { fromHex, UsageError } from "@amity/bytes";
import type { Authentication, Ciphering, MechanismName, Protection, SecuritySuite } from "@amity/dlms";

/** A DLMS meter as a URL says it. Secrets stay in here and are never printed. */
export interface MeterUrl {
  readonly host: string;
  readonly port: number;
  readonly transport: "wrapper" | "hdlc";
  readonly clientSap: number;
  readonly serverSap: number;
  readonly authentication: Authentication;
  /** Present where the association is ciphered. */
  readonly ciphering: CipheringChoice | undefined;
  /** Short-name referencing. */
  readonly shortNames: boolean;
}

export interface CipheringChoice {
  readonly suite: SecuritySuite;
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
  readonly dedicatedKey: Uint8Array | undefined;
  readonly systemTitle: Uint8Array;
  readonly protection: Protection;
  readonly ciphering: Ciphering;
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
};
const PROTECTIONS: Readonly<Record<string, Protection>> = { ae: "authenticated-encrypted", a: "authenticated", e: "encrypted" };
/** Our own default title: manufacturer letters AMI, then a number. */
const DEFAULT_SYSTEM_TITLE = "414D490000000001";
const DEFAULT_PORT = 4059;

const PARAMETERS = [
  "auth",
  "client",
  "server",
  "password",
  "secret",
  "ek",
  "ak",
  "dk",
  "st",
  "suite",
  "ic",
  "transport",
  "ciphering",
  "protection",
  "referencing",
];

/**
 * Reads `dlms://host:port?auth=hls5&client=1&ek=HEX&ak=HEX...`; README lists the parameters.
 * @throws UsageError naming the parameter that is wrong or missing.
 */
export function parseMeterUrl(text: string): MeterUrl {
  const url = parseUrl(text);
  const query = url.searchParams;
  for (const name of query.keys()) {
    if (!PARAMETERS.includes(name)) throw usage(`the URL has an unknown parameter "${name}"`, `known: ${PARAMETERS.join(", ")}`);
  }
  const mechanism = chosen(query, "auth", MECHANISMS, "none");
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    transport: chosen(query, "transport", { wrapper: "wrapper", hdlc: "hdlc" } as const, "wrapper"),
    clientSap: whole(query, "client", mechanism === "none" ? 16 : mechanism === "lls" ? 2 : 1),
    serverSap: whole(query, "server", 1),
    authentication: authenticationOf(mechanism, query),
    ciphering: cipheringOf(mechanism, query),
    shortNames: chosen(query, "referencing", { ln: "ln", sn: "sn" } as const, "ln") === "sn",
  };
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw usage(`"${text}" is not a URL`, "e.g. dlms://127.0.0.1:4059?auth=lls&password=12345678");
  }
  if (url.protocol !== "dlms:") throw usage(`"${url.protocol.replace(":", "")}" meters cannot be read here`, "use dlms://host:port");
  if (url.hostname === "") throw usage("the URL has no host", "e.g. dlms://127.0.0.1:4059");
  return url;
}

function authenticationOf(mechanism: MechanismName, query: URLSearchParams): Authentication {
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

function cipheringOf(mechanism: MechanismName, query: URLSearchParams): CipheringChoice | undefined {
  if (!query.has("ek")) {
    if (mechanism === "hls-gmac" || mechanism === "hls-ecdsa")
      throw usage("GMAC and ECDSA need keys", "add ek=HEX (encryption key) and ak=HEX (authentication key)");
    return undefined;
  }
  const suite = whole(query, "suite", 0);
  if (suite !== 0 && suite !== 1 && suite !== 2) throw usage(`there is no security suite ${suite}`, "0, 1 or 2");
  const keyOctets = suite === 2 ? 32 : 16;
  const dedicatedKey = query.has("dk") ? octets(query, "dk", keyOctets) : undefined;
  return {
    suite,
    encryptionKey: octets(query, "ek", keyOctets),
    authenticationKey: octets(query, "ak", keyOctets),
    dedicatedKey,
    systemTitle: octets(query, "st", 8, DEFAULT_SYSTEM_TITLE),
    protection: chosen(query, "protection", PROTECTIONS, "ae"),
    ciphering: chosen(query, "ciphering", CIPHERINGS, dedicatedKey === undefined ? "glo" : "ded"),
    invocationCounter: query.has("ic") ? whole(query, "ic", 0) : undefined,
  };
}

function chosen<T>(query: URLSearchParams, name: string, table: Readonly<Record<string, T>>, fallback: string): T {
  const text = (query.get(name) ?? fallback).toLowerCase();
  const value = table[text];
  if (value === undefined) throw usage(`${name}=${text} is not known`, `one of: ${Object.keys(table).join(", ")}`);
  return value;
}

function whole(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw usage(`${name} is not a whole number`, `e.g. ${name}=${fallback}`);
  return value;
}

function octets(query: URLSearchParams, name: string, length: number, fallback?: string): Uint8Array {
  const text = query.get(name) ?? fallback;
  if (text === undefined) throw usage(`the parameter ${name} is missing`, `${name}=HEX, ${length} octets`);
  const value = fromHex(text);
  if (value.length !== length) throw usage(`${name} has ${value.length} octets`, `${length} octets as hex`);
  return value;
}

/** A password as text, or as octets with `0x` in front. */
function secretOf(query: URLSearchParams, name: string): Uint8Array {
  const text = query.get(name);
  if (text === null) throw usage(`the parameter ${name} is missing`, `${name}=TEXT, or ${name}=0xHEX`);
  return text.startsWith("0x") ? fromHex(text) : new TextEncoder().encode(text);
}

function usage(message: string, advice: string): UsageError {
  return new UsageError(message, { code: "meter-url", advice });
}
