import type { MeterDetail, MeterSummary, MetersQuery, Page } from "@amity/api";
import { DAY_MS } from "@amity/intervals";
import { metersBeside, openExceptionsByMeter, readRegisters, type Channel } from "@amity/mdm";
import { METERED_QUANTITIES, type MeterId } from "@amity/model";
import { conditionsOf } from "./condition-view.ts";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import type { WatchedMeter } from "./fleet-watch.ts";
import { MAIN_CHANNELS, protocolWords, reachOf, routeWords } from "./meter-words.ts";
import type { UtilityParts } from "./utility-parts.ts";

const REGISTERS_BACK_MS = 3 * DAY_MS;

/** Words for what a channel counts; those that are not known keep their code. */
function channelName(channel: string): string {
  return METERED_QUANTITIES[channel]?.name ?? channel;
}

/** A page of the meters list: filtered and sorted over the fleet's watch, which holds every meter. */
export async function metersOf(parts: UtilityParts, query: MetersQuery): Promise<Page<MeterSummary>> {
  const offset = query.cursor === undefined ? 0 : Number(readCursor(query.cursor, 1)[0]);
  const exceptions = await openExceptionsByMeter(parts.mdm.store);
  const wanted = [...parts.watch.all()]
    .map((meter) => summaryOf(parts, meter, exceptions))
    .filter((meter) => matches(meter, query))
    .toSorted(comparator(query.sort));
  const end = offset + query.limit;
  return { items: wanted.slice(offset, end), total: wanted.length, ...(end < wanted.length ? { next: writeCursor([end]) } : {}) };
}

export async function meterSummaryOf(parts: UtilityParts, meterId: MeterId): Promise<MeterSummary | undefined> {
  const meter = parts.watch.meter(meterId);
  return meter === undefined ? undefined : summaryOf(parts, meter, await openExceptionsByMeter(parts.mdm.store));
}

function summaryOf({ places, watch }: UtilityParts, meter: WatchedMeter, exceptions: ReadonlyMap<string, number>): MeterSummary {
  const place = places.place(meter.meterId);
  return {
    id: meter.meterId,
    commodity: meter.commodity,
    ...(meter.hostMeterId === undefined ? {} : { host: meter.hostMeterId }),
    ...(place === undefined ? {} : { usagePoint: place.usagePointId, feeder: place.feederId, transformer: place.transformerId }),
    ...(place?.concentratorId === undefined ? {} : { concentrator: place.concentratorId }),
    state: watch.stateOf(meter),
    ...(meter.lastSeenMs > 0 ? { lastSeen: instantText(meter.lastSeenMs) } : {}),
    ...nowOf(meter),
    openExceptions: exceptions.get(meter.meterId) ?? 0,
    ...(meter.firmware === undefined ? {} : { firmware: meter.firmware }),
    traits: place?.traits ?? [],
  };
}

/** What goes through a meter, once it has said anything. */
function nowOf({ commodity, loadAtMs, importW, exportW, flowM3PerHour }: WatchedMeter): Pick<MeterSummary, "loadW" | "flowM3PerHour"> {
  if (loadAtMs === 0) return {};
  return commodity === "gas" || commodity === "water" ? { flowM3PerHour } : { loadW: Math.round(importW - exportW) };
}

function matches(meter: MeterSummary, query: MetersQuery): boolean {
  const text = query.q?.toLowerCase();
  return (
    (text === undefined || meter.id.toLowerCase().includes(text) || (meter.usagePoint ?? "").toLowerCase().includes(text)) &&
    (query.commodity === undefined || meter.commodity === query.commodity) &&
    (query.state === undefined || meter.state === query.state) &&
    (query.feeder === undefined || meter.feeder === query.feeder) &&
    (query.concentrator === undefined || (meter.concentrator ?? "direct") === query.concentrator)
  );
}

