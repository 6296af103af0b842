import { UsageError } from "@amity/bytes";
import { startOfLocalDayMs, type Zone } from "@amity/intervals";
import { isMissing, QUALITY } from "@amity/model";
import { readUsage, type UsageReaderParts } from "../pipeline/usage-reader.ts";
import { energyBalanceOf, loadingOver, type LoadingSummary } from "../settlement/index.ts";
import type { Usage, UsagePart } from "../usage/usage.ts";
import type { Series } from "../vee/series.ts";
import type { NetworkNode, NetworkView } from "./topology.ts";

/** What flowed through one feeder or transformer. Energies in Wh over the whole time. */
export interface NodeLosses {
  readonly node: NetworkNode;
  /** Usage points behind it, those behind nodes that it feeds included. */
  readonly points: number;
  readonly importWh: number;
  readonly exportWh: number;
  /** Point-intervals that should be there, and those without a value. */
  readonly expected: number;
  readonly missing: number;
  /** Apparent power against the nameplate; absent where there is none, or nothing behind it. */
  readonly loading: LoadingSummary | undefined;
  /** Absent where no meter measures what flows in. */
  readonly balance: NodeBalance | undefined;
}

/** Over the intervals in which the meters of supply and all behind have values. */
export interface NodeBalance {
  readonly suppliedWh: number;
  /** Import less export of the usage points behind. */
  readonly deliveredWh: number;
  /** Losses that the transformers' data explain. */
  readonly technicalWh: number;
  /** What neither explains: metering faults, theft, a wrong topology. */
  readonly unaccountedWh: number;
  readonly unaccountedPercent: number;
  readonly intervalsUsed: number;
  readonly intervalsLeftOut: number;
}

/** The grid of the sums; channels with longer intervals, or such as do not divide it, count as missing. */
const GRID_SECONDS = 900;
/** Days of one report. */
const DAYS_MAX = 92;
/** Usage points read at once. */
const POINTS_AT_ONCE = 100;

interface Sums {
  readonly importWh: Float64Array;
  readonly exportWh: Float64Array;
  readonly reactiveVarh: Float64Array;
  /** Points without a value in each interval. */
  readonly missing: Uint32Array;
  points: number;
}

/**
 * Balance and loading of every feeder and transformer over civil days `[fromDay, toDay)`, from the current ledger.
 * @throws UsageError `limit` for more than 92 days.
 */
export async function networkLosses(
  parts: UsageReaderParts,
  view: NetworkView,
  time: { fromDay: number; toDay: number; zone: Zone },
): Promise<NodeLosses[]> {
  if (time.toDay - time.fromDay > DAYS_MAX)
    throw new UsageError(`${time.toDay - time.fromDay} days exceed ${DAYS_MAX}`, { code: "limit", advice: "ask for a shorter time" });
  const startMs = startOfLocalDayMs(time.zone, time.fromDay);
  const count = (startOfLocalDayMs(time.zone, time.toDay) - startMs) / (GRID_SECONDS * 1000);
  const load = new Map<string, Sums>();
  const supply = new Map<string, Sums>();
  for (let at = 0; at < view.links.length; at += POINTS_AT_ONCE) {
    const links = view.links.slice(at, at + POINTS_AT_ONCE);
    const usages = await readUsage(
      parts,
      links.map(({ usagePointId }) => ({ usagePointId, ...time })),
    );
    for (const [index, link] of links.entries()) {
      const usage = usages[index];
      if (usage === undefined) continue;
      const targets =
        link.role === "supply" ? [[supply, link.nodeId] as const] : ancestry(view, link.nodeId).map((id) => [load, id] as const);
      for (const [sums, id] of targets) addUsage(sumsOf(sums, id, count), usage, startMs);
    }
  }
  return [...view.nodes.values()]
    .filter(({ kind }) => kind !== "substation")
    .map((node) => lossesOf(view, node, { startMs, load: load.get(node.nodeId) ?? emptySums(count), supply: supply.get(node.nodeId) }));
}

/** A node and all that feed it. A ring in the data ends where it closes. */
function ancestry(view: NetworkView, nodeId: string): string[] {
  const path: string[] = [];
  for (let id: string | undefined = nodeId; id !== undefined && !path.includes(id); id = view.nodes.get(id)?.parentId) path.push(id);
  return path;
}

function sumsOf(sums: Map<string, Sums>, id: string, count: number): Sums {
  const known = sums.get(id) ?? emptySums(count);
  sums.set(id, known);
  return known;
}

function emptySums(count: number): Sums {
  return {
    importWh: new Float64Array(count),
    exportWh: new Float64Array(count),
    reactiveVarh: new Float64Array(count),
    missing: new Uint32Array(count),
    points: 0,
  };
}

