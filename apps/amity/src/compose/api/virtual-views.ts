import type { Intervals, Page, PageQuery, VirtualChannel as VirtualShape, VirtualChannelDraft } from "@amity/api";
import { UsageError } from "@amity/bytes";
import { readVirtual, type KeptVirtualChannel } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/write-outcome.ts";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import { rawIntervals } from "./interval-views.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** Formulas, the latest version of each. */
export async function virtualChannelsOf({ mdm }: UtilityParts, query: PageQuery): Promise<Page<VirtualShape>> {
  const all = (await mdm.virtual.list()).map(virtualShape);
  const from = query.cursor === undefined ? 0 : Number(readCursor(query.cursor, 1)[0]);
  const to = from + query.limit;
  return { items: all.slice(from, to), total: all.length, ...(to < all.length ? { next: writeCursor([to]) } : {}) };
}

/** Keeps a formula as the next version of its identifier, after a look at whether its channels fit. */
export async function keepVirtualChannel(
  { mdm, world }: UtilityParts,
  { reason, ...draft }: VirtualChannelDraft,
  by: Principal,
): Promise<WriteOutcome<VirtualShape>> {
  const version = ((await mdm.virtual.find(draft.id))?.definition.version ?? 0) + 1;
  const definition = { ...draft, version };
  const nowMs = world.clock.nowMs();
  try {
    await readVirtual(mdm, definition, { fromMs: nowMs, toMs: nowMs });
    await mdm.virtual.keep(definition, { author: by.user, reason });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (error.code === "version-kept") return { kind: "conflict", detail: `${error.message}.` };
    return { kind: "invalid", detail: error.message, errors: [{ pointer: "/terms", detail: error.message }] };
  }
  const kept = await mdm.virtual.find(draft.id, version);
  return kept === undefined ? { kind: "not-found" } : { kind: "done", value: virtualShape(kept) };
}

/** A virtual channel's intervals, computed now. */
export async function virtualIntervalsOf(
  { mdm, world }: UtilityParts,
  ask: { id: string; fromMs: number; toMs: number; asOfMs?: number | undefined },
): Promise<Intervals | undefined> {
  const kept = await mdm.virtual.find(ask.id);
  if (kept === undefined) return undefined;
  const { fromMs, toMs, asOfMs } = ask;
  const { definition } = kept;
  const span = await readVirtual(mdm, definition, { fromMs, toMs, ...(asOfMs === undefined ? {} : { asOfMs }) });
  const { unit, scaler, version } = definition;
  return {
    meterId: definition.id,
    channel: definition.name,
    unit,
    scaler,
    granularity: "raw",
    version,
    asOf: instantText(asOfMs ?? world.clock.nowMs()),
    ...rawIntervals(span),
  };
}

function virtualShape({ definition, author, reason, storedAtMs }: KeptVirtualChannel): VirtualShape {
  const { id, version, name, unit, scaler, intervalSeconds, terms } = definition;
  return {
    id,
    version,
    name,
    unit,
    scaler,
    intervalSeconds,
    terms: terms.map((term) => ({ ...term })),
    reason,
    author,
    storedAt: instantText(storedAtMs),
  };
}
