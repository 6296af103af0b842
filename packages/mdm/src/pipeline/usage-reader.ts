import { DAY_MS, spanOf, startOfLocalDayMs, type Zone } from "@amity/intervals";
import type { UsagePointId } from "@amity/model";
import type { SqlRunner } from "@amity/store";
import type { MeterConverts } from "../gas/conversion.ts";
import { readGasFactors, type FactorAsk } from "../gas/gas-parameters.ts";
import type { StoredBlock } from "../ledger/block-table.ts";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Channel, MeterInstallation, Registry } from "../registry/registry.ts";
import type { Usage, UsagePart } from "../usage/usage.ts";
import { registerParts, type Stay } from "./register-parts.ts";

/** Which flow of a bill a channel feeds (IEC 62056-6-1 C groups; EN 13757-1 for the other media). */
const FLOWS: Readonly<Record<string, keyof Usage["flows"]>> = {
  "1-0:1.8.0": "import",
  "1-0:2.8.0": "export",
  "1-0:3.8.0": "reactiveImport",
  "1-0:4.8.0": "reactiveExport",
  "5-0:1.0.0": "import",
  "6-0:1.0.0": "import",
  "6-0:2.0.0": "volume",
  "7-0:3.0.0": "volume",
  "7-0:3.1.0": "volume",
  "7-0:3.2.0": "volume",
  "8-0:1.0.0": "volume",
  "9-0:1.0.0": "volume",
};

/** Gas channels, and what the meter has brought to base conditions by itself. */
const GAS_CHANNELS: Readonly<Record<string, MeterConverts>> = { "7-0:3.0.0": "nothing", "7-0:3.1.0": "temperature", "7-0:3.2.0": "all" };

export interface UsageReaderParts {
  readonly store: SqlRunner;
  readonly ledger: Ledger;
  readonly registry: Registry;
}

/** One usage point's time on a bill. */
export interface UsageAsk {
  readonly usagePointId: UsagePointId;
  /** Civil days of the zone, `toDay` exclusive. */
  readonly fromDay: number;
  readonly toDay: number;
  readonly zone: Zone;
  /** What was known at that instant; now if absent. */
  readonly asOfMs?: number;
}

/**
 * Reads what many usage points used, in one pass over the ledger, in the order asked. A meter exchange within the time
 * gives two parts. A usage point without an installation record is taken as the meter of the same name (files know no meters).
 */
export async function readUsage(
  parts: UsageReaderParts,
  asks: readonly UsageAsk[],
  knownInstallations?: ReadonlyMap<UsagePointId, readonly MeterInstallation[]>,
): Promise<Usage[]> {
  const installations = knownInstallations ?? (await installationsOfAll(parts.store, [...new Set(asks.map((ask) => ask.usagePointId))]));
  const stays = asks.map((ask) => staysOf(installations.get(ask.usagePointId) ?? [], ask));
  const channels = await parts.registry.channelsOf([...new Set(stays.flat().map(({ meterId }) => meterId))]);
  const wanted = channels.filter((channel) => channel.kind === "interval" && FLOWS[channel.name] !== undefined);
  const byMeter = groupByMeter(wanted);
  const readOnly = groupByMeter(withoutIntervals(channels));
  const spans = asks.map((ask) => ({ fromMs: startOfLocalDayMs(ask.zone, ask.fromDay), toMs: startOfLocalDayMs(ask.zone, ask.toDay) }));
  const blocks = new Map<ChannelId, StoredBlock[]>();
  const asOfMs = asks[0]?.asOfMs;
  const registers = await registerParts(parts.store, stays.flat(), readOnly, asOfMs);
  const factorsOf = await readGasFactors(parts.store, gasAsks(asks, stays, channels), asOfMs);
  if (wanted.length > 0) {
    const selection = {
      channelIds: wanted.map(({ channelId }) => channelId),
      fromDayMs: Math.floor(Math.min(...spans.map(({ fromMs }) => fromMs)) / DAY_MS) * DAY_MS - DAY_MS,
      toDayMs: Math.ceil(Math.max(...spans.map(({ toMs }) => toMs)) / DAY_MS) * DAY_MS,
      ...(asOfMs === undefined ? {} : { asOfMs }),
    };
    await parts.ledger.read(selection, (stored) => {
      const list = blocks.get(stored.channelId);
      if (list === undefined) blocks.set(stored.channelId, [stored]);
      else list.push(stored);
    });
  }
  return asks.map((ask, index) => {
    const { fromMs = 0, toMs = 0 } = spans[index] ?? {};
    const flows: Record<string, UsagePart[]> = {};
    for (const stay of stays[index] ?? []) {
      const told = new Set<string>();
      for (const channel of [...(byMeter.get(stay.meterId) ?? []), ...(readOnly.get(stay.meterId) ?? [])].toSorted(byRank)) {
        const part = channel.kind === "register" ? registers(channel, stay) : partOf(channel, stay, blocks.get(channel.channelId) ?? []);
        const flow = flowOf(channel.name, stay);
        const converts = GAS_CHANNELS[channel.name];
        if (part === undefined || flow === undefined || told.has(mediumAndFlow(channel.name, flow))) continue;
        told.add(mediumAndFlow(channel.name, flow));
        const gas = converts === undefined ? {} : { energyFactors: factorsOf({ ...ask, fromMs: stay.fromMs, toMs: stay.toMs }, converts) };
        (flows[flow] ??= []).push({ ...part, ...(channel.unit === "Wh" || channel.unit === "varh" ? {} : { unit: channel.unit }), ...gas });
      }
    }
    return { fromMs, toMs, flows } as Usage;
  });
}

