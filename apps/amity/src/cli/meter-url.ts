import { fromHex } from "@amity/bytes";
import type { Authentication } from "@amity/dlms";
import { LOCAL_SCHEMES } from "./local-url.ts";
import { authenticationOf, cipheringOf, mechanismOf, SECURITY_PARAMETERS, type CipheringChoice } from "./meter-security.ts";
import { chosen, optionalWhole, urlError, whole } from "./url-parameters.ts";

/** A DLMS meter as a URL says it. Secrets stay in here and are never printed. */
export interface MeterUrl {
  readonly host: string;
  readonly port: number;
  readonly transport: MeterUrlTransport;
  readonly hdlc: HdlcChoice;
  /** The meter is behind a gateway, which takes its prefix off (E6, E7). */
  readonly gateway: { readonly networkId: number; readonly physicalAddress: Uint8Array } | undefined;
  readonly clientSap: number;
  readonly serverSap: number;
  readonly authentication: Authentication;
  /** Present where the association is ciphered. */
  readonly ciphering: CipheringChoice | undefined;
  /** Short-name referencing. */
  readonly shortNames: boolean;
  /** Long values come in general block transfer, so many blocks before one is confirmed; absent: in the blocks of their service. */
  readonly generalBlockWindow: number | undefined;
  /** Largest APDU that we take (octets). */
  readonly maxPduOctets: number | undefined;
}

/** `mode-e`: the sign-on of IEC 62056-21, then HDLC. */
export type MeterUrlTransport = "wrapper" | "udp" | "hdlc" | "mode-e";

/** What the URL says of HDLC; what it leaves out is negotiated or usual. */
export interface HdlcChoice {
  readonly addressOctets: 1 | 2 | 4 | undefined;
  /** Lower address. */
  readonly physicalDevice: number | undefined;
  readonly windowFrames: number | undefined;
  readonly frameOctets: number | undefined;
}

const TRANSPORTS: Readonly<Record<string, MeterUrlTransport>> = {
  wrapper: "wrapper",
  tcp: "wrapper",
  udp: "udp",
  hdlc: "hdlc",
  "mode-e": "mode-e",
};
const ADDRESS_OCTETS = { 1: 1, 2: 2, 4: 4, any: undefined } as const;
const DEFAULT_PORT = 4059;
const DEFAULT_BLOCK_WINDOW = 8;
const PARAMETERS: readonly string[] = SECURITY_PARAMETERS.concat(
  "client server transport referencing gateway blocks window pdu address physical frames frame".split(" "),
);

/**
 * Reads `dlms://host:port?auth=hls5&client=1&ek=HEX&ak=HEX...`; docs/meters-and-frames.md lists the parameters.
 * @throws UsageError naming the parameter that is wrong or missing.
 */
export function parseMeterUrl(text: string): MeterUrl {
  const url = parseUrl(text);
  const query = url.searchParams;
  for (const name of query.keys()) {
    if (!PARAMETERS.includes(name)) throw urlError(`the URL has an unknown parameter "${name}"`, `known: ${PARAMETERS.join(", ")}`);
  }
  const mechanism = mechanismOf(query);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    transport: chosen(query, "transport", TRANSPORTS, "wrapper"),
    hdlc: hdlcOf(query),
    gateway: gatewayOf(query.get("gateway")),
    clientSap: whole(query, "client", mechanism === "none" ? 16 : mechanism === "lls" ? 2 : 1),
    serverSap: whole(query, "server", 1),
    authentication: authenticationOf(mechanism, query),
    ciphering: cipheringOf(mechanism, query),
    shortNames: chosen(query, "referencing", { ln: "ln", sn: "sn" } as const, "ln") === "sn",
    generalBlockWindow: blockWindowOf(query),
    maxPduOctets: optionalWhole(query, "pdu"),
  };
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw urlError("this is not a URL", "e.g. dlms://127.0.0.1:4059?auth=lls&password=12345678");
  }
  if (url.protocol !== "dlms:")
    throw urlError(`"${url.protocol.replace(":", "")}" meters cannot be read here`, `one of: dlms, ${LOCAL_SCHEMES.join(", ")}`);
  if (url.hostname === "") throw urlError("the URL has no host", "e.g. dlms://127.0.0.1:4059");
  return url;
}

function hdlcOf(query: URLSearchParams): HdlcChoice {
  const octets = query.get("address") ?? "any";
  if (!Object.hasOwn(ADDRESS_OCTETS, octets)) throw urlError(`an HDLC address has no ${octets} octets`, "address=1, 2 or 4");
  return {
    addressOctets: ADDRESS_OCTETS[octets as keyof typeof ADDRESS_OCTETS],
    physicalDevice: optionalWhole(query, "physical"),
    windowFrames: optionalWhole(query, "frames"),
    frameOctets: optionalWhole(query, "frame"),
  };
}

/** `NETWORK:ADDRESS`, the address as text or as octets with `0x` in front. */
function gatewayOf(text: string | null): MeterUrl["gateway"] {
  if (text === null) return undefined;
  const [, network, hex, plain = ""] = /^(\d{1,3}):(?:0x((?:[0-9a-fA-F]{2})+)|(.+))$/.exec(text) ?? [];
  if (network === undefined || Number(network) > 255)
    throw urlError(`gateway=${text} is not a network number and an address`, "e.g. gateway=0:AMT00000001 or gateway=0:0x01020304");
  return { networkId: Number(network), physicalAddress: hex === undefined ? new TextEncoder().encode(plain) : fromHex(hex) };
}

function blockWindowOf(query: URLSearchParams): number | undefined {
  const isGeneral = chosen(query, "blocks", { service: false, general: true }, "service");
  const window = whole(query, "window", DEFAULT_BLOCK_WINDOW);
  if (window < 1 || window > 63) throw urlError(`a window of ${window} blocks`, "window=1 to 63");
  return isGeneral ? window : undefined;
}
