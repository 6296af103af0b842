import { isEstimated } from "@amity/model";
import { clip, type Usage } from "../usage/usage.ts";

/** What a usage sums up to. */
export interface UsageTotals {
  readonly importWh: number;
  /** Share of the imported energy that is estimated, 0 to 1. */
  readonly estimatedShare: number;
}

/** Sums the import of a usage in Wh. */
export function usageTotals(usage: Usage): UsageTotals {
  let importWh = 0;
  let estimatedWh = 0;
  for (const part of usage.flows.import ?? []) {
    const { from, to } = clip(part, usage.fromMs, usage.toMs);
    const whPerCount = 10 ** part.scaler * part.multiplier;
    for (let index = from; index < to; index += 1) {
      const energyWh = (part.series.values[index] ?? 0) * whPerCount;
      importWh += energyWh;
      if (isEstimated(part.series.qualities[index] ?? 0)) estimatedWh += energyWh;
    }
  }
  return { importWh, estimatedShare: importWh === 0 ? 0 : Math.min(1, estimatedWh / importWh) };
}
