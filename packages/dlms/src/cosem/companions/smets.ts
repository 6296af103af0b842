import type { Companion } from "./companion.ts";

/**
 * Meters like SMETS2 (Great Britain): use cases of GBCS as ACCESS requests, signed inside general ciphering with key
 * agreement, through a ZigBee tunnel. Remote parties are known by certificates, not by SAPs.
 */
export const smetsLike = {
  id: "smets-like",
  title: "SMETS2 electricity (as GBCS, Great Britain)",
  documents: ["Great Britain Companion Specification", "SMETS2"],
  transports: ["zigbee-tunnel"],
  suites: [1],
  clients: [{ sap: 1, role: "remote-party", mechanism: "none", isCiphered: true, isPreEstablished: true }],
  logicalDevices: [1],
  profiles: [
    { logicalName: "1-0:99.1.0.255", purpose: "load", capturePeriodSeconds: 1_800 },
    { logicalName: "0-0:98.2.0.255", purpose: "daily", capturePeriodSeconds: 86_400 },
    { logicalName: "0-0:98.1.0.255", purpose: "billing", capturePeriodSeconds: 0 },
  ],
  eventLogs: [
    { logicalName: "0-0:99.98.0.255", purpose: "standard" },
    { logicalName: "0-0:99.98.1.255", purpose: "security" },
    { logicalName: "0-0:99.98.4.255", purpose: "power quality" },
  ],
  objects: {
    clock: "0-0:1.0.0.255",
    disconnector: "0-0:96.3.10.255",
    limiter: "0-0:17.0.0.255",
    "activity-calendar": "0-0:13.0.0.255",
    "special-days": "0-0:11.0.0.255",
    "image-transfer": "0-0:44.0.0.255",
    account: "0-0:19.0.0.255",
  },
  quirks: { usesAccessService: true, isSigned: true, standardDeviationMinutes: 0 },
} as const satisfies Companion;
