import type { Companion } from "./companion.ts";

/** India: IS 15959 parts 1 to 3. Scalers stand in profiles of their own, beside the profiles that they scale. */
export const india = {
  id: "india-is15959",
  title: "IS 15959 parts 1 to 3 (India)",
  documents: ["IS 15959 (Part 1): 2011", "IS 15959 (Part 2): 2016", "IS 15959 (Part 3): 2017"],
  transports: ["hdlc-optical", "hdlc-rs485", "wrapper-tcp", "wrapper-udp"],
  suites: [0],
  clients: [
    { sap: 16, role: "public", mechanism: "none", isCiphered: false },
    { sap: 32, role: "meter-reading", mechanism: "lls", isCiphered: true, invocationCounter: "0-0:43.1.2.255" },
    { sap: 48, role: "utility-setting", mechanism: "hls-manufacturer", isCiphered: true, invocationCounter: "0-0:43.1.3.255" },
    { sap: 64, role: "push", mechanism: "none", isCiphered: true, isPreEstablished: true },
    { sap: 80, role: "firmware", mechanism: "hls-manufacturer", isCiphered: true },
    { sap: 96, role: "in-home-display", mechanism: "lls", isCiphered: true },
  ],
  logicalDevices: [1],
  profiles: [
    { logicalName: "1-0:94.91.0.255", purpose: "instantaneous", scalerProfile: "1-0:94.91.3.255" },
    { logicalName: "1-0:99.1.0.255", purpose: "load", capturePeriodSeconds: 1_800, scalerProfile: "1-0:94.91.4.255" },
    { logicalName: "1-0:99.2.0.255", purpose: "daily", capturePeriodSeconds: 86_400, scalerProfile: "1-0:94.91.5.255" },
    { logicalName: "1-0:98.1.0.255", purpose: "billing", capturePeriodSeconds: 0, scalerProfile: "1-0:94.91.6.255" },
    { logicalName: "0-0:94.91.10.255", purpose: "name-plate" },
  ],
  eventLogs: [
    { logicalName: "0-0:99.98.0.255", purpose: "voltage related" },
    { logicalName: "0-0:99.98.1.255", purpose: "current related" },
    { logicalName: "0-0:99.98.2.255", purpose: "power failure" },
    { logicalName: "0-0:99.98.3.255", purpose: "transaction" },
    { logicalName: "0-0:99.98.4.255", purpose: "other" },
    { logicalName: "0-0:99.98.5.255", purpose: "non-rollover" },
    { logicalName: "0-0:99.98.6.255", purpose: "control" },
  ],
  objects: {
    clock: "0-0:1.0.0.255",
    "logical-device-name": "0-0:42.0.0.255",
    firmware: "1-0:0.2.0.255",
    disconnector: "0-0:96.3.10.255",
    limiter: "0-0:17.0.0.255",
    "activity-calendar": "0-0:13.0.0.255",
    "image-transfer": "0-0:44.0.0.255",
    "push-interval": "0-0:25.9.0.255",
    "push-alarm": "0-4:25.9.0.255",
    "billing-reset-script": "0-0:10.0.1.255",
  },
  quirks: {
    ciphering: "global",
    manufacturerHls: "aes-128-ecb",
    usesDedicatedKey: true,
    hasVisibleStringNames: true,
    standardDeviationMinutes: -330,
  },
} as const satisfies Companion;
