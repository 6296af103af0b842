/** What a host notes about the meter on an M-Bus channel. */
export type MbusEventName = keyof typeof COMMUNICATION_CODES | keyof typeof CONTROL_CODES | keyof typeof CONDITION_CODES;

/** Codes of the log `0-0:99.98.3` for channel 1; each further channel counts 10 more (DSMR P3 and IDIS event tables). */
export const COMMUNICATION_CODES = {
  communicationError: 100,
  communicationOk: 101,
  replaceBattery: 102,
  fraudAttempt: 103,
  clockAdjusted: 104,
  newDevice: 105,
  permanentError: 106,
} as const;

/** Valve codes of the log `0-n:24.5.0` for channel 1; each further channel counts 10 more (DSMR P3 and IDIS event tables). */
export const CONTROL_CODES = {
  manualDisconnect: 160,
  manualConnect: 161,
  remoteDisconnect: 162,
  remoteConnect: 163,
  valveAlarm: 164,
} as const;

/** What the meter itself warns of, in the log `0-n:24.5.0`, the same for every channel (the tables leave 230 to 249 to the manufacturer). */
export const CONDITION_CODES = {
  leakFound: 230,
  leakGone: 231,
  burstFound: 232,
  burstGone: 233,
  backflowFound: 234,
  backflowGone: 235,
  frostFound: 236,
  frostGone: 237,
  airFound: 238,
  airGone: 239,
  sensorFaultFound: 240,
  sensorFaultGone: 241,
} as const;

/** The code of an event on a channel (1 to 4). */
export function mbusEventCode(name: MbusEventName, channel: number): number {
  if (name in CONDITION_CODES) return CONDITION_CODES[name as keyof typeof CONDITION_CODES];
  const codes: Readonly<Record<string, number>> = { ...COMMUNICATION_CODES, ...CONTROL_CODES };
  return (codes[name] ?? 0) + 10 * (channel - 1);
}
