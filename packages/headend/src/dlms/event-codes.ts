import type { EndDeviceEventKind } from "@amity/model";

/** Event codes of the standard event logs as the IDIS and DSMR companion specifications number them; others keep their number. */
const KINDS: Readonly<Record<number, EndDeviceEventKind>> = {
  1: "powerDown",
  2: "powerUp",
  4: "clockSet",
  5: "clockSet",
  6: "clockInvalid",
  7: "batteryLow",
  8: "batteryLow",
  18: "firmwareActivated",
  40: "coverOpened",
  41: "coverClosed",
  42: "magneticField",
  44: "coverOpened",
  45: "coverClosed",
  46: "associationFailed",
  47: "configurationChanged",
  49: "associationFailed",
  50: "replayDetected",
  59: "supplyArmed",
  60: "supplyDisconnected",
  61: "supplyConnected",
  62: "supplyDisconnected",
  63: "supplyConnected",
  64: "supplyDisconnected",
  65: "limitExceeded",
  76: "voltageSag",
  77: "voltageSag",
  78: "voltageSag",
  79: "voltageSwell",
  80: "voltageSwell",
  81: "voltageSwell",
  82: "lastGasp",
  254: "loadProfileCleared",
  255: "eventLogCleared",
};

/** The kind that a code of an event log stands for; `other` for what the table does not know. */
export function eventKindOf(code: number): EndDeviceEventKind {
  return KINDS[code] ?? "other";
}
