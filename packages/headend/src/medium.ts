import { UsageError } from "@amity/bytes";
import type { Unit } from "@amity/model";
import type { Device } from "./registry.ts";

/** What a meter measures, in the words of the registry's setting `medium`. */
export const MEDIA = ["electricity", "gas", "water", "hotWater", "heat", "cooling", "heatCost"] as const;
export type Medium = (typeof MEDIA)[number];

/** Media by the device type of M-Bus (EN 13757-7, 7.5.3); those of which nothing is billed are left out. */
const MEDIUM_BY_DEVICE_TYPE: Readonly<Record<number, Medium>> = {
  0x02: "electricity",
  0x03: "gas",
  0x04: "heat",
  0x06: "hotWater",
  0x07: "water",
  0x08: "heatCost",
  0x0a: "cooling",
  0x0b: "cooling",
  0x0c: "heat",
  0x0d: "heat",
  0x15: "hotWater",
  0x16: "water",
};

/** The medium of a device type of M-Bus, `undefined` for one that is none of ours. */
export function mediumOfDeviceType(deviceType: number): Medium | undefined {
  return MEDIUM_BY_DEVICE_TYPE[deviceType];
}

interface MediumChannels {
  readonly energy?: string;
  readonly volume?: string;
  /** Units without a dimension. */
  readonly count?: string;
}

/** Cumulative channels by medium: A of the OBIS code is the medium (IEC 62056-6-1, table 2; 6.3 for what follows it). */
const CHANNELS: Readonly<Record<Medium, MediumChannels>> = {
  electricity: { energy: "1-0:1.8.0" },
  gas: { energy: "7-0:33.17.0", volume: "7-0:3.0.0" },
  water: { volume: "8-0:1.0.0" },
  hotWater: { volume: "9-0:1.0.0" },
  heat: { energy: "6-0:1.0.0", volume: "6-0:2.0.0" },
  cooling: { energy: "5-0:1.0.0", volume: "5-0:2.0.0" },
  heatCost: { count: "4-0:1.0.0" },
};

/** The channel of a cumulative quantity of a medium by its unit; `undefined` where the medium has no such register. */
export function channelOfMedium(medium: Medium, unit: Unit): string | undefined {
  const { energy, volume, count } = CHANNELS[medium];
  if (unit === "Wh" || unit === "J") return energy;
  if (unit === "m3") return volume;
  return unit === "none" ? count : undefined;
}

/** The setting `medium` of a device, `undefined` where it has none. @throws UsageError `bad-settings` for another word. */
export function mediumSettingOf(device: Device): Medium | undefined {
  const wanted = device.settings["medium"];
  const medium = MEDIA.find((known) => known === wanted);
  if (medium !== undefined || wanted === undefined) return medium;
  throw new UsageError(`${device.meterId}: setting medium is one of ${MEDIA.join(", ")}`, { code: "bad-settings" });
}
