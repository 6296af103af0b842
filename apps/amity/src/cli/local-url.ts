import { fromHex, UsageError } from "@amity/bytes";
import type { Device } from "@amity/headend";
import type { SerialSettings } from "@amity/runtime";
import { SERIAL_LINES, serialSettings } from "./serial-lines.ts";

/** Schemes of meters that are read by the head-end's own drivers, with their usual ports. */
const SCHEMES: Readonly<Record<string, { readonly protocol: string; readonly port: number; readonly line?: SerialSettings }>> = {
  "mbus:": { protocol: "mbus", port: 10_001, line: SERIAL_LINES.mbus },
  "iec62056-21:": { protocol: "iec62056-21", port: 10_002, line: SERIAL_LINES["iec62056-21"] },
  "sml:": { protocol: "sml", port: 10_003, line: SERIAL_LINES.sml },
  "p1:": { protocol: "dsmr-p1", port: 8088, line: SERIAL_LINES.p1 },
  "han:": { protocol: "dlms", port: 8089, line: SERIAL_LINES.han },
  "wmbus:": { protocol: "wmbus", port: 10_004 },
};

/** A meter of a local protocol as a URL says it. Secrets stay in here and are never printed. */
export interface LocalUrl {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly device: Device;
  readonly secrets: readonly { readonly purpose: string; readonly secret: Uint8Array }[];
  /** A serial line of this machine in place of host and port. */
  readonly line: { readonly path: string; readonly settings: SerialSettings } | undefined;
  /** Wireless M-Bus: datagrams are taken at this port in place of a gateway's lines. */
  readonly isUdp: boolean;
  /** SML: a meter that pushes nothing is asked, as the URL does not say which of the two it does. */
  readonly isAskedIfSilent: boolean;
  /** Wireless M-Bus: only this meter, by its address or its identification number. */
  readonly only: string | undefined;
}

const LISTENED: ReadonlySet<string> = new Set(["p1:", "han:", "wmbus:"]);
const KEYS: Readonly<Record<string, string>> = { key: "mbus", ek: "guek", ak: "gak" };
/** Parameters that are not settings of the driver. */
const OWN: ReadonlySet<string> = new Set(["password", "key", "ek", "ak", "listen", "ask", "udp", "meter", "framing"]);

/** Schemes of meters that are read through a driver: `mbus`, `sml` and so on. */
export const LOCAL_SCHEMES: readonly string[] = Object.keys(SCHEMES).map((scheme) => scheme.slice(0, -1));

/** Whether a meter's URL has one of these schemes. */
export function isLocalUrl(url: string): boolean {
  return LOCAL_SCHEMES.some((scheme) => url.startsWith(`${scheme}://`));
}

/**
 * `mbus://host:port?address=5`, `iec62056-21://host?password=`, `sml://host` (listened to, and asked where it pushes nothing; `listen` and `ask` settle it), `p1://host?ek=&ak=`,
 * `han://host?ek=`, `wmbus://host?key=` (lines of a gateway; `udp` for datagrams). Other parameters are settings of the driver:
 * In place of a host a path: a serial line of this machine, e.g. `mbus:///dev/ttyUSB0?baud=2400&framing=8E1`.
 * `secondary`, `baud`, `medium`, `zone`, `profile`, `serverId` and so on.
 * @throws UsageError `url`.
 */
export function parseLocalUrl(text: string): LocalUrl {
  const url = parsed(text);
  const known = SCHEMES[url.protocol];
  const place = known === undefined ? undefined : placeOf(url, known);
  if (known === undefined || place === undefined)
    throw new UsageError("this is no meter URL", { code: "url", advice: `schemes: ${LOCAL_SCHEMES.join(", ")}` });
  const query = url.searchParams;
  const isHeard = isListenedTo(url);
  const settings = Object.fromEntries([...query].filter(([name]) => !OWN.has(name)).map(([name, value]) => [name, settingOf(name, value)]));
  const { host, port, line } = place;
  return {
    scheme: url.protocol.slice(0, -1),
    ...place,
    isUdp: query.has("udp"),
    isAskedIfSilent: url.protocol === "sml:" && isHeard && !query.has("listen"),
    only: query.get("meter") ?? undefined,
    secrets: secretsOf(query),
    device: {
      meterId: line === undefined ? `${host}:${port}` : line.path,
      protocol: known.protocol,
      route: { kind: isHeard ? "listen" : "direct", address: { host, port } },
      settings,
      status: "active",
    },
  };
}

function parsed(text: string): URL {
  try {
    return new URL(text);
  } catch (error) {
    throw new UsageError("this is no meter URL", { code: "url", advice: "e.g. mbus://10.0.0.7:10001?address=5", cause: error });
  }
}

/** Host and port, or a path: then the address stands for it. */
function placeOf(
  { hostname, port, pathname, searchParams: query }: URL,
  known: { readonly port: number; readonly line?: SerialSettings },
): Pick<LocalUrl, "host" | "port" | "line"> | undefined {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (host !== "") return { host, port: port === "" ? known.port : Number(port), line: undefined };
  if (known.line === undefined || !pathname.startsWith("/")) return undefined;
  const path = decodeURIComponent(pathname);
  return { host: path, port: 1, line: { path, settings: serialSettings(known.line, query.get("baud"), query.get("framing")) } };
}

function isListenedTo({ protocol, searchParams: query }: URL): boolean {
  if (LISTENED.has(protocol) || query.has("listen")) return true;
  if (protocol === "iec62056-21:") return query.get("mode") === "D";
  return protocol === "sml:" && !query.has("ask") && !query.has("profile");
}

/** Device addresses of IEC 62056-21 and SML are names; others that look like numbers are numbers. */
function settingOf(name: string, value: string): string | number | boolean {
  if (value === "true" || value === "false") return value === "true";
  const isName = name === "serverId" || name === "secondary" || name === "equipmentId";
  return !isName && /^(?:0|[1-9]\d{0,9})$/.test(value) ? Number(value) : value;
}

function secretsOf(query: URLSearchParams): { purpose: string; secret: Uint8Array }[] {
  const keys = Object.entries(KEYS).flatMap(([name, purpose]) => {
    const hex = query.get(name);
    if (hex === null) return [];
    if (!/^[0-9a-fA-F]{32}$/.test(hex)) throw new UsageError(`${name} is 32 hexadecimal digits`, { code: "key" });
    return [{ purpose, secret: fromHex(hex) }];
  });
  const password = query.get("password");
  return password === null ? keys : [...keys, { purpose: "password", secret: new TextEncoder().encode(password) }];
}
