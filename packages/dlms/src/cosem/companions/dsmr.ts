import type { Companion } from "./companion.ts";

/** Netherlands: DSMR 2.2 to 4.2.2 and SMR 4.3 to 5.5, port P3. */
export const dsmr = {
  id: "dsmr",
  title: "DSMR 4.2.2 and SMR 5.5 (Netherlands)",
  documents: ["DSMR P3 companion standard 4.2.2", "SMR 5.5"],
  transports: ["wrapper-tcp", "hdlc-optical", "hdlc-rs485"],
  suites: [0],
  clients: [
    { sap: 16, role: "public", mechanism: "none", isCiphered: false },
    { sap: 1, role: "management", mechanism: "hls-gmac", isCiphered: true, invocationCounter: "0-0:43.1.0.255" },
    { sap: 102, role: "pre-established", mechanism: "none", isCiphered: true, isPreEstablished: true },
  ],
  logicalDevices: [1],
  profiles: [
    { logicalName: "1-0:99.1.0.255", purpose: "load", capturePeriodSeconds: 900 },
    { logicalName: "1-0:99.2.0.255", purpose: "daily", capturePeriodSeconds: 86_400 },
    { logicalName: "0-0:98.1.0.255", purpose: "billing", capturePeriodSeconds: 0 },
    { logicalName: "0-1:24.3.0.255", purpose: "m-bus", capturePeriodSeconds: 3_600 },
    { logicalName: "1-0:99.1.1.255", purpose: "power-quality", capturePeriodSeconds: 600 },
    { logicalName: "1-0:99.1.2.255", purpose: "power-quality", capturePeriodSeconds: 600 },
  ],
  eventLogs: [
    { logicalName: "0-0:99.98.0.255", purpose: "standard" },
    { logicalName: "0-0:99.98.1.255", purpose: "fraud" },
    { logicalName: "0-0:99.98.4.255", purpose: "communication session" },
    { logicalName: "1-0:99.97.0.255", purpose: "power failure" },
    { logicalName: "0-1:24.5.0.255", purpose: "m-bus control" },
  ],
  objects: {
    clock: "0-0:1.0.0.255",
    "logical-device-name": "0-0:42.0.0.255",
    firmware: "1-0:0.2.0.255",
    disconnector: "0-0:96.3.10.255",
    limiter: "0-0:17.0.0.255",
    "activity-calendar": "0-0:13.0.0.255",
    "special-days": "0-0:11.0.0.255",
    "image-transfer": "0-0:44.0.0.255",
    "security-setup": "0-0:43.0.0.255",
    "push-installation": "0-3:25.9.0.255",
    "push-alarm": "0-1:25.9.0.255",
    "alarm-register": "0-0:97.98.0.255",
    "alarm-filter": "0-0:97.98.10.255",
    "error-register": "0-0:97.97.0.255",
    "m-bus-client": "0-1:24.1.0.255",
  },
  quirks: { ciphering: "global", standardDeviationMinutes: -60 },
} as const satisfies Companion;