const OPPOSITE: Readonly<Partial<Record<keyof Usage["flows"], keyof Usage["flows"]>>> = {
  import: "export",
  export: "import",
  reactiveImport: "reactiveExport",
  reactiveExport: "reactiveImport",
};

/** The flow that a channel counted while its meter stood so. */
function flowOf(channel: string, { isReversed }: Stay): keyof Usage["flows"] | undefined {
  const flow = FLOWS[channel];
  return flow !== undefined && isReversed ? (OPPOSITE[flow] ?? flow) : flow;
}

/**
 * Channels that say the same of one meter: its gas volume as metered and converted (the most converted is billed), its heat before its
 * cooling, intervals before registers. Only the first of them counts.
 */
const RANKED = ["7-0:3.2.0", "7-0:3.1.0", "7-0:3.0.0", "6-0:1.0.0", "5-0:1.0.0"];

function byRank(left: Channel, right: Channel): number {
  const [first, second] = [left, right].map(({ kind }) => Number(kind === "register"));
  return (first ?? 0) - (second ?? 0) || RANKED.indexOf(left.name) - RANKED.indexOf(right.name);
}

/** Channels with the same key are alternatives; electricity has one channel for each flow, hot and cold water have meters of their own. */
function mediumAndFlow(channel: string, flow: string): string {
  return RANKED.includes(channel) ? flow : `${flow} ${channel}`;
}

/** The times for which gas volumes must be turned into energy. */
function gasAsks(asks: readonly UsageAsk[], stays: readonly (readonly Stay[])[], channels: readonly Channel[]): FactorAsk[] {
  const gasMeters = new Set(channels.filter(({ name }) => GAS_CHANNELS[name] !== undefined).map(({ meterId }) => meterId));
  return asks.flatMap((ask, index) =>
    (stays[index] ?? []).filter(({ meterId }) => gasMeters.has(meterId)).map(({ fromMs, toMs }) => ({ ...ask, fromMs, toMs })),
  );
}

/** Register channels of flows whose meter has no intervals of them. */
function withoutIntervals(channels: readonly Channel[]): Channel[] {
  const key = ({ meterId, name }: Channel): string => `${meterId}\n${name}`;
  const known = new Set(channels.filter(({ kind }) => kind === "interval").map(key));
  return channels.filter((channel) => channel.kind === "register" && FLOWS[channel.name] !== undefined && !known.has(key(channel)));
}

/** The installations of many usage points, oldest first, by usage point. */
export async function installationsOfAll(
  runner: SqlRunner,
  usagePointIds: readonly UsagePointId[],
): Promise<Map<UsagePointId, MeterInstallation[]>> {
  const { rows } = await runner.query<{
    usage_point_id: string;
    meter_id: string;
    installed_at: number;
    removed_at: number | null;
    multiplier: string;
    is_reversed: boolean;
  }>(
    `select i.usage_point_id, m.meter_id, i.installed_at, i.removed_at, i.multiplier, i.is_reversed
     from mdm.meter_installation i join mdm.meter m on m.meter_key = i.meter_key
     where i.usage_point_id = any ($1::text[]) order by i.usage_point_id, i.installed_at`,
    [usagePointIds],
  );
  const found = new Map<UsagePointId, MeterInstallation[]>();
  for (const row of rows) {
    const list = found.get(row.usage_point_id) ?? [];
    list.push({
      usagePointId: row.usage_point_id,
      meterId: row.meter_id,
      installedAtMs: row.installed_at,
      multiplier: row.multiplier,
      ...(row.is_reversed ? { isReversed: true } : {}),
      ...(row.removed_at === null ? {} : { removedAtMs: row.removed_at }),
    });
    found.set(row.usage_point_id, list);
  }
  return found;
}

function staysOf(installations: readonly MeterInstallation[], ask: UsageAsk): Stay[] {
  const fromMs = startOfLocalDayMs(ask.zone, ask.fromDay);
  const toMs = startOfLocalDayMs(ask.zone, ask.toDay);
  if (installations.length === 0) return [{ meterId: ask.usagePointId, fromMs, toMs, multiplier: 1, isReversed: false }];
  return installations.flatMap((installation): Stay[] => {
    const stay = { fromMs: Math.max(fromMs, installation.installedAtMs), toMs: Math.min(toMs, installation.removedAtMs ?? toMs) };
    return stay.fromMs < stay.toMs
      ? [
          {
            ...stay,
            meterId: installation.meterId,
            multiplier: Number(installation.multiplier),
            isReversed: installation.isReversed === true,
          },
        ]
      : [];
  });
}

function partOf(channel: Channel, stay: Stay, stored: readonly StoredBlock[]): UsagePart | undefined {
  const { intervalSeconds } = channel;
  const within = stored.filter(
    ({ block }) => block.intervalSeconds === intervalSeconds && block.dayStartMs < stay.toMs && block.dayStartMs + 2 * DAY_MS > stay.fromMs,
  );
  if (within.length === 0) return undefined;
  const series = spanOf(
    within.map(({ block }) => block),
    { fromMs: stay.fromMs, toMs: stay.toMs, intervalSeconds },
  );
  const channelId = String(channel.channelId);
  return {
    channelId,
    series,
    scaler: channel.scaler,
    multiplier: stay.multiplier,
    blocks: within
      .filter(({ block }) => block.dayStartMs + DAY_MS > stay.fromMs)
      .map(({ block, version }) => ({ channelId, dayStartMs: block.dayStartMs, version })),
  };
}

function groupByMeter(channels: readonly Channel[]): Map<string, Channel[]> {
  const groups = new Map<string, Channel[]>();
  for (const channel of channels) {
    const group = groups.get(channel.meterId);
    if (group === undefined) groups.set(channel.meterId, [channel]);
    else group.push(channel);
  }
  return groups;
}
