import { UsageError } from "@amity/bytes";
import type { Unit } from "@amity/model";
import type { DecimalText, Flow } from "../tariff/tariff.ts";
import { seriesEndMs, type Series } from "../vee/series.ts";

/** One stored block that a quantity rests on: its version is what the bill pins. */
export interface BlockRef {
  readonly channelId: string;
  /** UTC midnight, ms. */
  readonly dayStartMs: number;
  readonly version: number;
}

/** What turns metered volume into energy over a time: m3 times volume factor times calorific value is kWh. */
export interface EnergyFactor {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Cubic metres at base conditions for one as metered. */
  readonly volumeFactor: DecimalText;
  /** Calorific value, kWh for a cubic metre at base conditions. */
  readonly kwhPerM3: DecimalText;
}

/** One channel's intervals over a part of the bill (a meter exchange makes two parts). Counts are 10^scaler of `unit`. */
export interface UsagePart {
  readonly channelId: string;
  readonly series: Series;
  readonly scaler: number;
  /** CT times PT ratio; 1 where the counts are primary values already. */
  readonly multiplier: number;
  /** Of the counts; absent: Wh (varh). */
  readonly unit?: Unit;
  /** Of a gas volume: the energy in it, in order of time. */
  readonly energyFactors?: readonly EnergyFactor[];
  readonly blocks: readonly BlockRef[];
}

/** What a usage point used over a bill, by flow. Gas comes as `volume` with energy factors, water as `volume`, heat as `import` and `volume`. */
export interface Usage {
  readonly fromMs: number;
  readonly toMs: number;
  readonly flows: Readonly<Partial<Record<"import" | "export" | "reactiveImport" | "reactiveExport" | "volume", readonly UsagePart[]>>>;
}

/** What a bill's completeness is judged by: the energy flow where one is metered, else the volume. */
export function meteredParts({ flows }: Usage): readonly UsagePart[] {
  return flows.import ?? flows.volume ?? [];
}

/** The parts of a flow; gas volume stands for the energy in it; the net flows are derived interval by interval from import and export, which must share their grid. */
export function partsOf(usage: Usage, flow: Flow): readonly UsagePart[] {
  if (flow === "import" && usage.flows.import === undefined)
    return (usage.flows.volume ?? []).filter((part) => part.energyFactors !== undefined);
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
