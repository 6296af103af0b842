import type { MeterCondition } from "@amity/api";
import type { Registry } from "@amity/headend";
import { DAY_MS } from "@amity/intervals";
import type { EndDeviceEvent, EndDeviceEventKind } from "@amity/model";
import { instantText } from "./cursor.ts";
import { EVENT_TITLES, severityOfEvent } from "./event-words.ts";

/** Newest events that are looked through. */
const EVENTS_MAX = 1000;

/** What lasts until an event says that it ended, or, where no such event exists, for so long after it was told. */
const LASTING: readonly { readonly kind: EndDeviceEventKind; readonly endedBy?: EndDeviceEventKind; readonly forDays: number }[] = [
  { kind: "burst", endedBy: "burstEnded", forDays: 90 },
  { kind: "backflow", endedBy: "backflowEnded", forDays: 90 },
  { kind: "frost", endedBy: "frostEnded", forDays: 90 },
  { kind: "leak", endedBy: "leakEnded", forDays: 90 },
  { kind: "airInPipe", endedBy: "airInPipeEnded", forDays: 90 },
  { kind: "deviceError", endedBy: "deviceErrorEnded", forDays: 90 },
  { kind: "coverOpened", endedBy: "coverClosed", forDays: 30 },
  { kind: "tamper", forDays: 30 },
  // Batteries are warned of a year before they are empty, and nobody tells of a new one but by a new meter.
  { kind: "batteryLow", forDays: 400 },
];

/** What is not as it should be at a meter, by its own events: the worst first. */
export async function conditionsOf(registry: Registry, meterId: string, nowMs: number): Promise<MeterCondition[]> {
  const stored = await registry.events({ meterId, limit: EVENTS_MAX });
  const events = stored.map(({ event }) => event);
  return LASTING.flatMap(({ kind, endedBy, forDays }) => {
    const endedMs = Math.max(nowMs - forDays * DAY_MS, ...instantsOf(events, endedBy));
    const lasting = instantsOf(events, kind).filter((atMs) => atMs > endedMs);
    if (lasting.length === 0) return [];
    const since = instantText(Math.min(...lasting));
    return [{ kind, title: EVENT_TITLES[kind] ?? kind, since, severity: severityOfEvent(kind) }];
  });
}

function instantsOf(events: readonly EndDeviceEvent[], kind: EndDeviceEventKind | undefined): number[] {
  return events.filter((event) => event.kind === kind).map(({ atMs }) => atMs);
}
