import { DecodeError } from "@amity/bytes";
import type { Zone } from "@amity/intervals";
import { compactProfiles, isNotAvailable, type Application, type CompactProfile, type DataRecord, type MeterTime } from "@amity/mbus";
import { QUALITY, type RegisterReading, type Unit } from "@amity/model";
import type { CollectedReadings } from "../driver.ts";
import { instantOfLocal } from "../local/meter-zone.ts";
import { quantityOf } from "../local/quantity.ts";
import { intervalsOfStamps } from "../local/stamped-registers.ts";
import { channelOfMedium, mediumOfDeviceType, type Medium } from "../medium.ts";
import type { MessageContext } from "./message-context.ts";
import { standingOf } from "./status-events.ts";

/**
 * Readings of M-Bus messages, wired or wireless: current registers at the time of reception, stored ones at the date that goes with
 * their storage number, compact profiles value by value; hourly and quarter-hourly ones as intervals besides; status bits as what stands.
 * Damaged parts are left out: they are in `application.problems`.
 * @throws DecodeError `unknown-medium`.
 */
export function readingsOfMessages(applications: readonly Application[], context: MessageContext): CollectedReadings {
  const registers = new Map<string, RegisterReading>();
  for (const application of applications) {
    const medium = context.medium ?? mediumOfDeviceType(application.meter?.deviceType ?? -1);
    if (application.records.length > 0 && medium === undefined) throw unknownMedium(application, context);
    if (medium === undefined) continue;
    for (const register of registersOf(application.records, medium, context)) {
      const key = `${register.channel}\0${register.atMs}`;
      if (!registers.has(key)) registers.set(key, register);
    }
  }
  const all = [...registers.values()];
  const standing = standingOf(applications, context);
  return { intervals: intervalsOfStamps(all), registers: all, events: [], ...(standing === undefined ? {} : { standing }) };
}

/** Momentary values by their quantity: C of the OBIS code of heat and cooling (IEC 62056-6-1, 6.5). */
const MOMENTARY: Readonly<Record<string, string>> = {
  power: "8.0.0",
  flowTemperature: "10.0.0",
  returnTemperature: "11.0.0",
  temperatureDifference: "12.0.0",
};

/** What was stored later than this from now was stamped by a clock that is wrong, or read in the wrong zone: it is left out. */
const CLOCK_AHEAD_MS_MAX = 3_600_000;
const UNCORRECTED = 0x3a;
const BASE_CONDITIONS = 0x3e;
const INVERSE_PROFILE = 0x13;

function registersOf(records: readonly DataRecord[], medium: Medium, context: MessageContext): RegisterReading[] {
  const single = records.flatMap((record) => registerOf(record, records, medium, context));
  return [...single, ...compactProfiles(records).flatMap((profile) => profileRegisters(profile, records, medium, context))];
}

function registerOf(record: DataRecord, records: readonly DataRecord[], medium: Medium, context: MessageContext): RegisterReading[] {
  const { value, vib, storage } = record;
  if (record.function !== "instantaneous" || record.subunit !== 0 || vib.kind !== "number" || vib.recordError !== undefined) return [];
  if ((typeof value !== "number" && typeof value !== "bigint") || isNotAvailable(record)) return [];
  const channel = channelOf(record, medium);
  const exact = quantityOf(integerOf(value, vib.exponent), vib.quantity === "heatCostAllocation" ? "" : vib.unit);
  const atMs = storage === 0 ? context.atMs : storedAtMs(record, records, context.zone);
  if (channel === undefined || atMs === undefined || atMs > context.atMs + CLOCK_AHEAD_MS_MAX) return [];
  const quantity = exact ?? (channel.startsWith("4-") ? { ...integerOf(value, 0), unit: "none" as const } : undefined);
  return quantity === undefined ? [] : [{ meterId: context.meterId, channel, ...quantity, atMs, quality: QUALITY.raw }];
}

