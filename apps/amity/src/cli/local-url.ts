import { fromHex, UsageError } from "@amity/bytes";
import type { Device } from "@amity/headend";

/** Schemes of meters that are read by the head-end's own drivers, with their usual ports. */
const SCHEMES: Readonly<Record<string, { readonly protocol: string; readonly port: number }>> = {
  "mbus:": { protocol: "mbus", port: 10_001 },
  "iec62056-21:": { protocol: "iec62056-21", port: 10_002 },
  "sml:": { protocol: "sml", port: 10_003 },
  "p1:": { protocol: "dsmr-p1", port: 8088 },
  "han:": { protocol: "dlms", port: 8089 },
  "wmbus:": { protocol: "wmbus", port: 10_004 },
};

/** A meter of a local protocol as a URL says it. Secrets stay in here and are never printed. */
export interface LocalUrl {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly device: Device;
  readonly secrets: readonly { readonly purpose: string; readonly secret: Uint8Array }[];
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
const OWN: ReadonlySet<string> = new Set(["password", "key", "ek", "ak", "listen", "ask", "udp", "meter"]);

export function isLocalUrl(url: string): boolean {
  return Object.keys(SCHEMES).some((scheme) => url.startsWith(`${scheme}//`));
}

/**
 * `mbus://host:port?address=5`, `iec62056-21://host?password=`, `sml://host` (listened to, and asked where it pushes nothing; `listen` and `ask` settle it), `p1://host?ek=&ak=`,
 * `han://host?ek=`, `wmbus://host?key=` (lines of a gateway; `udp` for datagrams). Other parameters are settings of the driver:
 * `secondary`, `baud`, `medium`, `zone`, `profile`, `serverId` and so on.
 * @throws UsageError `url`.
 */
export function parseLocalUrl(text: string): LocalUrl {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new UsageError("this is no meter URL", { code: "url", advice: "e.g. mbus://10.0.0.7:10001?address=5", cause: error });
  }
  const known = SCHEMES[url.protocol];
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (known === undefined || host === "")
    throw new UsageError("this is no meter URL", { code: "url", advice: `schemes: ${Object.keys(SCHEMES).join(" ")}` });
  const port = url.port === "" ? known.port : Number(url.port);
  const query = url.searchParams;
  const isModeD = url.protocol === "iec62056-21:" && query.get("mode") === "D";
  const isHeard =
    LISTENED.has(url.protocol) || query.has("listen") || isModeD || (url.protocol === "sml:" && !query.has("ask") && !query.has("profile"));
  const settings = Object.fromEntries([...query].filter(([name]) => !OWN.has(name)).map(([name, value]) => [name, settingOf(name, value)]));
  const address = { host, port };
  const meter = query.get("meter") ?? undefined;
  return {
    scheme: url.protocol.slice(0, -1),
    host,
    port,
    isUdp: query.has("udp"),
    isAskedIfSilent: url.protocol === "sml:" && isHeard && !query.has("listen"),
    only: meter,
    secrets: secretsOf(query),
    device: {
      meterId: `${host}:${port}`,
      protocol: known.protocol,
      route: { kind: isHeard ? "listen" : "direct", address },
      settings,
      status: "active",
    },
  };
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
