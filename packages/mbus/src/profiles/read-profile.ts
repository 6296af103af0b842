import { digitsOf, readBcd, readDate, readDateTime, readSigned, readUnsigned } from "../application/data-types.ts";
import type { Application } from "../application/read-application.ts";
import { meterTimeText, scaledValue, type DataRecord } from "../application/record.ts";
import { interpretCodes } from "../application/read-value-info.ts";
import { APATOR_PROFILES } from "./data/apator.ts";
import { BMETERS_PROFILES } from "./data/bmeters.ts";
import { DIEHL_PROFILES } from "./data/diehl.ts";
import { ELECTRICITY_PROFILES } from "./data/electricity.ts";
import { ENGELMANN_PROFILES } from "./data/engelmann.ts";
import { HEAT_COST_PROFILES } from "./data/heat-cost.ts";
import { KAMSTRUP_PROFILES } from "./data/kamstrup.ts";
import { QUNDIS_PROFILES } from "./data/qundis.ts";
import { TECHEM_PROFILES } from "./data/techem.ts";
import { ZENNER_PROFILES } from "./data/zenner.ts";
import type { KeyLookup } from "../transport/meter-key.ts";
import type { MeterProfile, ProfileField, ProfileReading } from "./profile.ts";
import { transformed } from "./transforms/index.ts";

/** Every profile that ships; the first that fits and reads something is taken. */
export const METER_PROFILES: readonly MeterProfile[] = [
  ...APATOR_PROFILES,
  ...BMETERS_PROFILES,
  ...DIEHL_PROFILES,
  ...ELECTRICITY_PROFILES,
  ...ENGELMANN_PROFILES,
  ...HEAT_COST_PROFILES,
  ...KAMSTRUP_PROFILES,
  ...QUNDIS_PROFILES,
  ...TECHEM_PROFILES,
  ...ZENNER_PROFILES,
];

const OCTETS: Readonly<Partial<Record<NonNullable<ProfileField["coding"]>, number>>> = {
  dateTime: 4,
  bcdDay: 3,
  bcdYearFirst: 3,
  bcdSeconds: 6,
  secondsSince2000: 4,
};
/** 1 January 2000, 00:00 UTC, in seconds of Unix time. */
const SECONDS_TO_2000 = 946_684_800;

/** What a profile made of a message. */
export interface ProfileResult {
  readonly profile: string;
  readonly readings: readonly ProfileReading[];
}

/**
 * Reads what the standard leaves to the manufacturer, by the first profile that fits; `undefined` where none does. `keys` are
 * asked by those few that are ciphered in a way of their own.
 */
export function readProfile(
  application: Application,
  profiles: readonly MeterProfile[] = METER_PROFILES,
  keys?: KeyLookup,
): ProfileResult | undefined {
  for (const profile of profiles) {
    if (!fits(profile, application)) continue;
    const source = sourceOf(profile, application, keys);
    if (source === undefined) continue;
    const readings = profile.fields.flatMap((field) => readField(field, source, application));
    if (readings.length > 0) return { profile: profile.name, readings };
  }
  return undefined;
}

function fits(profile: MeterProfile, application: Application): boolean {
  const { meter } = application;
  if (meter === undefined) return false;
  return profile.match.some(
    (line) =>
      (line.manufacturers?.includes(meter.manufacturer) ?? true) &&
      (line.versions?.includes(meter.version) ?? true) &&
      (line.deviceTypes?.includes(meter.deviceType) ?? true) &&
      (line.controlInformation?.includes(application.controlInformation) ?? true) &&
      (line.configurations?.includes(application.header?.configuration ?? -1) ?? true),
  );
}