/** The channel of a record; `undefined` for what is not kept: other quantities, reverse flow, limits, averages. */
function channelOf({ vib, tariff, storage }: DataRecord, medium: Medium): string | undefined {
  const modifiers = vib.modifiers.filter(({ code }) => code !== UNCORRECTED);
  const isBase = modifiers.length === 1 && modifiers[0]?.code === BASE_CONDITIONS;
  if (modifiers.length > 0 && !isBase) return undefined;
  const momentary = MOMENTARY[vib.quantity];
  if (momentary !== undefined) return storage === 0 && tariff === 0 ? momentaryChannel(medium, momentary) : undefined;
  const unit = CUMULATIVE[vib.quantity]?.(vib.unit);
  const channel = unit === undefined ? undefined : channelOfMedium(medium, unit);
  if (isBase) return channel === "7-0:3.0.0" ? "7-0:3.2.0" : undefined;
  return channel?.replace(/\.0$/, `.${tariff}`);
}

function momentaryChannel(medium: Medium, rest: string): string | undefined {
  if (medium === "heat") return `6-0:${rest}`;
  return medium === "cooling" ? `5-0:${rest}` : undefined;
}

const CUMULATIVE: Readonly<Record<string, (unit: string) => Unit>> = {
  energy: (unit) => (unit === "J" ? "J" : "Wh"),
  volume: () => "m3",
  heatCostAllocation: () => "none",
};

/** Floats are kept to the thousandth of what the meter counts in. */
function integerOf(value: number | bigint, exponent: number): { value: bigint; scaler: number } {
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return { value: BigInt(value), scaler: exponent };
  return { value: BigInt(Math.round(value * 1000)), scaler: exponent - 3 };
}

/** The date that goes with a storage number. A date alone means the end of that day (EN 13757-3, annex A, type G). */
function storedAtMs(record: DataRecord, records: readonly DataRecord[], zone: Zone): number | undefined {
  const stamp = records.find(
    ({ storage, subunit, vib }) =>
      storage === record.storage && subunit === record.subunit && (vib.quantity === "date" || vib.quantity === "dateTime"),
  )?.value;
  return isMeterTime(stamp) ? instantOfMeterTime(stamp, zone) : undefined;
}

/** The instant of a time point of M-Bus; `undefined` for one that is not set. */
export function instantOfMeterTime(time: MeterTime, zone: Zone): number | undefined {
  if (!time.isValid || time.kind === "time") return undefined;
  const { year, month, day } = time;
  if (time.kind === "date") return instantOfLocal(zone, Date.UTC(year, month - 1, day + 1));
  const localMs = Date.UTC(year, month - 1, day, time.hour, time.minute, Math.max(0, time.second));
  // Types F and I say which season they are in; meters that keep standard time all year say so all year.
  return instantOfLocal(zone, localMs, time.isSummerTime);
}

export function isMeterTime(value: DataRecord["value"] | undefined): value is MeterTime {
  return value !== undefined && value !== null && typeof value === "object" && "month" in value;
}

const SPACING_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };

function profileRegisters(
  { record, spacing, values }: CompactProfile,
  records: readonly DataRecord[],
  medium: Medium,
  context: MessageContext,
): RegisterReading[] {
  const plain: DataRecord = { ...record, vib: { ...record.vib, modifiers: [] } };
  const channel = channelOf({ ...plain, storage: 0 }, medium);
  const baseMs = storedAtMs(record, records, context.zone) ?? (record.storage === 0 ? undefined : Number.NaN);
  const isInverse = record.vib.modifiers.some(({ code }) => code === INVERSE_PROFILE);
  const stepMs = (SPACING_MS[spacing.unit] ?? Number.NaN) * spacing.count * (isInverse ? -1 : 1);
  if (channel === undefined) return [];
  return values.flatMap(({ value, at }, index) => {
    const atMs = at === undefined ? (baseMs ?? Number.NaN) + stepMs * (index + 1) : instantOfMeterTime(at, context.zone);
    if (value === undefined || atMs === undefined || !Number.isFinite(atMs)) return [];
    const quantity = quantityOf(integerOf(value, record.vib.exponent), record.vib.unit);
    return quantity === undefined ? [] : [{ meterId: context.meterId, channel, ...quantity, atMs, quality: QUALITY.raw }];
  });
}

function unknownMedium({ meter }: Application, { meterId }: MessageContext): DecodeError {
  return new DecodeError(`${meterId} calls itself device type ${meter?.deviceType ?? "none"}: nothing says what it measures`, {
    offset: -1,
    code: "unknown-medium",
    advice: "register it with the setting medium: gas, water, hotWater, heat, cooling, electricity, heatCost",
  });
}
