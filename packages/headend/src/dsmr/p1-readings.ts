import { instantOf, type P1MbusChannel, type P1Reading, type P1Register, type P1Time } from "@amity/dsmr";
import { QUALITY, type EndDeviceEvent, type RegisterReading } from "@amity/model";
import type { CollectedReadings } from "../driver.ts";
import { quantityOf } from "../local/quantity.ts";
import { channelOfMedium, mediumSettingOf, type Medium } from "../medium.ts";
import type { Device } from "../registry.ts";

/** Log of long power failures (DSMR P1, 99.97.0); its entries carry code 96.7.19. */
const FAILURE_LOG = "1-0:99.97.0";
const CODES = { failureBegan: 1, failureEnded: 2 } as const;

export interface P1Context {
  readonly device: Device;
  readonly behind: readonly Device[];
  readonly receivedAtMs: number;
}

/**
 * Readings of a telegram: registers at the telegram's time, their sum over tariffs as the total where the meter sends none; the meters
 * on its M-Bus channels under their own ids, at the time that their host took them; power failures as events.
 */
export function readingsOfP1(reading: P1Reading, context: P1Context): CollectedReadings {
  const { device, behind, receivedAtMs } = context;
  const winterMinutes = device.settings["winterOffsetMinutes"];
  const instant = (time: P1Time | undefined): number | undefined =>
    time === undefined ? undefined : instantOf(time, typeof winterMinutes === "number" ? winterMinutes : undefined);
  const atMs = instant(reading.time) ?? receivedAtMs;
  const own = reading.registers.flatMap((register) => registerOf(register, device, atMs));
  const registers = [...own, ...totalsOf(own)];
  for (const channel of reading.channels) {
    const sub = behind.find(({ route }) => route.kind === "behind" && route.channel === channel.channel);
    if (sub !== undefined) registers.push(...subMeterRegister(channel, sub, instant));
  }
  return { intervals: [], registers, events: failureEvents(reading, device, instant) };
}

function registerOf({ obis, number, unit }: P1Register, { meterId }: Device, atMs: number): RegisterReading[] {
  const channel = /^(\d+-\d+:\d+\.\d+\.\d+)(?:\*255)?$/.exec(obis)?.[1];
  const quantity = number === undefined || unit === undefined ? undefined : quantityOf(number, unit);
  if (channel === undefined || quantity === undefined) return [];
  return [{ meterId, channel, ...quantity, atMs, quality: QUALITY.raw }];
}

const TOTALS = ["1-0:1.8.", "1-0:2.8."] as const;

/** The Dutch telegram sends tariffs only: the total of energy is their sum. */
function totalsOf(registers: readonly RegisterReading[]): RegisterReading[] {
  return TOTALS.flatMap((prefix): RegisterReading[] => {
    const parts = registers.filter(({ channel }) => channel.startsWith(prefix));
    const [first] = parts;
    if (first === undefined || parts.some(({ channel, scaler }) => channel === `${prefix}0` || scaler !== first.scaler)) return [];
    return [{ ...first, channel: `${prefix}0`, value: parts.reduce((sum, { value }) => sum + value, 0n) }];
  });
}

const MEDIA: Readonly<Partial<Record<P1MbusChannel["medium"], Medium>>> = {
  electricity: "electricity",
  gas: "gas",
  heat: "heat",
  water: "water",
  "hot-water": "hotWater",
  cooling: "cooling",
};

function subMeterRegister(
  { reading, medium: told }: P1MbusChannel,
  device: Device,
  instant: (time: P1Time | undefined) => number | undefined,
): RegisterReading[] {
  const medium = mediumSettingOf(device) ?? MEDIA[told];
  const atMs = instant(reading?.time);
  const quantity = reading?.number === undefined || reading.unit === undefined ? undefined : quantityOf(reading.number, reading.unit);
  if (medium === undefined || atMs === undefined || quantity === undefined) return [];
  const channel = channelOfMedium(medium, quantity.unit);
  return channel === undefined ? [] : [{ meterId: device.meterId, channel, ...quantity, atMs, quality: QUALITY.raw }];
}

function failureEvents(
  { powerFailures }: P1Reading,
  { meterId }: Device,
  instant: (time: P1Time | undefined) => number | undefined,
): EndDeviceEvent[] {
  return powerFailures.flatMap(({ end, durationS }): EndDeviceEvent[] => {
    const endMs = instant(end);
    if (endMs === undefined) return [];
    const detail = `${durationS} s without power`;
    return [
      { meterId, atMs: endMs - durationS * 1000, kind: "powerDown", log: FAILURE_LOG, code: CODES.failureBegan, detail },
      { meterId, atMs: endMs, kind: "powerUp", log: FAILURE_LOG, code: CODES.failureEnded, detail },
    ];
  });
}
