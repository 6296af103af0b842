import { UsageError } from "@amity/bytes";
import type { Flow } from "../tariff/tariff.ts";
import { seriesEndMs, type Series } from "../vee/series.ts";

/** One stored block that a quantity rests on: its version is what the bill pins. */
export interface BlockRef {
  readonly channelId: string;
  /** UTC midnight, ms. */
  readonly dayStartMs: number;
  readonly version: number;
}

/** One channel's intervals over a part of the bill (a meter exchange makes two parts). Counts are 10^scaler Wh (varh). */
export interface UsagePart {
  readonly channelId: string;
  readonly series: Series;
  readonly scaler: number;
  /** CT times PT ratio; 1 where the counts are primary values already. */
  readonly multiplier: number;
  readonly blocks: readonly BlockRef[];
}

/** What a usage point used over a bill, by flow. */
export interface Usage {
  readonly fromMs: number;
  readonly toMs: number;
  readonly flows: Readonly<Partial<Record<"import" | "export" | "reactiveImport" | "reactiveExport", readonly UsagePart[]>>>;
}

/** The parts of a flow; the net flows are derived interval by interval from import and export, which must share their grid. */
export function partsOf(usage: Usage, flow: Flow): readonly UsagePart[] {
  if (flow !== "netImport" && flow !== "netExport") return usage.flows[flow] ?? [];
  const sign = flow === "netImport" ? 1 : -1;
  const imports = usage.flows.import ?? [];
  const exports = usage.flows.export ?? [];
  if (exports.length === 0) return sign === 1 ? imports : [];
  return imports.map((part) => netPart(part, exports, sign));
}

function netPart(part: UsagePart, exports: readonly UsagePart[], sign: number): UsagePart {
  const other = exports.find(
    (candidate) => candidate.series.startMs <= part.series.startMs && seriesEndMs(candidate.series) >= seriesEndMs(part.series),
  );
  const { series } = part;
  const shift = other === undefined ? Number.NaN : (series.startMs - other.series.startMs) / (series.intervalSeconds * 1000);
  if (
    other === undefined ||
    !Number.isInteger(shift) ||
    other.series.intervalSeconds !== series.intervalSeconds ||
    other.scaler !== part.scaler ||
    other.multiplier !== part.multiplier
  ) {
    throw new UsageError(`channel ${part.channelId} cannot be netted: no export channel with the same grid and scale covers it`, {
      code: "netting-impossible",
    });
  }
  const values = new Float64Array(series.values.length);
  for (let index = 0; index < values.length; index += 1)
    values[index] = Math.max(0, sign * ((series.values[index] ?? 0) - (other.series.values[index + shift] ?? 0)));
  return { ...part, series: { ...series, values }, blocks: [...part.blocks, ...other.blocks] };
}

/** Indices of a part within `[fromMs, toMs)`. */
export function clip(part: UsagePart, fromMs: number, toMs: number): { from: number; to: number } {
  const stepMs = part.series.intervalSeconds * 1000;
  const from = Math.max(0, Math.ceil((fromMs - part.series.startMs) / stepMs));
  const to = Math.min(part.series.values.length, Math.ceil((toMs - part.series.startMs) / stepMs));
  return { from, to: Math.max(from, to) };
}
