import type { Companion } from "./companion.ts";

/** Saudi Arabia: the smart metering project's meters, clients as IDIS has them, one push setup and schedule a profile. */
export const saudi = {
  id: "saudi-smp",
  title: "Smart metering project (Saudi Arabia)",
  documents: ["SEC smart meter specifications"],
  transports: ["wrapper-tcp", "g3-udp", "hdlc-optical", "hdlc-rs485"],
  suites: [0, 1],
  clients: [
    { sap: 16, role: "public", mechanism: "none", isCiphered: false },
    { sap: 1, role: "management", mechanism: "hls-gmac", isCiphered: true, invocationCounter: "0-0:43.1.0.255" },
    { sap: 102, role: "pre-established", mechanism: "none", isCiphered: true, isPreEstablished: true },
  ],
  logicalDevices: [1],
  profiles: [
    { logicalName: "1-0:99.1.0.255", purpose: "load", capturePeriodSeconds: 1_800 },
    { logicalName: "1-0:99.2.0.255", purpose: "daily", capturePeriodSeconds: 86_400 },
    { logicalName: "0-0:98.1.0.255", purpose: "billing", capturePeriodSeconds: 0 },
    { logicalName: "0-0:21.0.2.255", purpose: "instantaneous" },
  ],
  eventLogs: [
    { logicalName: "1-0:99.97.0.255", purpose: "power failure" },
    { logicalName: "1-0:99.98.2.255", purpose: "power restored" },
    { logicalName: "1-0:99.98.3.255", purpose: "clock changed from" },
    { logicalName: "1-0:99.98.4.255", purpose: "clock changed to" },
    { logicalName: "1-0:99.98.5.255", purpose: "billing reset" },
    { logicalName: "1-0:99.98.8.255", purpose: "configuration" },
    { logicalName: "1-0:99.98.9.255", purpose: "communication" },
    { logicalName: "1-0:99.98.10.255", purpose: "memory" },
    { logicalName: "1-0:99.98.12.255", purpose: "tamper" },
    { logicalName: "1-0:99.98.14.255", purpose: "current and voltage limits" },
    { logicalName: "1-0:99.98.15.255", purpose: "disconnector" },
    { logicalName: "1-0:99.98.16.255", purpose: "password changes" },
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
    "push-interval": "0-128:25.9.0.255",
  },
  quirks: { ciphering: "global", standardDeviationMinutes: -180 },
} as const satisfies Companion;
