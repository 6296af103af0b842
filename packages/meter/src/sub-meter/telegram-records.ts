import { findVif, meterTime, type MeterTime, type RecordInput } from "@amity/mbus";
import { MEDIUM_DESCRIPTIONS, type SubMeterMedium, type SubMeterRegister } from "./medium.ts";
import type { SimulatedSubMeter } from "./sub-meter.ts";
import { WARNING_BITS, warningsAt, type Warning } from "./warnings.ts";

/** Storage number of the register at the last full hour, with its time. */
export const HOUR_STORAGE = 2;
const HOUR_MS = 3_600_000;

/** What a meter tells of an instant: registers now and at the last full hour, its sensors, its warnings. Times are local standard time. */
export function subMeterRecords(meter: SimulatedSubMeter, instantMs: number, standardOffsetMs: number): RecordInput[] {
  const { registers } = MEDIUM_DESCRIPTIONS[meter.plan.medium];
  const hourMs = Math.floor(instantMs / HOUR_MS) * HOUR_MS;
  return [
    ...registerRecords(registers, meter.registersAt(instantMs), 0),
    { coding: "int32", codes: [DATE_TIME], value: localTime(instantMs, standardOffsetMs) },
    ...registerRecords(registers, meter.registersAt(hourMs), HOUR_STORAGE),
    { storage: HOUR_STORAGE, coding: "int32", codes: [DATE_TIME], value: localTime(hourMs, standardOffsetMs) },
    ...sensorRecords(meter, instantMs),
    ...valveRecords(meter),
    { coding: "int16", codes: ERROR_FLAGS, value: warningFlags(warningsAt(meter, instantMs)) },
  ];
}

/** DIB and VIB of the registers as a telegram has them now (storage 0). */
export function registerHeaders(medium: SubMeterMedium): readonly { readonly dib: Uint8Array; readonly vib: Uint8Array }[] {
  return MEDIUM_DESCRIPTIONS[medium].registers.map(({ name }) => {
    const codes = REGISTER_CODES[name];
    return { dib: Uint8Array.of(0x04), vib: Uint8Array.from(codes, (code, index) => (index < codes.length - 1 ? code | 0x80 : code)) };
  });
}

/** Status octet of the transport header (EN 13757-7, 7.5.6): power low, permanent and temporary error, three bits of the maker's. */
export function statusOctet(warnings: ReadonlySet<Warning>): number {
  let status = 0;
  for (const warning of warnings) status |= STATUS_BITS[warning];
  return status;
}

/** A point in time as M-Bus has it, local standard time. */
export function localTime(instantMs: number, standardOffsetMs: number): MeterTime {
  const local = new Date(instantMs + standardOffsetMs);
  return meterTime({
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
  });
}

function registerRecords(registers: readonly SubMeterRegister[], values: Float64Array, storage: number): RecordInput[] {
  return registers.map(({ name }, index) => ({
    storage,
    coding: "int32",
    codes: REGISTER_CODES[name],
    value: (values[index] ?? 0) % 0x8000_0000,
  }));
}

function sensorRecords(meter: SimulatedSubMeter, instantMs: number): RecordInput[] {
  const moment = meter.momentAt(instantMs);
  const sensors: readonly (readonly [readonly number[], number | undefined])[] = [
    [findVif("volumeFlow", "m³/h", -3), moment.flowLitresPerHour],
    [findVif("flowTemperature", "°C", -2), moment.supplyCentiCelsius ?? moment.centiCelsius],
    [findVif("returnTemperature", "°C", -2), moment.returnCentiCelsius],
    [findVif("pressure", "bar", -3), moment.centiMillibar === undefined ? undefined : Math.round(moment.centiMillibar / 100)],
  ];
  return [
    ...(moment.powerW === undefined ? [] : [{ coding: "int32", codes: findVif("power", "W", 0), value: moment.powerW } as const]),
    ...sensors.flatMap(([codes, value]) => (value === undefined ? [] : [{ coding: "int16", codes, value } as const])),
    { coding: "int16", codes: findVif("remainingBatteryLife", "d"), value: moment.batteryDays },
  ];
}

/** Where the valve stands, in the values of the command that moves it. */
function valveRecords({ plan, valve }: SimulatedSubMeter): RecordInput[] {
  return plan.hasValve ? [{ coding: "int8", codes: VALVE_CONTROL, value: VALVE_STATES[valve.state] }] : [];
}

function warningFlags(warnings: ReadonlySet<Warning>): number {
  let flags = 0;
  for (const warning of warnings) flags |= 1 << WARNING_BITS[warning];
  return flags;
}

const DATE_TIME = 0x6d;
const ERROR_FLAGS = findVif("errorFlags", "");
/** VIF FD 1F, as the M-Bus companion of DSMR P2 has it. */
const VALVE_CONTROL = findVif("remoteControl", "");
const VALVE_STATES = { disconnected: 0, connected: 1, readyForReconnection: 2 } as const;
const BASE_CONDITIONS_VIFE = 0x3e;
const BACKWARD_FLOW_VIFE = 0x3c;
const LITRES = findVif("volume", "m³", -3);
const REGISTER_CODES = {
  volume: LITRES,
  convertedVolume: [...LITRES, BASE_CONDITIONS_VIFE],
  reverseVolume: [...LITRES, BACKWARD_FLOW_VIFE],
  energy: findVif("energy", "Wh", 0),
} as const;
const STATUS_BITS: Readonly<Record<Warning, number>> = {
  batteryLow: 0x04,
  sensorFault: 0x08,
  frost: 0x10,
  air: 0x10,
  leak: 0x20,
  burst: 0x40,
  backflow: 0x10,
  tamper: 0x80,
};
