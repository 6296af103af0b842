import { DecodeError } from "@amity/bytes";
import { DATE_TIME_OCTETS, instantOfDateTime } from "@amity/concentrator";
import { isNotification, readNotification } from "@amity/dlms";
import type { EndDeviceEvent, MeterId } from "@amity/model";

/** Alarm descriptor bit of the IDIS alarm object (0-0:97.98.20): power down. */
const ALARM_POWER_DOWN = 0x02;

/**
 * What a meter pushes of itself (DataNotification): its alarm as an event at the instant in the body, or at `receivedAtMs`
 * where there is none. A push in the clear proves nothing about its sender: the detail says so.
 * @throws DecodeError.
 */
export function eventsOfPush(meterId: MeterId, apdu: Uint8Array, receivedAtMs: number): EndDeviceEvent[] {
  if (!isNotification(apdu)) throw new DecodeError("a push is no notification", { offset: 0, code: "not-a-notification" });
  const { body } = readNotification(apdu);
  const cells = body.type === "structure" ? body.value : [];
  let atMs = receivedAtMs;
  let alarm: number | undefined;
  for (const cell of cells) {
    if (cell.type === "octet-string" && cell.value.length === DATE_TIME_OCTETS) atMs = instantOfDateTime(cell.value) ?? atMs;
    else if (cell.type === "double-long-unsigned") alarm ??= cell.value;
  }
  if (alarm === undefined) return [];
  const kind = (alarm & ALARM_POWER_DOWN) === 0 ? "other" : "lastGasp";
  return [{ meterId, atMs, kind, log: "0-0:97.98.20", code: alarm, detail: "push, not authenticated" }];
}
