import type { Page, TimelineEntry } from "@amity/api";
import type { CommandRecord, StoredEvent } from "@amity/headend";
import { DAY_MS } from "@amity/intervals";
import { changesOf, type LedgerChange } from "@amity/mdm";
import type { TimelineAsk } from "../../http/ports.ts";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import { controlWords } from "./control-words.ts";
import { EVENT_TITLES, severityOfEvent } from "./event-words.ts";
import type { UtilityParts } from "./utility-parts.ts";

const EVENTS_MAX = 1000;
const COMMANDS_MAX = 200;

/** Reads, edits, commands and events of one meter on one axis, newest first. */
export async function timelineOf(parts: UtilityParts, ask: TimelineAsk): Promise<Page<TimelineEntry> | undefined> {
  if (parts.watch.meter(ask.meterId) === undefined) return undefined;
  const [beforeMs, beforeId] = ask.cursor === undefined ? [Number.POSITIVE_INFINITY, ""] : readCursor(ask.cursor, 2);
  const toMs = Math.min(ask.toMs ?? Number.POSITIVE_INFINITY, parts.world.clock.nowMs() + DAY_MS, Number(beforeMs) + 1);
  const fromMs = ask.fromMs ?? 0;
  const [changes, events, commands] = await Promise.all([
    changesOf(parts.mdm.store, { meterId: ask.meterId, fromMs, toMs, limit: ask.limit + 1 }),
    parts.registry.events({ meterId: ask.meterId, limit: EVENTS_MAX }),
    parts.registry.commands({ meterId: ask.meterId, limit: COMMANDS_MAX }),
  ]);
  const entries = [...changes.map(changeEntry), ...events.map(eventEntry), ...commands.items.map((command) => commandEntry(parts, command))]
    .filter(({ at, kind }) => within(Date.parse(at), fromMs, toMs) && (ask.kind === undefined || kind === ask.kind))
    .toSorted(newestFirst)
    .filter((entry) => !isBefore(entry, Number(beforeMs), String(beforeId)));
  const items = entries.slice(0, ask.limit);
  const last = items.at(-1);
  return { items, ...(entries.length > ask.limit && last !== undefined ? { next: writeCursor([Date.parse(last.at), last.id]) } : {}) };
}

function within(atMs: number, fromMs: number, toMs: number): boolean {
  return atMs >= fromMs && atMs < toMs;
}

function newestFirst(left: TimelineEntry, right: TimelineEntry): number {
  return Date.parse(right.at) - Date.parse(left.at) || (left.id < right.id ? -1 : 1);
}

/** Whether an entry stood on an earlier page. */
function isBefore(entry: TimelineEntry, atMs: number, id: string): boolean {
  const entryMs = Date.parse(entry.at);
  return entryMs > atMs || (entryMs === atMs && entry.id <= id);
}

function changeEntry(change: LedgerChange): TimelineEntry {
  const days = `${instantText(change.fromDayMs).slice(0, 10)}${change.toDayMs > change.fromDayMs ? ` to ${instantText(change.toDayMs).slice(0, 10)}` : ""}`;
  const isRead = change.author === "headend" || change.author === "ingest";
  return {
    id: `ledger-${change.knownAtMs}-${change.author}-${change.fromDayMs}`,
    at: instantText(change.knownAtMs),
    kind: isRead ? "read" : "edit",
    title: isRead ? "Load profile read" : change.author === "vee" ? "Validated and estimated" : "Edited",
    detail: `${change.blocks} channel day(s), ${days}${change.ruleSet === "" ? "" : `, rules ${change.ruleSet}`}`,
    severity: "notice",
    ...(isRead ? {} : { by: change.author }),
  };
}

function eventEntry({ cursor, event }: StoredEvent): TimelineEntry {
  return {
    id: `event-${cursor}`,
    at: instantText(event.atMs),
    kind: "event",
    title: EVENT_TITLES[event.kind] ?? `Event ${event.code}`,
    detail: `${event.log}, code ${event.code}${event.detail === undefined || event.detail === "" ? "" : `, ${event.detail}`}`,
    severity: severityOfEvent(event.kind),
  };
}

function commandEntry({ watch, zone }: UtilityParts, { request, state, outcome, changedAtMs }: CommandRecord): TimelineEntry {
  const commodity = watch.meter(request.meterId)?.commodity ?? "electricity";
  return {
    id: `command-${request.commandId}`,
    at: instantText(request.requestedAtMs),
    until: instantText(Math.max(changedAtMs, request.requestedAtMs)),
    kind: "command",
    title: controlWords(request.control, commodity, zone),
    ...(outcome === undefined ? {} : { detail: outcome }),
    severity: state === "failed" || state === "unknown" ? "warning" : "notice",
    by: request.requestedBy,
    state,
  };
}
