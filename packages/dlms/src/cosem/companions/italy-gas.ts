import type { Companion } from "./companion.ts";

/**
 * Italy: gas meters of UNI/TS 11291-12, by NB-IoT or GPRS. They sleep: a session follows the meter's own push, its values come as compact
 * frames, and its tariff plan is a class of its own (8192).
 */
export const italyGas = {
  id: "italy-uni-ts-11291",
  title: "UNI/TS 11291-12 gas (Italy)",
  documents: ["UNI/TS 11291-12"],
  transports: ["wrapper-tcp", "wrapper-udp", "hdlc-optical"],
  suites: [0],
  clients: [
    { sap: 16, role: "public", mechanism: "none", isCiphered: false },
    { sap: 1, role: "management", mechanism: "hls-gmac", isCiphered: true, invocationCounter: "0-0:43.1.1.255" },
    { sap: 3, role: "installer", mechanism: "hls-gmac", isCiphered: true, invocationCounter: "0-0:43.1.3.255" },
    { sap: 32, role: "broadcast", mechanism: "none", isCiphered: true, isPreEstablished: true, invocationCounter: "0-0:43.1.32.255" },
    { sap: 48, role: "guarantor", mechanism: "hls-gmac", isCiphered: true, invocationCounter: "0-0:43.1.48.255" },
    { sap: 64, role: "gateway", mechanism: "hls-gmac", isCiphered: true, invocationCounter: "0-0:43.1.64.255" },
  ],
  logicalDevices: [1],
  profiles: [
    { logicalName: "7-0:99.99.3.255", purpose: "daily", capturePeriodSeconds: 86_400 },
    { logicalName: "7-0:98.11.0.255", purpose: "billing", capturePeriodSeconds: 0 },
  ],
  eventLogs: [
    { logicalName: "7-0:99.98.0.255", purpose: "standard" },
    { logicalName: "7-0:99.98.1.255", purpose: "metrological" },
    { logicalName: "7-0:99.98.6.255", purpose: "communication" },
    { logicalName: "7-0:99.16.0.255", purpose: "parameter monitor" },
  ],
  objects: {
    clock: "0-0:1.0.0.255",
    "logical-device-name": "0-0:42.0.0.255",
    disconnector: "0-0:96.3.10.255",
    "image-transfer": "0-0:44.0.0.255",
    "push-interval": "0-1:25.9.0.255",
    "push-alarm": "0-2:25.9.0.255",
    "push-installation": "0-4:25.9.0.255",
  },
  quirks: { ciphering: "global", maxPduOctets: 504, pushesCompactData: true, standardDeviationMinutes: -60 },
} as const satisfies Companion;