/** The octets that the fields count in; empty for profiles of records only. */
function sourceOf(profile: MeterProfile, application: Application, keys: KeyLookup | undefined): Uint8Array | undefined {
  const raw = rawSource(profile, application, keys);
  if (profile.octetsMin !== undefined && (raw === undefined || raw.length < profile.octetsMin)) return undefined;
  // What was transformed to nothing was not this meter's: no field may count in empty octets.
  if (profile.transform !== undefined && raw === undefined) return undefined;
  if (profile.when?.some(({ at, equals }) => raw?.[at] !== equals) === true) return undefined;
  return raw ?? new Uint8Array(0);
}

function rawSource(profile: MeterProfile, application: Application, keys: KeyLookup | undefined): Uint8Array | undefined {
  const { source, transform } = profile;
  if (source !== undefined) {
    const record = application.records.find((candidate) => sameCodes(candidate, source.codes));
    return record !== undefined && typeof record.value === "object" && record.value !== null && record.value.kind === "octets"
      ? record.value.octets
      : undefined;
  }
  return transform === undefined ? application.manufacturerData : transformed(transform, application, keys);
}

function readField(field: ProfileField, source: Uint8Array, application: Application): ProfileReading[] {
  if (field.codes !== undefined) return readRecordField(field, field.codes, application.records);
  if (field.coding === "sapSerial" || field.coding === "sapPrefix" || field.coding === "sapYear") return readSap(field, application);
  const octets = field.octets ?? OCTETS[field.coding ?? "uint"] ?? 2;
  const at = (field.at ?? 0) < 0 ? source.length + (field.at ?? 0) : (field.at ?? 0);
  if (at < 0 || at + octets > source.length) return [];
  const value = readCoded(field, source, at, octets);
  if (value === undefined) return [];
  if (typeof value === "string") return [{ name: field.name, value, unit: field.unit ?? "" }];
  return [scaled(field, value, source)];
}

function readCoded(field: ProfileField, source: Uint8Array, at: number, octets: number): number | string | undefined {
  const raw = readUnsigned(source, at, octets);
  if (raw === field.absent) return undefined;
  switch (field.coding ?? "uint") {
    case "date":
      return validDate(meterTimeText(readDate(source, at)));
    case "dateTime":
      return meterTimeText(readDateTime(source, at));
    case "techemDate":
      return validDate(dateText(2000 + (raw >> 9), (raw >> 5) & 0x0f, raw & 0x1f));
    case "techemDay":
      return validDate(dayAfter(raw, readUnsigned(source, field.afterAt ?? 1, 2)));
    case "bcdDay":
      return validDate(dateText(2000 + bcdAt(source, at + 2), bcdAt(source, at + 1), bcdAt(source, at)));
    case "bcdYearFirst":
      // The upper bits of the month tell something else.
      return validDate(dateText(2000 + bcdAt(source, at), bcdAt(source, at + 1) % 20, bcdAt(source, at + 2)));
    case "bcdSeconds":
      return bcdSeconds(source, at);
    case "secondsSince2000":
      return new Date((SECONDS_TO_2000 + raw) * 1_000).toISOString().slice(0, 16);
    case "bcd": {
      const value = readBcd(source, at, octets);
      return typeof value === "number" ? value : undefined;
    }
    case "int":
      return Number(readSigned(source, at, octets));
    case "text":
      return digitsOf(source, at, octets);
    default:
      return integer(field, source, raw, octets);
  }
}

function bcdSeconds(source: Uint8Array, at: number): string | undefined {
  const [second = 0, minute = 0, hour = 0, day = 0, month = 0, year = 0] = Array.from({ length: 6 }, (_, index) =>
    bcdAt(source, at + index),
  );
  const date = validDate(dateText(2000 + year, month, day));
  return date === undefined || hour > 23 || minute > 59 ? undefined : `${date}T${pad(hour)}:${pad(minute)}:${pad(second)}`;
}

function bcdAt(source: Uint8Array, at: number): number {
  const octet = source[at] ?? 0;
  return (octet >> 4) * 10 + (octet & 0x0f);
}

