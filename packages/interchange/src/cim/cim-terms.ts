import type { EndDeviceEventKind, Unit } from "@amity/model";
import { COMMODITY_KINDS, commodityOf } from "../commodity-of.ts";
import { symbolOfUnit, unitOfSymbol } from "../unit-symbol.ts";

/** What a ReadingType of 18 numbers (IEC 61968-9, annex C) says that is kept here. */
export interface CimReadingType {
  readonly channel: string;
  readonly unit: Unit;
  readonly scaler: number;
  /** 0 for registers and what else has no period. */
  readonly intervalSeconds: number;
}

/** measuringPeriod (third number), in seconds. */
const PERIODS: Readonly<Record<string, number>> = {
  "1": 600,
  "2": 900,
  "3": 60,
  "4": 86_400,
  "5": 1800,
  "6": 300,
  "7": 3600,
  "10": 120,
  "14": 180,
};

/** measurementKind (seventh number) to write for a unit. */
const KINDS: Partial<Record<Unit, string>> = {
  Wh: "12",
  J: "12",
  varh: "12",
  VAh: "12",
  W: "37",
  var: "37",
  VA: "37",
  V: "54",
  A: "4",
  Hz: "15",
  m3: "58",
};

const ENERGY_CHANNELS: Readonly<Record<string, readonly [string, Unit]>> = {
  "1-0:1.8.0": ["1", "Wh"],
  "1-0:2.8.0": ["19", "Wh"],
  "1-0:3.8.0": ["1", "varh"],
  "1-0:4.8.0": ["19", "varh"],
};

/** The position of each number that is read. */
const AT = { macroPeriod: 0, period: 2, flow: 4, commodity: 5, kind: 6, tou: 11, multiplier: 15, unit: 16 } as const;

/** Reads a ReadingType reference; a sentence says why it cannot be used. */
export function readingTypeOf(ref: string): CimReadingType | string {
  const parts = ref.split(".");
  if (parts.length !== 18 || parts.some((part) => !/^-?\d{1,4}$/.test(part)))
    return `"${ref.slice(0, 60)}" is no reading type of 18 numbers`;
  const part = (at: number): string => parts[at] ?? "";
  const unit = unitOfSymbol(part(AT.unit));
  if (unit === undefined) return `unit ${part(AT.unit)} of reading type ${ref} is not known`;
  const scaler = Number(part(AT.multiplier));
  if (Math.abs(scaler) > 12) return `multiplier ${scaler} of reading type ${ref} is no power of ten that is used`;
  const intervalSeconds = part(AT.macroPeriod) === "11" && part(AT.period) === "0" ? 86_400 : (PERIODS[part(AT.period)] ?? 0);
  return { channel: channelOf(parts, ref, unit), unit, scaler, intervalSeconds };
}

/** OBIS for what certainly is an energy, total or of a rate; the reference itself otherwise, which is a stable name. */
function channelOf(parts: readonly string[], ref: string, unit: Unit): string {
  const isPlain = [1, 7, 8, 9, 10, 12, 13, 14].every((at) => parts[at] === "0");
  const isEnergy = parts[AT.kind] === "12" && (parts[AT.commodity] === "1" || parts[AT.commodity] === "2");
  const rate = parts[AT.tou] ?? "";
  if (!isPlain || !isEnergy || !/^\d{1,2}$/.test(rate)) return ref;
  for (const [channel, [flow, channelUnit]] of Object.entries(ENERGY_CHANNELS)) {
    if (flow === parts[AT.flow] && channelUnit === unit) return channel.replace(/0$/, rate);
  }
  return ref;
}

/** The ReadingType reference to write; `undefined` where the interval length or unit has no number. */
export function readingTypeRef(quantity: CimReadingType): string | undefined {
  const { channel, unit, scaler, intervalSeconds } = quantity;
  const period = intervalSeconds === 0 ? "0" : Object.entries(PERIODS).find(([, seconds]) => seconds === intervalSeconds)?.[0];
  const unitCode = symbolOfUnit(unit);
  if (period === undefined || unitCode === undefined) return undefined;
  if (typeof readingTypeOf(channel) !== "string") return channel;
  // A rate of an energy is the energy with that rate's number (OBIS, group E) as its time of use.
  const [, total = channel, rate = "0"] = /^(1-0:[1-4]\.8\.)([1-9]\d?)$/.exec(channel) ?? [];
  const flow = ENERGY_CHANNELS[rate === "0" ? channel : `${total}0`]?.[0] ?? "0";
  // Accumulation: 4 delta data for intervals, 1 bulk quantity for registers, 12 instantaneous for the rest.
  const isEnergy = KINDS[unit] === "12" || unit === "m3";
  const accumulation = intervalSeconds > 0 && isEnergy ? "4" : isEnergy ? "1" : "12";
  const commodity = COMMODITY_KINDS[commodityOf(channel, unit)];
  return `0.0.${period}.${accumulation}.${flow}.${commodity}.${KINDS[unit] ?? "0"}.0.0.0.0.${rate}.0.0.0.${scaler}.${unitCode}.0`;
}

/** EndDeviceEventType `type.domain.subdomain.event` (IEC 61968-9, annex E) by the kind it is. */
const EVENT_TYPES: Readonly<Record<string, EndDeviceEventKind>> = {
  "3.26.0.85": "powerDown",
  "26.26.0.85": "powerDown",
  "3.26.0.216": "powerUp",
  "26.26.0.216": "powerUp",
  "3.12.29.212": "coverOpened",
  "3.36.0.79": "clockInvalid",
  "3.2.22.150": "batteryLow",
  "3.31.0.68": "supplyDisconnected",
  "3.31.0.42": "supplyConnected",
  "3.26.38.223": "voltageSag",
  "3.26.131.223": "voltageSag",
  "3.26.38.248": "voltageSwell",
  "3.26.131.248": "voltageSwell",
  "3.36.114.24": "clockSet",
  "3.36.34.24": "clockSet",
  "3.7.0.24": "configurationChanged",
};

/** The kind of an event type; `other` for one that is not named here, or written in an older numbering. */
export function eventKindOf(type: string): EndDeviceEventKind {
  return EVENT_TYPES[type] ?? "other";
}

/** The event type to write: its own where it came from one, else that of its kind. */
export function eventTypeOf(kind: EndDeviceEventKind, log: string): string | undefined {
  if (/^\d{1,4}(\.\d{1,4}){3}$/.test(log)) return log;
  return Object.entries(EVENT_TYPES).find(([, known]) => known === kind)?.[0];
}
