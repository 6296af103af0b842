import { fromHex, latin1Text } from "@amity/bytes";
import { parseDecimal, type DataSet, type DecimalValue } from "@amity/iec62056-21";
import { isP1Stamp, parseP1Time, type P1Time } from "./p1-time.ts";
import type { Telegram } from "./telegram.ts";

/** One value with its code, exact. */
export interface P1Register {
  /** As in the telegram: `1-0:1.8.1`, some meters add `*255`. */
  readonly obis: string;
  readonly text: string;
  /** Absent where the value is no number. */
  readonly number?: DecimalValue;
  readonly unit?: string;
  /** When it was measured, where the telegram says so (peaks, M-Bus). */
  readonly time?: P1Time;
}

/** Media by the device type of M-Bus (EN 13757-3). */
export type P1Medium = "electricity" | "gas" | "heat" | "water" | "hot-water" | "cooling" | "unknown";

/** What a gas, water or heat meter behind the electricity meter last said. */
export interface P1MbusChannel {
  readonly channel: number;
  readonly deviceType?: number;
  readonly medium: P1Medium;
  /** Text, from the hex of the telegram. */
  readonly equipmentId?: string;
  readonly reading?: P1Register;
  readonly valve?: string;
}

/** A telegram understood. What is not known stays in `registers`. */
export interface P1Reading {
  /** `22`, `30`, `42`, `50`; Belgium's `50217`. Absent in versions 2 and 3. */
  readonly version?: string;
  readonly time?: P1Time;
  readonly equipmentId?: string;
  readonly tariff?: string;
  /** Every single value that is nothing of the below, in order. */
  readonly registers: readonly P1Register[];
  readonly channels: readonly P1MbusChannel[];
  /** 99.97.0: long power failures, by the time they ended. */
  readonly powerFailures: readonly { readonly end: P1Time | undefined; readonly durationS: number }[];
  /** 98.1.0: monthly peaks (Belgium). */
  readonly peaks: readonly P1Register[];
  readonly message?: string;
}

/** Understands a telegram. Never throws: what does not fit stays a register or is left out. */
export function readTelegram({ dataSets }: Telegram): P1Reading {
  const channels = new Map<number, P1MbusChannel>();
  const registers: P1Register[] = [];
  const head: { version?: string; time?: P1Time; equipmentId?: string; tariff?: string; message?: string } = {};
  let powerFailures: P1Reading["powerFailures"] = [];
  let peaks: readonly P1Register[] = [];
  for (const dataSet of dataSets) {
    const code = dataSet.address.replace(/\*255$/, "");
    const first = dataSet.values[0]?.value ?? "";
    const channel = /^0-([1-9]):(24\.[0-9]\.\d+|96\.1\.\d+)$/.exec(code);
    if (channel !== null) addToChannel(channels, Number(channel[1]), channel[2] ?? "", dataSet);
    else if (code === "1-0:99.97.0") powerFailures = failuresOf(dataSet);
    else if (code === "0-0:98.1.0" && dataSet.values[1]?.value.includes(":") === true) peaks = peaksOf(dataSet);
    else if (code === "1-3:0.2.8" || code === "0-0:96.1.4") head.version = first;
    else if (code === "0-0:96.14.0") head.tariff = first;
    else if (code === "0-0:96.13.0" && first !== "") head.message = textOfHex(first);
    else if (/^0-0:(?:96\.1\.[01]|42\.0\.0)$/.test(code) && first !== "") head.equipmentId ??= textOfHex(first);
    else if (code === "0-0:1.0.0") Object.assign(head, timeField(first));
    else registers.push(registerOf(dataSet));
  }
  return { ...head, registers, channels: [...channels.values()].sort((a, b) => a.channel - b.channel), powerFailures, peaks };
}

function timeField(text: string): { time?: P1Time } {
  const time = parseP1Time(text);
  return time === undefined ? {} : { time };
}

/** One value, or a time and a value (peaks, M-Bus); the time may be none. */
function registerOf({ address, values }: DataSet): P1Register {
  const stamp = values[0]?.value ?? "";
  if (values.length === 1 || !isP1Stamp(stamp)) return register(address, values[0], undefined);
  return register(address, values[1], parseP1Time(stamp));
}

function register(obis: string, value: DataSet["values"][number] | undefined, time: P1Time | undefined, unit = value?.unit): P1Register {
  const text = value?.value ?? "";
  const number = parseDecimal(text);
  return {
    obis,
    text,
    ...(number === undefined ? {} : { number }),
    ...(unit === undefined ? {} : { unit }),
    ...(time === undefined ? {} : { time }),
  };
}

function addToChannel(channels: Map<number, P1MbusChannel>, channel: number, group: string, dataSet: DataSet): void {
  const known = channels.get(channel) ?? { channel, medium: "unknown" };
  const first = dataSet.values[0]?.value ?? "";
  channels.set(channel, { ...known, ...channelField(group, first, dataSet) });
}

function channelField(group: string, first: string, dataSet: DataSet): Partial<P1MbusChannel> {
  if (group === "24.1.0") {
    const deviceType = Number.parseInt(first, 10);
    return Number.isNaN(deviceType) ? {} : { deviceType, medium: MEDIA[deviceType] ?? "unknown" };
  }
  if (group.startsWith("96.1.")) return first === "" ? {} : { equipmentId: textOfHex(first) };
  if (group === "24.4.0") return { valve: first };
  if (group === "24.3.0") return { reading: oldReading(dataSet) };
  return group.startsWith("24.2.") ? { reading: registerOf(dataSet) } : {};
}

/** Device types of EN 13757-3 as P1 uses them; heat comes as 4, 12 and 13. */
const MEDIA: Readonly<Record<number, P1Medium>> = {
  2: "electricity",
  3: "gas",
  4: "heat",
  6: "hot-water",
  7: "water",
  10: "cooling",
  11: "cooling",
  12: "heat",
  13: "heat",
};

/** Versions 2 and 3: `24.3.0(time)(status)(minutes)(n)(code)(unit)` and the value on the next line. */
function oldReading({ address, values }: DataSet): P1Register {
  const [stamp, , , , code, unit, value] = values;
  return register(code?.value ?? address, value, parseP1Time(stamp?.value ?? ""), unit?.value);
}

/** `(n)(code)(end)(duration*s)…` */
function failuresOf({ values }: DataSet): P1Reading["powerFailures"] {
  const failures = [];
  for (let at = 2; at + 1 < values.length; at += 2) {
    failures.push({ end: parseP1Time(values[at]?.value ?? ""), durationS: Number(values[at + 1]?.value) || 0 });
  }
  return failures;
}

/** `(n)(code)(code)(month)(time of the peak)(value*kW)…` */
function peaksOf({ values }: DataSet): P1Register[] {
  const obis = values[2]?.value ?? "";
  const peaks = [];
  for (let at = 3; at + 2 < values.length; at += 3) peaks.push(register(obis, values[at + 2], parseP1Time(values[at + 1]?.value ?? "")));
  return peaks;
}

/** Identifiers and messages are sent as the hex of their characters; what is no such hex stays as it is. */
function textOfHex(hex: string): string {
  if (hex.length % 2 === 1 || !/^[0-9A-Fa-f]+$/.test(hex)) return hex;
  const octets = fromHex(hex);
  return octets.every((octet) => octet >= 0x20 && octet <= 0x7e) ? latin1Text(octets.subarray(0, TEXT_MAX)) : hex;
}

/** A message has up to 1,024 characters. */
const TEXT_MAX = 2048;
