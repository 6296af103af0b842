import type { Companion } from "./companion.ts";

/**
 * Meters like Linky (France): a concentrator reads them by a pre-established association over G3 and IPv6. The
 * customer's port (TIC) is no DLMS. The object model is not public; what stands here is what the standard gives any such meter.
 */
export const linkyLike = {
  id: "linky-like",
  title: "G3-PLC with pre-established association (as Linky, France)",
  documents: ["Linky PLC profile functional specifications", "IEC 62056-8-5"],
  transports: ["g3-udp", "hdlc-optical"],
  suites: [0],
  clients: [{ sap: 1, role: "concentrator", mechanism: "none", isCiphered: true, isPreEstablished: true }],
  logicalDevices: [1],
  profiles: [
    { logicalName: "1-0:99.1.0.255", purpose: "load", capturePeriodSeconds: 1_800 },
    { logicalName: "1-0:99.2.0.255", purpose: "daily", capturePeriodSeconds: 86_400 },
  ],
  eventLogs: [{ logicalName: "0-0:99.98.0.255", purpose: "standard" }],
  objects: {
    clock: "0-0:1.0.0.255",
    "logical-device-name": "0-0:42.0.0.255",
    disconnector: "0-0:96.3.10.255",
    limiter: "0-0:17.0.0.255",
    "image-transfer": "0-0:44.0.0.255",
  },
  quirks: { ciphering: "global", standardDeviationMinutes: -60 },
} as const satisfies Companion;
