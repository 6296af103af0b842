import { isEstimated } from "@amity/model";
import { clip, partsOf, type Usage, type UsagePart } from "../usage/usage.ts";

/** What a usage sums up to. */
export interface UsageTotals {
  /** Energy delivered, whole Wh; of gas what its volume holds, of water nothing. */
  readonly importWh: number;
  /** Share of the energy (of water: of the volume) that is estimated, 0 to 1. */
  readonly estimatedShare: number;
}

/** Sums what was delivered. */
export function usageTotals(usage: Usage): UsageTotals {
  const energy = partsOf(usage, "import");
  const { total, estimated } = sumOf(energy.length > 0 ? energy : (usage.flows.volume ?? []), usage);
  return {
    importWh: energy.length > 0 ? Math.round(total) : 0,
    estimatedShare: total === 0 ? 0 : Math.min(1, Math.max(0, estimated / total)),
  };
}

function sumOf(parts: readonly UsagePart[], usage: Usage): { total: number; estimated: number } {
  const sums = { total: 0, estimated: 0 };
  for (const part of parts) {
    for (const { fromMs, toMs, perCount } of scalesOf(part, usage)) {
      const { from, to } = clip(part, fromMs, toMs);
      for (let index = from; index < to; index += 1) {
        const quantity = (part.series.values[index] ?? 0) * perCount;
        sums.total += quantity;
        if (isEstimated(part.series.qualities[index] ?? 0)) sums.estimated += quantity;
      }
    }
  }
  return sums;
}

interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  /** Wh (m3 of a volume that holds no energy) of one count. */
  readonly perCount: number;
}

const JOULES_PER_WH = 3600;

function scalesOf(part: UsagePart, { fromMs, toMs }: Usage): readonly Scale[] {
  const perCount = 10 ** part.scaler * part.multiplier;
  if (part.energyFactors === undefined) return [{ fromMs, toMs, perCount: part.unit === "J" ? perCount / JOULES_PER_WH : perCount }];
  return part.energyFactors.map((factor) => ({
    fromMs: Math.max(factor.fromMs, fromMs),
    toMs: Math.min(factor.toMs, toMs),
    perCount: perCount * Number(factor.volumeFactor) * Number(factor.kwhPerM3) * 1000,
  }));
}
