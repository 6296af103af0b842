import { DecodeError } from "@amity/bytes";
import { DATE_TIME_OCTETS, instantOfDateTime } from "@amity/concentrator";
import { decodeData, type DlmsData } from "@amity/dlms";
import type { EndDeviceEvent, MeterId } from "@amity/model";
import type { CollectedEvents } from "../driver.ts";
import { eventKindOf } from "./event-codes.ts";

/** Entries in one answer: event logs hold some hundred. */
const ENTRIES_MAX = 10_000;

/** Whether a profile is one of the event logs, `0-0:99.98.x` (IEC 62056-6-1, 6.2.58), or the control log of an M-Bus channel, `0-n:24.5.0`. */
export function isEventLog(profile: string): boolean {
  return /^\d+-\d+:99\.98\./.test(profile) || /^0-[1-4]:24\.5\./.test(profile);
}

/**
 * The entries of an event log: the first date-time of a row is its time, its first number its code. Entries without a time
 * are left out; any further columns go into the detail as they are.
 * @throws DecodeError.
 */
export function eventsOfBuffer(meterId: MeterId, log: string, octets: Uint8Array): CollectedEvents {
  const buffer = decodeData(octets);
  const rows = buffer.type === "array" || buffer.type === "compact-array" ? buffer.value : undefined;
  if (rows === undefined || rows.length > ENTRIES_MAX) throw new DecodeError(`the buffer of ${log} is no event log`, { offset: 0 });
  const events: EndDeviceEvent[] = [];
  let newestMs: number | undefined;
  for (const row of rows) {
    const event = eventOfRow(meterId, log, row);
    if (event === undefined) continue;
    events.push(event);
    newestMs = newestMs === undefined ? event.atMs : Math.max(newestMs, event.atMs);
  }
  return { events, newestMs };
}

function eventOfRow(meterId: MeterId, log: string, row: DlmsData): EndDeviceEvent | undefined {
  const cells = row.type === "structure" ? row.value : [];
  let atMs: number | undefined;
  let code: number | undefined;
  const rest: string[] = [];
  for (const cell of cells) {
    if (atMs === undefined && (cell.type === "octet-string" || cell.type === "date-time") && cell.value.length === DATE_TIME_OCTETS) {
      atMs = instantOfDateTime(cell.value);
    } else if (code === undefined && "value" in cell && typeof cell.value === "number") code = cell.value;
    else if ("value" in cell && (typeof cell.value === "number" || typeof cell.value === "bigint" || typeof cell.value === "string")) {
      rest.push(String(cell.value));
    }
  }
  if (atMs === undefined || code === undefined) return undefined;
  const kind = eventKindOf(code);
  const detail = [...(kind === "other" ? [`code ${code}`] : []), ...rest].join(", ");
  return { meterId, atMs, kind, log, code, ...(detail === "" ? {} : { detail }) };
}
