import type { Zone } from "@amity/intervals";
import { LOG_STATUS, type LogEntry, type LogFlag, type ProfileTime } from "@amity/iec62056-21";
import type { EndDeviceEvent, EndDeviceEventKind, MeterId } from "@amity/model";
import { eventKindOf } from "../dlms/event-codes.ts";
import type { CollectedEvents } from "../driver.ts";
import { instantOfLocal } from "../local/meter-zone.ts";

const KINDS: Readonly<Record<LogFlag, EndDeviceEventKind>> = {
  fatalError: "deviceError",
  clockReserveExhausted: "clockInvalid",
  disturbedValue: "other",
  seasonChanged: "other",
  demandReset: "other",
  clockSet: "clockSet",
  powerUp: "powerUp",
  powerDown: "powerDown",
  configurationChanged: "configurationChanged",
  logCleared: "eventLogCleared",
  profileCleared: "loadProfileCleared",
};
/** Object C.11.0 (91.11.0 of some): a code of the event, numbered as in the companion specifications of DLMS. */
const EVENT_CODE = /^(?:\d+-\d+:)?(?:C|91)\.11\.0(?:\*255)?$/;
/** Codes of C.11.0 stand above the bits of the status word. */
const CODE_BASE = 0x1_0000;

/** Every flag of an entry's status word, and every event code in it, as an event at its stamp. */
export function eventsOfLog(meterId: MeterId, entries: readonly LogEntry[], zone: Zone): CollectedEvents {
  const stamped = entries.map((entry) => ({ entry, atMs: instantOf(entry.time, zone) }));
  return {
    events: stamped.flatMap(({ entry, atMs }) => eventsOfEntry(entry, { meterId, atMs, log: entry.log })),
    newestMs: stamped.length === 0 ? undefined : Math.max(...stamped.map(({ atMs }) => atMs)),
  };
}

function eventsOfEntry(entry: LogEntry, at: Pick<EndDeviceEvent, "meterId" | "atMs" | "log">): EndDeviceEvent[] {
  const beside = entry.elements.filter(({ code }) => !EVENT_CODE.test(code)).map(({ code, value }) => `${code}(${value})`);
  const flagged = LOG_STATUS.filter(({ flag }) => entry.flags.includes(flag)).map(({ bit, flag }): EndDeviceEvent => {
    const detail = [...(KINDS[flag] === "other" ? [flag] : []), ...beside].join(" ");
    return { ...at, kind: KINDS[flag], code: bit, ...(detail === "" ? {} : { detail }) };
  });
  const coded = entry.elements.flatMap(({ code, value }): EndDeviceEvent[] => {
    if (!EVENT_CODE.test(code) || !/^\d{1,5}$/.test(value)) return [];
    return [{ ...at, kind: eventKindOf(Number(value)), code: CODE_BASE + Number(value), detail: `${code}(${value})` }];
  });
  if (entry.otherBits === 0 || flagged.length > 0) return [...flagged, ...coded];
  return [...coded, { ...at, kind: "other", code: entry.otherBits & 0x7fff_ffff, detail: `status ${entry.otherBits.toString(16)}` }];
}

function instantOf(time: ProfileTime, zone: Zone): number {
  const localMs = Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);
  if (time.season === "utc") return localMs;
  return instantOfLocal(zone, localMs, time.season === undefined ? undefined : time.season === "summer");
}
