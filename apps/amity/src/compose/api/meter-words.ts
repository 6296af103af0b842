import type { MeterReach } from "@amity/api";
import type { Device } from "@amity/headend";
import type { Commodity } from "@amity/model";

/** How a meter is reached, for people. */
export function routeWords(device: Device): string {
  const { route } = device;
  switch (route.kind) {
    case "direct":
      return `direct TCP, port ${route.address.port}`;
    case "concentrator":
      return `through concentrator ${route.concentratorId}, station ${route.meterAddress}`;
    case "behind":
      return `behind meter ${route.hostMeterId}, channel ${route.channel}`;
    case "listen":
      return `speaks unasked at ${route.address.host}, port ${route.address.port}`;
    case "wireless":
      return `heard by concentrator ${route.concentratorId} as ${route.address}`;
  }
}

/** The way to a meter, as data. */
export function reachOf({ route }: Device): MeterReach {
  switch (route.kind) {
    case "direct":
    case "listen":
      return { kind: route.kind, address: `${route.address.host}:${route.address.port}` };
    case "concentrator":
      return { kind: "concentrator", concentrator: route.concentratorId, address: route.meterAddress };
    case "wireless":
      return { kind: "wireless", concentrator: route.concentratorId, address: route.address };
    case "behind":
      return { kind: "behind", host: route.hostMeterId, channel: route.channel };
  }
}

const PROTOCOL_NAMES: Readonly<Record<string, string>> = {
  dlms: "DLMS/COSEM",
  mbus: "M-Bus",
  wmbus: "wireless M-Bus",
  sml: "SML",
  "iec62056-21": "IEC 62056-21",
  "dsmr-p1": "DSMR P1",
};

/** What a meter speaks, for people; of one behind another, what its host speaks. */
export function protocolWords(device: Device): string {
  const name = PROTOCOL_NAMES[device.protocol] ?? device.protocol;
  if (device.route.kind === "behind") return `wireless M-Bus to its host, which passes it on by ${name}`;
  if (device.protocol !== "dlms") return name;
  const { readAuth = "hls-gmac", manageAuth = "hls-gmac" } = device.settings;
  return `${name}, reading ${String(readAuth)}, management ${String(manageAuth)}`;
}

/** The channel that shows what a meter of a commodity is for. */
export const MAIN_CHANNELS: Readonly<Record<Commodity, string>> = {
  electricity: "1-0:1.8.0",
  gas: "7-0:3.0.0",
  water: "8-0:1.0.0",
  heat: "6-0:1.0.0",
};