function comparator(sort: MetersQuery["sort"]): (left: MeterSummary, right: MeterSummary) => number {
  const descending = sort.startsWith("-");
  const key = sort.replace("-", "") as "id" | "lastSeen" | "loadW" | "completeness" | "openExceptions";
  return (left, right) => {
    const [a, b] = [left[key] ?? -Infinity, right[key] ?? -Infinity];
    const order = a < b ? -1 : a > b ? 1 : 0;
    return (descending ? -order : order) || (left.id < right.id ? -1 : 1);
  };
}

/** The profile that intervals are collected from: the load profile, or that of an M-Bus channel. */
const PROFILE = /^(1-0:99\.1\.0|0-[1-4]:24\.3\.0)$/;

/** Everything about one meter that is not a series. */
export async function meterDetailOf(parts: UtilityParts, meterId: MeterId): Promise<MeterDetail | undefined> {
  const [detail, meter, conditions] = await Promise.all([
    parts.headEnd.views.meter(meterId),
    meterSummaryOf(parts, meterId),
    conditionsOf(parts.registry, meterId, parts.world.clock.nowMs()),
  ]);
  const watched = parts.watch.meter(meterId);
  if (detail === undefined || meter === undefined || watched === undefined) return undefined;
  const { device, health } = detail;
  const channels = await parts.mdm.registry.channelsOf([meterId]);
  const covered = detail.coverage.find(({ profile }) => PROFILE.test(profile))?.covered ?? [];
  const [firstMs, lastMs] = [covered[0]?.fromMs, covered.at(-1)?.toMs];
  const samePlace = meter.usagePoint === undefined ? [] : await metersBeside(parts.mdm.store, meter.usagePoint);
  const installedMs = parts.places.place(meterId)?.installedMs;
  const main = MAIN_CHANNELS[watched.commodity];
  return {
    meter,
    ...(health.manufacturer === undefined ? {} : { manufacturer: health.manufacturer }),
    route: routeWords(device),
    reach: reachOf(device),
    conditions,
    protocol: protocolWords(device),
    commands: [...parts.headEnd.views.controlsOffered(meterId)],
    samePlace: samePlace.map(({ meterId: id, commodity, usagePointId }) => ({ id, commodity, usagePoint: usagePointId })),
    ...(installedMs === undefined ? {} : { installed: instantText(installedMs) }),
    supply:
      health.supply === undefined
        ? watched.isDisconnected
          ? "disconnected"
          : "unknown"
        : health.supply === "readyForReconnection"
          ? "ready"
          : health.supply,
    ...(health.clockOffsetMs === undefined ? {} : { clockOffsetSeconds: health.clockOffsetMs / 1000 }),
    registers: await registersOf(parts, channels),
    channels: channels
      .filter(({ kind }) => kind === "interval")
      .toSorted((left, right) => Number(right.name === main) - Number(left.name === main))
      .map(({ name, unit, scaler, intervalSeconds }) => ({
        channel: name,
        name: channelName(name),
        unit,
        scaler,
        intervalSeconds,
        ...(firstMs === undefined ? {} : { from: instantText(firstMs) }),
        ...(lastMs === undefined ? {} : { to: instantText(lastMs) }),
      })),
    ...(lastMs === undefined ? {} : { watermark: instantText(lastMs) }),
    health: {
      sessions: watched.sessions,
      failures: watched.failures,
      ...(watched.lastError === undefined ? {} : { lastError: watched.lastError }),
    },
  };
}

async function registersOf(parts: UtilityParts, channels: readonly Channel[]): Promise<MeterDetail["registers"]> {
  const nowMs = parts.world.clock.nowMs();
  const registers: MeterDetail["registers"] = [];
  for (const { channelId, name, unit, scaler, kind } of channels) {
    if (kind !== "register") continue;
    const read = await readRegisters(parts.mdm.store, { channelId, fromMs: nowMs - REGISTERS_BACK_MS, toMs: nowMs + DAY_MS });
    const last = read.at(-1);
    if (last !== undefined)
      registers.push({
        obis: name,
        name: channelName(name),
        value: last.value.toString(),
        scaler,
        unit,
        at: instantText(last.atMs),
      });
  }
  return registers;
}
