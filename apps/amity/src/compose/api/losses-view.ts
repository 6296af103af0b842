import type { LossesQuery, NodeLosses as LossesShape, Page } from "@amity/api";
import { parseDay, startOfLocalDayMs } from "@amity/intervals";
import { networkLosses, type NodeLosses } from "@amity/mdm";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** Balance and loading of feeders and transformers, feeders first; the topology is that of the first day. */
export async function lossesOf(parts: UtilityParts, query: LossesQuery): Promise<Page<LossesShape> | undefined> {
  const { mdm, zone } = parts;
  const [fromDay, toDay] = [parseDay(query.from), parseDay(query.to)];
  if (fromDay === undefined || toDay === undefined || toDay <= fromDay) return undefined;
  const view = await mdm.topology.at(startOfLocalDayMs(zone, fromDay));
  const losses = await networkLosses(mdm, view, { fromDay, toDay, zone });
  const rows = losses
    .filter(({ node }) => query.kind === undefined || node.kind === query.kind)
    .toSorted((a, b) => a.node.kind.localeCompare(b.node.kind) || (a.node.nodeId < b.node.nodeId ? -1 : 1))
    .map(lossesShape);
  const from = query.cursor === undefined ? 0 : Number(readCursor(query.cursor, 1)[0]);
  const to = from + query.limit;
  return { items: rows.slice(from, to), total: rows.length, ...(to < rows.length ? { next: writeCursor([to]) } : {}) };
}

function lossesShape({ node, points, importWh, exportWh, expected, missing, loading, balance }: NodeLosses): LossesShape {
  return {
    id: node.nodeId,
    name: node.name,
    kind: node.kind === "feeder" ? "feeder" : "transformer",
    ...(node.parentId === undefined ? {} : { parent: node.parentId }),
    points,
    importWh,
    exportWh,
    coverage: expected === 0 ? null : (expected - missing) / expected,
    ...(loading === undefined
      ? {}
      : {
          loading: {
            nameplateKva: node.nameplateKva ?? 0,
            peakKva: loading.peakKva,
            peakPercent: loading.peakPercent,
            peakAt: instantText(loading.peakAtMs),
            hoursOver100: loading.hoursOver100Percent,
            hoursOver130: loading.hoursOver130Percent,
          },
        }),
    ...(balance === undefined ? {} : { balance: { ...balance } }),
  };
}
