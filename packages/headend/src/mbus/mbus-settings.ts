import { UsageError } from "@amity/bytes";
import { END_DEVICE_EVENT_KINDS, type EndDeviceEventKind } from "@amity/model";
import { meterZoneOf } from "../local/meter-zone.ts";
import { mediumSettingOf } from "../medium.ts";
import type { Device } from "../registry.ts";
import type { MessageContext } from "./message-context.ts";

/** Purpose of the AES key of an M-Bus meter in the key vault. */
export const MBUS_KEY = "mbus";

const BITS_MAX = 32;

/**
 * How messages of a device are to be read, by its settings: `medium`, `zone`, and `errorFlags`, the kinds of event that the bits of its
 * error flags stand for, lowest first (`leak,burst,other`). @throws UsageError `bad-settings`.
 */
export function messageContextOf(device: Device, atMs: number): MessageContext {
  const { meterId, settings } = device;
  const context = { meterId, medium: mediumSettingOf(device), atMs, zone: meterZoneOf(device) };
  const { errorFlags } = settings;
  if (errorFlags === undefined) return context;
  const errorBits = String(errorFlags)
    .split(",")
    .slice(0, BITS_MAX)
    .map((word): EndDeviceEventKind => {
      const kind = END_DEVICE_EVENT_KINDS.find((known) => known === word.trim());
      if (kind !== undefined) return kind;
      throw new UsageError(`${meterId}: setting errorFlags names ${word}: kinds are ${END_DEVICE_EVENT_KINDS.join(", ")}`, {
        code: "bad-settings",
      });
    });
  return { ...context, errorBits };
}
