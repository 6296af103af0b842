import { EVENT_CODES } from "./operations.ts";

/** Bits of alarm register 1, 0-0:97.98.0 (as the IDIS companion specification gives them out; groups of four octets). */
export const ALARM_BITS = {
  clockInvalid: 0x0000_0001,
  powerDown: 0x0000_0002,
  powerUp: 0x0000_0004,
  fraud: 0x0000_2000,
  disconnectorMoved: 0x0001_0000,
  limitExceeded: 0x0002_0000,
  creditLow: 0x0004_0000,
  creditConsumed: 0x0008_0000,
  voltageSag: 0x0010_0000,
  voltageSwell: 0x0020_0000,
} as const;

const FRAUD = [
  EVENT_CODES.coverOpened,
  EVENT_CODES.magnetOn,
  EVENT_CODES.associationFailed,
  EVENT_CODES.decryptionFailed,
  EVENT_CODES.replayDetected,
];
const BITS = new Map<number, number>([
  [EVENT_CODES.clockInvalid, ALARM_BITS.clockInvalid],
  [EVENT_CODES.powerDown, ALARM_BITS.powerDown],
  [EVENT_CODES.powerUp, ALARM_BITS.powerUp],
  ...FRAUD.map((code) => [code, ALARM_BITS.fraud] as const),
  [EVENT_CODES.manualDisconnect, ALARM_BITS.disconnectorMoved],
  [EVENT_CODES.remoteDisconnect, ALARM_BITS.disconnectorMoved],
  [EVENT_CODES.localDisconnect, ALARM_BITS.disconnectorMoved],
  [EVENT_CODES.limitExceeded, ALARM_BITS.limitExceeded],
  [EVENT_CODES.creditLow, ALARM_BITS.creditLow],
  [EVENT_CODES.creditConsumed, ALARM_BITS.creditConsumed],
]);

/** The alarm bit that an event sets; 0 for events that alarm nobody. */
export function alarmBitOf(code: number): number {
  return BITS.get(code) ?? 0;
}
