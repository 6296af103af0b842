import { DecodeError, UsageError } from "@amity/bytes";
import { END_DEVICE_EVENT_KINDS, type EndDeviceEvent, type EndDeviceEventKind } from "@amity/model";
import { channelOfMedium, mediumSettingOf, type Medium } from "../medium.ts";
import type { Device, HostChannel } from "../registry.ts";
import type { ProfileColumn, ProfileRows } from "./profile-rows.ts";

/** Log of the host about all its M-Bus channels (IDIS package 2, event logs). */
export const HOST_MBUS_LOG = "0-0:99.98.3";

/** Objects of an M-Bus channel of a DLMS meter (IEC 62056-6-1, 6.2.22): B is the channel. */
export function subMeterObjects(channel: HostChannel) {
  return {
    client: `0-${channel}:24.1.0`,
    /** Up to four values: energy and volume of a heat meter, say. */
    values: [1, 2, 3, 4].map((index) => `0-${channel}:24.2.${index}`),
    profile: `0-${channel}:24.3.0`,
    valve: `0-${channel}:24.4.0`,
    log: `0-${channel}:24.5.0`,
  } as const;
}

/** The channel that an object of a host belongs to, `undefined` for one of its own. */
export function channelOfObject(object: string): HostChannel | undefined {
  const found = /^0-([1-4]):24\.[1-5]\./.exec(object)?.[1];
  return found === undefined ? undefined : (Number(found) as HostChannel);
}

export function channelOf(device: Device): HostChannel | undefined {
  return device.route.kind === "behind" ? device.route.channel : undefined;
}

/** Energy says what it is; of a volume somebody has to. */
function mediumOf(device: Device, unit: ProfileColumn["unit"]): Medium {
  const medium = mediumSettingOf(device) ?? (unit === "Wh" || unit === "J" ? "heat" : undefined);
  if (medium !== undefined) return medium;
  throw new DecodeError(`${device.meterId} reports in ${unit}, and nothing says what it measures`, {
    offset: -1,
    code: "unknown-medium",
    advice: "register it with the setting medium: gas, water, hotWater, heat, cooling",
  });
}

/**
 * The channels of values of a meter behind another, in their order. The first value of a quantity is the meter's index; what comes after
 * it in the same unit (converted volume, volume that ran back) is another register, and keeps the name that its host gives it.
 * @throws DecodeError `unknown-medium`.
 */
export function subMeterChannels(device: Device, values: readonly Pick<ProfileColumn, "channel" | "unit">[]): string[] {
  const taken = new Set<string>();
  return values.map(({ channel, unit }) => {
    const own = channelOfMedium(mediumOf(device, unit), unit);
    if (own === undefined || taken.has(own)) return channel;
    taken.add(own);
    return own;
  });
}

/** Rows of the hourly profile of a channel, under the channel names of the meter behind it. @throws DecodeError. */
export function rowsOfSubMeter(device: Device, rows: ProfileRows): ProfileRows {
  const channels = subMeterChannels(device, rows.columns);
  return { ...rows, columns: rows.columns.map((column, index) => ({ ...column, channel: channels[index] ?? column.channel })) };
}

/**
 * Kinds of the codes that a maker keeps to himself, by the setting `eventCodes` of the meter: `230=leak,232=burst`. What the setting does
 * not name stays as the standard has it. @throws UsageError `bad-settings`.
 */
export function ownEventCodes({ meterId, settings }: Device): ReadonlyMap<number, EndDeviceEventKind> {
  const { eventCodes } = settings;
  if (eventCodes === undefined) return new Map();
  const pairs = String(eventCodes).split(",").slice(0, CODES_MAX);
  return new Map(
    pairs.map((pair): [number, EndDeviceEventKind] => {
      const [code = "", word = ""] = pair.trim().split("=");
      const kind = END_DEVICE_EVENT_KINDS.find((known) => known === word);
      if (kind !== undefined && /^\d{1,5}$/.test(code)) return [Number(code), kind];
      throw new UsageError(`${meterId}: setting eventCodes is written 230=leak,232=burst, not "${pair}"`, { code: "bad-settings" });
    }),
  );
}

const CODES_MAX = 64;

/** Events of a meter's own log, with the kinds that its setting gives its own codes. @throws UsageError `bad-settings`. */
export function withOwnCodes(events: readonly EndDeviceEvent[], device: Device): readonly EndDeviceEvent[] {
  const kinds = ownEventCodes(device);
  return kinds.size === 0 ? events : events.map((event) => ({ ...event, kind: kinds.get(event.code) ?? event.kind }));
}

/** Codes of the M-Bus log: 100 to 109 of channel 1, 110 to 119 of channel 2 ...; valves from 160 on likewise (IDIS package 2, event codes). */
function channelOfCode(code: number): number | undefined {
  if (code >= 100 && code < 140) return Math.floor((code - 100) / 10) + 1;
  if (code >= 160 && code < 200) return Math.floor((code - 160) / 10) + 1;
  return undefined;
}

/** Events of a host's M-Bus log under the meters that they are about; those of unknown channels stay with the host. */
export function assignToSubMeters(events: readonly EndDeviceEvent[], behind: readonly Device[]): readonly EndDeviceEvent[] {
  return events.map((event) => {
    const channel = event.log === HOST_MBUS_LOG ? channelOfCode(event.code) : undefined;
    const device = channel === undefined ? undefined : behind.find((one) => channelOf(one) === channel);
    return device === undefined ? event : { ...event, meterId: device.meterId };
  });
}
