import type { MeterCompleteness, MeterCompletenessQuery, Page } from "@amity/api";
import { parseDay, startOfLocalDayMs } from "@amity/intervals";
import { coverageOf } from "@amity/mdm";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import type { UtilityParts } from "./utility-parts.ts";

const IMPORT = "1-0:1.8.0";
/** As on the page of days: what was to come within the last hours is not expected yet. */
const EXPECTED_AFTER_MS = 2 * 3_600_000;

/** The meters of one concentrator's day, those first that lack most; `undefined` for a day that is none. */
export async function meterCompletenessOf(
  parts: UtilityParts,
  { day, concentrator, cursor, limit }: MeterCompletenessQuery,
): Promise<Page<MeterCompleteness> | undefined> {
  const { mdm, zone, places, world } = parts;
  const civilDay = parseDay(day);
  if (civilDay === undefined) return undefined;
  const slotMs = 900_000;
  const dueMs = Math.floor((world.clock.nowMs() - EXPECTED_AFTER_MS) / slotMs) * slotMs;
  const span = { fromMs: startOfLocalDayMs(zone, civilDay), toMs: Math.min(startOfLocalDayMs(zone, civilDay + 1), dueMs) };
  const wanted = [...places.places()].filter((place) => concentrator === undefined || (place.concentratorId ?? "direct") === concentrator);
  if (span.toMs <= span.fromMs) return { items: [], total: 0 };
  const channels = (await mdm.registry.channelsOf(wanted.map(({ meterId }) => meterId))).filter(
    ({ kind, name }) => kind === "interval" && name === IMPORT,
  );
  const coverage = await coverageOf(mdm.ledger, channels, span);
  const byMeter = new Map(channels.map(({ meterId }, index) => [meterId, coverage[index]]));
  const expected = (span.toMs - span.fromMs) / slotMs;
  const rows = wanted
    .map((place): MeterCompleteness => {
      const found = byMeter.get(place.meterId);
      return {
        meterId: place.meterId,
        usagePoint: place.usagePointId,
        concentrator: place.concentratorId ?? "direct",
        expected: found?.expected ?? expected,
        received: found?.received ?? 0,
        estimated: found?.estimated ?? 0,
        missing: (found?.missing ?? [span]).map(({ fromMs, toMs }) => ({ from: instantText(fromMs), to: instantText(toMs) })),
      };
    })
    .toSorted((a, b) => lackOf(b) - lackOf(a) || b.estimated - a.estimated || (a.meterId < b.meterId ? -1 : 1));
  const from = cursor === undefined ? 0 : Number(readCursor(cursor, 1)[0]);
  const to = from + limit;
  return { items: rows.slice(from, to), total: rows.length, ...(to < rows.length ? { next: writeCursor([to]) } : {}) };
}

function lackOf({ expected, received }: MeterCompleteness): number {
  return expected - received;
}
