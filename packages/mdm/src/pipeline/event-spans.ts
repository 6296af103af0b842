import type { EndDeviceEvent, EndDeviceEventKind } from "@amity/model";
import type { EventSpan, SpanKind } from "../vee/context.ts";

/** Events that begin and end a state of a usage point. */
const BEGINNINGS: Partial<Record<EndDeviceEventKind, SpanKind>> = {
  powerDown: "outage",
  lastGasp: "outage",
  supplyDisconnected: "disconnected",
  leak: "leak",
  burst: "burst",
  backflow: "backflow",
  frost: "frost",
  airInPipe: "airInPipe",
  deviceError: "deviceError",
};
const ENDINGS: Partial<Record<EndDeviceEventKind, SpanKind>> = {
  powerUp: "outage",
  supplyConnected: "disconnected",
  leakEnded: "leak",
  burstEnded: "burst",
  backflowEnded: "backflow",
  frostEnded: "frost",
  airInPipeEnded: "airInPipe",
  deviceErrorEnded: "deviceError",
};

const SUPPLY: ReadonlySet<SpanKind> = new Set(["outage", "disconnected"]);

/** True for events that begin or end a loss of supply. */
export function beginsOrEndsSupply(kind: EndDeviceEventKind): boolean {
  const span = BEGINNINGS[kind] ?? ENDINGS[kind];
  return span !== undefined && SUPPLY.has(span);
}

/**
 * The spans in which a meter had no supply or warned of something, from its events in any order. A beginning without an end lasts to `untilMs`;
 * an end without a beginning is passed over.
 */
export function spansOfEvents(events: readonly EndDeviceEvent[], untilMs: number): EventSpan[] {
  const spans: EventSpan[] = [];
  const open = new Map<SpanKind, number>();
  for (const event of events.toSorted((left, right) => left.atMs - right.atMs)) {
    const begins = BEGINNINGS[event.kind];
    const ends = ENDINGS[event.kind];
    if (begins !== undefined && !open.has(begins)) open.set(begins, event.atMs);
    const fromMs = ends === undefined ? undefined : open.get(ends);
    if (ends !== undefined && fromMs !== undefined) {
      spans.push({ kind: ends, fromMs, toMs: event.atMs });
      open.delete(ends);
    }
  }
  for (const [kind, fromMs] of open) if (fromMs < untilMs) spans.push({ kind, fromMs, toMs: untilMs });
  return spans;
}
