import type { EndDeviceEventKind } from "@amity/model";

/** Events by their names. */
export const EVENT_TITLES: Readonly<Record<string, string>> = {
  powerUp: "Power returned",
  powerDown: "Power failed",
  lastGasp: "Last gasp: the meter lost its supply",
  clockSet: "Clock set",
  clockInvalid: "Clock invalid",
  coverOpened: "Cover opened",
  coverClosed: "Cover closed",
  magneticField: "Magnetic field",
  supplyDisconnected: "Supply disconnected",
  supplyConnected: "Supply connected",
  supplyArmed: "Ready for reconnection",
  limitExceeded: "Limit exceeded",
  associationFailed: "Association refused",
  replayDetected: "Replay detected",
  batteryLow: "Battery low",
  tamper: "Tampering",
  leak: "Leak",
  leakEnded: "Leak ended",
  burst: "Burst pipe",
  burstEnded: "Burst pipe mended",
  backflow: "Backflow",
  backflowEnded: "Backflow ended",
  airInPipe: "Air in the pipe",
  airInPipeEnded: "Air in the pipe gone",
  frost: "Frost",
  frostEnded: "Frost ended",
  deviceError: "Fault of the meter",
  deviceErrorEnded: "Fault of the meter gone",
  communicationError: "The meter is not heard by its host",
};

const ALARMS: ReadonlySet<string> = new Set<EndDeviceEventKind>([
  "lastGasp",
  "powerDown",
  "coverOpened",
  "magneticField",
  "replayDetected",
  "tamper",
  "burst",
  "backflow",
  "frost",
]);
const WARNINGS: ReadonlySet<string> = new Set<EndDeviceEventKind>([
  "clockInvalid",
  "associationFailed",
  "supplyDisconnected",
  "supplyArmed",
  "limitExceeded",
  "batteryLow",
  "leak",
  "airInPipe",
  "deviceError",
  "communicationError",
]);

/** How loudly an event is told. */
export function severityOfEvent(kind: string): "alarm" | "warning" | "notice" {
  return ALARMS.has(kind) ? "alarm" : WARNINGS.has(kind) ? "warning" : "notice";
}
