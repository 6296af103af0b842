const FIXED: Readonly<Record<string, string>> = {
  "1-3:0.2.8": "version",
  "0-0:96.1.4": "version",
  "0-0:1.0.0": "time",
  "0-0:96.1.1": "equipment identifier",
  "0-0:96.14.0": "tariff",
  "0-0:96.13.0": "text message",
  "0-0:96.13.1": "message code",
  "0-0:96.7.21": "power failures",
  "0-0:96.7.9": "long power failures",
  "1-0:99.97.0": "power failure log",
  "0-0:96.3.10": "breaker state",
  "0-0:17.0.0": "limiter threshold",
  "1-0:31.4.0": "fuse threshold",
  "0-0:98.1.0": "monthly peaks",
  "1-0:1.4.0": "average demand",
  "1-0:1.6.0": "peak of the month",
  "1-0:13.7.0": "power factor",
  "1-0:14.7.0": "frequency",
};

const QUANTITIES: Readonly<Record<number, string>> = {
  1: "active, imported",
  2: "active, exported",
  3: "reactive, imported",
  4: "reactive, exported",
  11: "current",
  12: "voltage",
};

const CHANNEL: Readonly<Record<string, string>> = {
  "24.1.0": "device type",
  "24.2.1": "reading",
  "24.2.3": "reading",
  "24.3.0": "reading",
  "24.4.0": "valve",
};

/** What a code of a telegram means; `undefined` where it is not known. */
export function meaningOf(address: string): string | undefined {
  const code = address.replace(/\*255$/, "");
  const fixed = FIXED[code];
  if (fixed !== undefined) return fixed;
  const channel = /^0-([1-4]):(.+)$/.exec(code);
  if (channel !== null) {
    const what = CHANNEL[channel[2] ?? ""] ?? (channel[2]?.startsWith("96.1.") === true ? "equipment identifier" : undefined);
    return what === undefined ? undefined : `M-Bus ${channel[1]}, ${what}`;
  }
  const electric = /^1-0:(\d+)\.(7|8|32|36)\.(\d)$/.exec(code);
  return electric === null ? undefined : electricMeaning(Number(electric[1]), electric[2] ?? "", electric[3] ?? "");
}

function electricMeaning(quantity: number, type: string, tariff: string): string | undefined {
  const phase = Math.floor(quantity / 20);
  const what = QUANTITIES[quantity % 20];
  if (what === undefined || phase > 3) return undefined;
  const where = phase === 0 ? "" : `L${phase} `;
  if (type === "32" || type === "36") return `${where}voltage ${type === "32" ? "sags" : "swells"}`;
  const isPower = quantity % 20 < 5;
  if (type === "7") return `${where}${what}${isPower ? " power" : ""}`;
  return `${where}${what} energy${tariff === "0" ? "" : `, tariff ${tariff}`}`;
}