function integer(field: ProfileField, source: Uint8Array, raw: number, octets: number): number {
  const summed = field.plusAt === undefined ? raw : raw + readUnsigned(source, field.plusAt, octets);
  const shifted = field.shift === undefined ? summed : Math.floor(summed / 2 ** field.shift);
  return field.mask === undefined ? shifted : shifted & field.mask;
}

function scaled(field: ProfileField, raw: number, source: Uint8Array): ProfileReading {
  if (field.vifAt !== undefined) {
    const vib = interpretCodes([(source[field.vifAt] ?? 0x7f) & 0x7f]);
    const value = vib.exponent < 0 ? raw / 10 ** -vib.exponent : raw * 10 ** vib.exponent;
    return { name: field.name, value, unit: vib.unit };
  }
  if (field.table !== undefined) return { name: field.name, value: field.table[raw] ?? 0, unit: field.unit ?? "" };
  const whole = field.powerOfTwoOffset === undefined ? raw : 2 ** (raw + field.powerOfTwoOffset);
  return { name: field.name, value: (whole * (field.factor ?? 1)) / (field.divisor ?? 1), unit: field.unit ?? "" };
}

function readRecordField(field: ProfileField, codes: readonly number[], records: readonly DataRecord[]): ProfileReading[] {
  const record = records.find(
    (candidate) =>
      sameCodes(candidate, codes) &&
      (field.storage === undefined || candidate.storage === field.storage) &&
      (field.tariff === undefined || candidate.tariff === field.tariff) &&
      (field.subunit === undefined || candidate.subunit === field.subunit),
  );
  const value = record === undefined ? undefined : scaledValue(record);
  if (value === undefined) return [];
  return [{ name: field.name, value: (value * (field.factor ?? 1)) / (field.divisor ?? 1), unit: field.unit ?? "" }];
}

function sameCodes(record: DataRecord, codes: readonly number[]): boolean {
  const own = record.vib.codes;
  return own.length === codes.length && own.every((code, index) => (code & 0x7f) === ((codes[index] ?? 0) & 0x7f));
}

/** Sappel's serial numbers hide in the link address: the identification read as a binary number, letters in version and type. */
function readSap(field: ProfileField, application: Application): ProfileReading[] {
  const frame = application.payload;
  if (application.meter?.manufacturer !== "SAP" || frame.length < 10) return [];
  const version = frame[8] ?? 0;
  const digits = String(readUnsigned(frame, 4, 4) % 0x20000000).padStart(8, "0");
  const letter = (code: number): string => String.fromCharCode(64 + code);
  const year = digits.slice(0, 2);
  if (field.coding === "sapSerial") return [{ name: field.name, value: digits.slice(2), unit: "" }];
  if (field.coding === "sapYear") return [{ name: field.name, value: 2000 + Number(year), unit: "" }];
  const supplier = letter((((frame[9] ?? 0) & 0x0f) << 1) | (version >> 7));
  const type = letter((version >> 2) & 0x1f);
  const diameter = letter(((version & 0x03) << 3) | ((frame[7] ?? 0) >> 5));
  return [{ name: field.name, value: `${supplier}${year}${type}${diameter}`, unit: "" }];
}

/** The first day of that name after another date: telegrams of a running period leave the year out. */
function dayAfter(raw: number, previous: number): string {
  const month = (raw >> 9) & 0x0f;
  const day = (raw >> 4) & 0x1f;
  const isLater = month * 32 + day > ((previous >> 5) & 0x0f) * 32 + (previous & 0x1f);
  return dateText(2000 + (previous >> 9) + (isLater ? 0 : 1), month, day);
}

function dateText(year: number, month: number, day: number): string {
  return `${year}-${pad(month)}-${pad(day)}`;
}

function validDate(text: string): string | undefined {
  const [, month, day] = /(\d\d)-(\d\d)$/.exec(text) ?? [];
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31 ? text : undefined;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
