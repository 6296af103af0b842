import type { Companion } from "./companion.ts";

/** Spain: PRIME with the companion T5; monthly and daily billing by contract. */
export const primeT5 = {
  id: "prime-t5",
  title: "PRIME, companion T5 (Spain)",
  documents: ["T5 companion specification for PRIME meters"],
  transports: ["prime-432", "hdlc-optical", "wrapper-tcp"],
  suites: [0],
  clients: [
    { sap: 16, role: "public", mechanism: "none", isCiphered: false },
    { sap: 1, role: "management", mechanism: "lls", isCiphered: false },
    { sap: 2, role: "reading", mechanism: "lls", isCiphered: false },
    { sap: 3, role: "firmware", mechanism: "lls", isCiphered: false },
  ],
  logicalDevices: [1],
  profiles: [
    { logicalName: "1-0:99.1.0.255", purpose: "load", capturePeriodSeconds: 3_600 },
    { logicalName: "0-0:98.1.1.255", purpose: "billing", capturePeriodSeconds: 0 },
    { logicalName: "0-0:98.1.2.255", purpose: "billing", capturePeriodSeconds: 0 },
    { logicalName: "0-0:98.2.1.255", purpose: "daily", capturePeriodSeconds: 86_400 },
    { logicalName: "0-0:98.2.2.255", purpose: "daily", capturePeriodSeconds: 86_400 },
  ],
  eventLogs: [
    { logicalName: "0-0:99.98.0.255", purpose: "standard" },
    { logicalName: "0-0:99.98.1.255", purpose: "fraud" },
    { logicalName: "0-0:99.98.2.255", purpose: "disconnector" },
  ],
  objects: {
    clock: "0-0:1.0.0.255",
    "logical-device-name": "0-0:42.0.0.255",
    disconnector: "0-0:96.3.10.255",
    "special-days": "0-0:11.0.0.255",
    "activity-calendar": "0-0:13.0.0.255",
    "image-transfer": "0-0:44.0.0.255",
  },
  quirks: { standardDeviationMinutes: -60 },
} as const satisfies Companion;
