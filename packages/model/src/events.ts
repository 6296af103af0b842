import type { MeterId } from "./identity.ts";

/** Kinds of end-device events that the console names; anything else keeps its raw code in `detail`. */
export const END_DEVICE_EVENT_KINDS = [
  "powerUp",
  "powerDown",
  "lastGasp",
  "clockSet",
  "clockInvalid",
  "coverOpened",
  "coverClosed",
  "magneticField",
  "supplyDisconnected",
  "supplyConnected",
  "supplyArmed",
  "limitExceeded",
  "firmwareActivated",
  "associationFailed",
  "replayDetected",
  "eventLogCleared",
  "loadProfileCleared",
  "voltageSag",
  "voltageSwell",
  "batteryLow",
  "configurationChanged",
  "tamper",
  "leak",
  "burst",
  "backflow",
  "airInPipe",
  "frost",
  "deviceError",
  "communicationError",
  "leakEnded",
  "burstEnded",
  "backflowEnded",
  "airInPipeEnded",
  "frostEnded",
  "deviceErrorEnded",
  "other",
] as const;
export type EndDeviceEventKind = (typeof END_DEVICE_EVENT_KINDS)[number];

/** Something that happened at a meter or concentrator (IEC 61968-9 EndDeviceEvent). */
export interface EndDeviceEvent {
  readonly meterId: MeterId;
  readonly atMs: number;
  readonly kind: EndDeviceEventKind;
  /** The log it came from (OBIS) and its raw code there: with `atMs` the identity of the event. */
  readonly log: string;
  readonly code: number;
  readonly detail?: string;
}
