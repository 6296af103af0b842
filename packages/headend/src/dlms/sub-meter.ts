import { DecodeError } from "@amity/bytes";
import type { EndDeviceEvent } from "@amity/model";
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

/** The register of a meter behind another, by its own channel name. @throws DecodeError `unknown-medium`. */
export function subMeterChannel(device: Device, column: Pick<ProfileColumn, "channel" | "unit">): string {
  const medium = mediumOf(device, column.unit);
  const second = column.channel.endsWith(":24.2.2") ? SECOND_VOLUMES[medium] : undefined;
  return second ?? channelOfMedium(medium, column.unit) ?? column.channel;
}

/** Where a host shows two volumes of one meter: of gas that at base conditions, of water what ran back. */
const SECOND_VOLUMES: Readonly<Partial<Record<Medium, string>>> = { gas: "7-0:3.2.0", water: "8-0:2.0.0" };

/** Rows of the hourly profile of a channel, under the channel names of the meter behind it. @throws DecodeError. */
export function rowsOfSubMeter(device: Device, rows: ProfileRows): ProfileRows {
  return { ...rows, columns: rows.columns.map((column) => ({ ...column, channel: subMeterChannel(device, column) })) };
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
