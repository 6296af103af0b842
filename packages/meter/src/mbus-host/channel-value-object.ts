import { data, parseObis } from "@amity/dlms";
import type { DataRecord, Telegram } from "@amity/mbus";
import { dateTimeOctets } from "../dlms/civil-time.ts";
import { READ_REFUSED, RIGHTS, attributes, value, type MeterObject, type ObjectContext } from "../dlms/meter-object.ts";
import { MEDIUM_DESCRIPTIONS } from "../sub-meter/medium.ts";
import type { HostChannel } from "../sub-meter/sub-meter-plan.ts";
import { HOUR_STORAGE } from "../sub-meter/telegram-records.ts";
import type { MbusChannel } from "./mbus-channel.ts";
import type { HostOf } from "./mbus-host.ts";

/**
 * Class 4 Extended register `0-n:24.2.(register + 1)`: the value of the last hour (after `capture` that of now) out of the last telegram that
 * could be deciphered, with the instant that the telegram gives for it. null-data where nothing was understood for days.
 */
export function channelValueObject(channel: HostChannel, register: number, hostOf: HostOf): MeterObject {
  return {
    definition: {
      classId: 4,
      version: 0,
      instanceId: parseObis(`0-${channel}:24.2.${register + 1}`),
      attributes: attributes(RIGHTS.clientsRead, 5),
    },
    read(attributeId, context) {
      const found = hostOf(context.meter)?.channel(channel);
      if (found?.setup.isInstalled !== true) return attributeId <= 5 ? value(data.nothing) : READ_REFUSED.undefined;
      const { scaler, cosemUnit } = MEDIUM_DESCRIPTIONS[found.subMeter.meter.plan.medium].registers[register] ?? NO_REGISTER;
      switch (attributeId) {
        case 2: {
          const content = valueNow(found, register, context)?.value;
          return value(content === undefined ? data.nothing : data.doubleLongUnsigned(content));
        }
        case 3:
          return value(data.structure(data.integer(scaler), data.enumerated(cosemUnit)));
        case 4:
          return value(data.unsigned(found.lastTelegram(context.nowMs)?.application.header?.status ?? 0));
        case 5: {
          const atMs = valueNow(found, register, context)?.atMs;
          return value(atMs === undefined ? data.nothing : data.octets(dateTimeOctets(atMs, context.base)));
        }
        default:
          return READ_REFUSED.undefined;
      }
    },
  };
}

function valueNow(channel: MbusChannel, register: number, { nowMs, base }: ObjectContext): { value: number; atMs: number } | undefined {
  const telegram = channel.lastTelegram(channel.capturedSince(nowMs) ?? nowMs);
  const storage = channel.capturedSince(nowMs) === undefined ? HOUR_STORAGE : 0;
  return telegram === undefined ? undefined : valueOf(telegram, storage, register, base.standardOffsetMs);
}

/** A register and its time out of a telegram: registers come in the order of the medium. */
function valueOf(
  telegram: Telegram,
  storage: number,
  register: number,
  standardOffsetMs: number,
): { value: number; atMs: number } | undefined {
  const records = telegram.application.records.filter((record) => record.storage === storage);
  const content = records.filter(isRegister)[register]?.value;
  const stamp = records.find(({ vib }) => vib.quantity === "dateTime")?.value;
  if (typeof content !== "number" || typeof stamp !== "object" || stamp?.kind !== "dateTime") return undefined;
  return { value: content, atMs: Date.UTC(stamp.year, stamp.month - 1, stamp.day, stamp.hour, stamp.minute) - standardOffsetMs };
}

function isRegister({ vib }: DataRecord): boolean {
  return vib.quantity === "volume" || vib.quantity === "energy";
}

const NO_REGISTER = { scaler: 0, cosemUnit: 255 } as const;