function addUsage(sums: Sums, { flows }: Usage, startMs: number): void {
  const covered = new Uint8Array(sums.missing.length);
  sums.points += 1;
  for (const part of flows.import ?? []) addPart(sums.importWh, part, startMs, covered);
  for (const part of flows.export ?? []) addPart(sums.exportWh, part, startMs);
  for (const part of flows.reactiveImport ?? []) addPart(sums.reactiveVarh, part, startMs);
  for (const [index, has] of covered.entries()) if (has === 0) sums.missing[index] = (sums.missing[index] ?? 0) + 1;
}

function addPart(into: Float64Array, { series, scaler, multiplier, unit }: UsagePart, startMs: number, covered?: Uint8Array): void {
  // Volumes of other media flow through other networks.
  if (unit !== undefined || GRID_SECONDS % series.intervalSeconds !== 0) return;
  const perSlot = GRID_SECONDS / series.intervalSeconds;
  const factor = 10 ** scaler * multiplier;
  const present = new Uint8Array(covered?.length ?? 0);
  for (const [index, value] of series.values.entries()) {
    const slot = Math.floor((series.startMs + index * series.intervalSeconds * 1000 - startMs) / (GRID_SECONDS * 1000));
    if (slot < 0 || slot >= into.length || isMissing(series.qualities[index] ?? 0)) continue;
    into[slot] = (into[slot] ?? 0) + value * factor;
    if (covered !== undefined) present[slot] = (present[slot] ?? 0) + 1;
  }
  if (covered !== undefined) for (const [slot, parts] of present.entries()) if (parts === perSlot) covered[slot] = 1;
}

function lossesOf(view: NetworkView, node: NetworkNode, basis: { startMs: number; load: Sums; supply: Sums | undefined }): NodeLosses {
  const { startMs, load, supply } = basis;
  const net = netSeries(load, startMs);
  const { nameplateKva } = node;
  return {
    node,
    points: load.points,
    importWh: total(load.importWh),
    exportWh: total(load.exportWh),
    expected: load.points * load.missing.length,
    missing: load.missing.reduce((sum, count) => sum + count, 0),
    loading:
      nameplateKva === undefined || load.points === 0
        ? undefined
        : loadingOver(net, { ...net, values: load.reactiveVarh }, { nameplateKva, scaler: 0 }),
    balance: supply === undefined ? undefined : balanceOf(view, node, netSeries(supply, startMs), net),
  };
}

/** Import less export; missing where any point is. */
function netSeries(sums: Sums, startMs: number): Series {
  const values = sums.importWh.map((value, index) => value - (sums.exportWh[index] ?? 0));
  const qualities = Uint16Array.from(sums.missing, (missing) => (missing === 0 ? QUALITY.validated : QUALITY.missing));
  return { startMs, intervalSeconds: GRID_SECONDS, values, qualities };
}

function balanceOf(view: NetworkView, node: NetworkNode, input: Series, behind: Series): NodeBalance | undefined {
  const balance = energyBalanceOf(input, [behind], lossModelOf(view, node));
  if (balance === undefined) return undefined;
  return {
    suppliedWh: balance.inputCounts,
    deliveredWh: balance.behindCounts,
    technicalWh: balance.technicalCounts,
    unaccountedWh: balance.unexplainedCounts,
    unaccountedPercent: balance.unexplainedPercent,
    intervalsUsed: balance.intervalsUsed,
    intervalsLeftOut: balance.intervalsLeftOut,
  };
}

/** The transformers at and behind a node as one: iron losses add up; copper losses as if they shared the load by nameplate. */
function lossModelOf(view: NetworkView, node: NetworkNode): { fixedLossCounts: number; loadLossPerCount: number } {
  const hours = GRID_SECONDS / 3600;
  const behind = [...view.nodes.values()].filter(
    ({ nodeId, kind }) => kind === "transformer" && ancestry(view, nodeId).includes(node.nodeId),
  );
  const noLoadW = behind.reduce((sum, { noLoadLossW = 0 }) => sum + noLoadLossW, 0);
  const loadLossW = behind.reduce((sum, one) => sum + (one.loadLossW ?? 0), 0);
  const nameplateW = behind.reduce((sum, one) => sum + 1000 * (one.nameplateKva ?? 0), 0);
  return {
    fixedLossCounts: noLoadW * hours,
    // Lost Wh = loss at nameplate x hours x (load / nameplate)^2, with the load as Wh / hours.
    loadLossPerCount: nameplateW === 0 ? 0 : loadLossW / (hours * nameplateW ** 2),
  };
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
