import { UsageError } from "@amity/bytes";
import type { DemandCharge } from "../tariff/tariff.ts";
import { apparentOf, peakWindow } from "../usage/demand.ts";
import { powerFactorAdjustedKw } from "../usage/power-factor.ts";
import { intervalStartMs } from "../vee/series.ts";
import type { LineTrace } from "./bill.ts";
import { selectionMask } from "./energy-charge.ts";
import { Money, roundBy, settled, ZERO } from "./money.ts";
import { energyKwh, flowOf, periodIndices, type FlowPart, type Segment } from "./segment.ts";
import type { DraftLine, RatingState } from "./state.ts";
import { splitTiers } from "./tiers.ts";

type PeakTrace = NonNullable<LineTrace["peaks"]>[number];

interface Demand {
  readonly kw: Money;
  /** As measured and adjusted, before ratchet and minimum: what later ratchets look back on. */
  readonly own?: Money;
  readonly peaks: readonly PeakTrace[];
  readonly steps: readonly string[];
}

/** Measured demand, then power factor, kVA share, ratchet, minimum, excess; priced by the months the segment stands for. */
export function rateDemand(charge: DemandCharge, segment: Segment, state: RatingState): readonly DraftLine[] {
  const demand = billedDemand(charge, segment, state);
  state.demands.set(charge.id, demand.kw);
  const own = demand.own ?? demand.kw;
  if (charge.measure === "kW" && (state.peakKw === undefined || own.gt(state.peakKw))) state.peakKw = own;
  const trace = {
    flow: charge.flow ?? "import",
    peaks: demand.peaks,
    steps: demand.steps,
    ...(charge.periods === undefined ? {} : { periods: charge.periods }),
  } as const;
  // Daily demands add up over the days and need no share of the month.
  const months = charge.assessed === "day" ? new Money(1) : segment.months;
  if (charge.tiers !== undefined) {
    return splitTiers(demand.kw, { ...charge.tiers, basis: "bill" }, { days: segment.days, months, kw: undefined }).map((portion) => ({
      quantity: portion.quantity,
      unit: charge.measure,
      rate: portion.rate,
      amount: portion.rate.times(portion.quantity).times(months),
      label: `${charge.label}, tier ${portion.tier}`,
      trace,
    }));
  }
  if (charge.rate === undefined) throw new UsageError(`charge ${charge.id} has neither rate nor tiers`, { code: "tariff-invalid" });
  const price = new Money(charge.rate);
  return [{ quantity: demand.kw, unit: charge.measure, rate: price, amount: price.times(demand.kw).times(months), trace }];
}

function billedDemand(charge: DemandCharge, segment: Segment, state: RatingState): Demand {
  const measured = measuredDemand(charge, charge.periods, segment, state);
  const steps = [`measured ${measured.kw.toFixed()} ${charge.measure}`];
  let { kw } = measured;
  const apply = (next: Money, step: string) => {
    if (!next.eq(kw)) steps.push(`${step}: ${next.toFixed()}`);
    kw = next;
  };
  if (charge.powerFactorTarget !== undefined)
    apply(
      powerFactorAdjustedKw(kw, averagePowerFactor(segment, state), charge.powerFactorTarget),
      `power factor below ${charge.powerFactorTarget}`,
    );
  if (charge.kvaShare !== undefined) {
    const kva = measuredDemand({ ...charge, measure: "kVA" }, charge.periods, segment, state).kw.times(charge.kvaShare);
    apply(Money.max(kw, kva), `at least ${charge.kvaShare} of the kVA`);
  }
  if (charge.inExcessOf !== undefined) {
    const other = measuredDemand(charge, charge.inExcessOf, segment, state).kw;
    apply(Money.max(0, kw.minus(other)), `in excess of ${other.toFixed()} in ${charge.inExcessOf.join(", ")}`);
  }
  const own = kw;
  if (charge.ratchet !== undefined)
    apply(Money.max(kw, ratchetFloor(charge.ratchet, state)), `ratchet ${charge.ratchet.percent} % over ${charge.ratchet.months} months`);
  if (charge.minimumKw !== undefined) apply(Money.max(kw, charge.minimumKw), `minimum ${charge.minimumKw}`);
  apply(roundBy(kw, charge.quantityRounding), "rounded");
  return { kw, own, peaks: measured.peaks, steps };
}

function ratchetFloor(ratchet: NonNullable<DemandCharge["ratchet"]>, state: RatingState): Money {
  const months = (state.input.demandHistory ?? [])
    .slice(-ratchet.months)
    .filter((entry) => ratchet.onlyMonths === undefined || ratchet.onlyMonths.includes(entry.month));
  return months
    .reduce((highest, entry) => Money.max(highest, entry.kw), ZERO)
    .times(ratchet.percent)
    .div(100);
}

function measuredDemand(charge: DemandCharge, periodNames: readonly string[] | undefined, segment: Segment, state: RatingState): Demand {
  const periods = periodIndices(segment, periodNames, charge.id);
  let best: Demand = { kw: ZERO, peaks: [], steps: [] };
  let daily = ZERO;
  const peaks: PeakTrace[] = [];
  for (const part of flowOf(segment, state.input, charge.flow ?? "import")) {
    const values = charge.measure === "kVA" ? apparentValues(part, segment, state, charge.id) : part.part.series.values;
    const mask = maskFor(charge, part, periods, state);
    const windows = charge.assessed === "day" ? dayWindows(part, segment) : [{ from: part.from, to: part.to }];
    for (const window of windows) {
      const peak = peakWindow(values, part.part, {
        windowMinutes: charge.windowMinutes,
        offsetMs: segment.zone.offsetMsAt(segment.fromMs),
        sliding: charge.sliding ?? false,
        ...window,
        ...(mask === undefined ? {} : { mask }),
      });
      if (peak.at < 0) continue;
      const kw = settled(part.kwhPerCount.times(peak.counts).times(60).div(charge.windowMinutes));
      const trace = {
        channelId: part.part.channelId,
        atMs: intervalStartMs(part.part.series, peak.at),
        windowMinutes: charge.windowMinutes,
      };
      if (charge.assessed === "day") {
        daily = daily.plus(kw);
        peaks.push(trace);
      } else if (kw.gt(best.kw)) best = { kw, peaks: [trace], steps: [] };
    }
  }
  return charge.assessed === "day" ? { kw: daily, peaks, steps: [] } : best;
}

function maskFor(
  charge: DemandCharge,
  part: FlowPart,
  periods: ReadonlySet<number> | undefined,
  state: RatingState,
): Uint8Array | undefined {
  if (charge.coincident === undefined) return periods === undefined ? undefined : selectionMask(part, periods, {}, state.input);
  const windowMs = charge.windowMinutes * 60_000;
  const mask = new Uint8Array(part.part.series.values.length);
  for (const instant of state.input.coincidentPeaks?.[charge.coincident] ?? []) {
    const from = Math.ceil((instant - part.part.series.startMs) / (part.part.series.intervalSeconds * 1000));
    const to = Math.ceil((instant + windowMs - part.part.series.startMs) / (part.part.series.intervalSeconds * 1000));
    for (let index = Math.max(part.from, from); index < Math.min(part.to, to); index += 1) mask[index] = 1;
  }
  return mask;
}

function apparentValues(part: FlowPart, segment: Segment, state: RatingState, chargeId: string): Float64Array {
  const { series } = part.part;
  for (const other of flowOf(segment, state.input, "reactiveImport")) {
    const shift = (series.startMs - other.part.series.startMs) / (series.intervalSeconds * 1000);
    if (
      Number.isInteger(shift) &&
      other.part.series.intervalSeconds === series.intervalSeconds &&
      other.part.scaler === part.part.scaler &&
      other.part.multiplier === part.part.multiplier
    ) {
      return apparentOf(series.values, other.part.series.values, shift);
    }
  }
  throw new UsageError(`charge ${chargeId}: kVA needs a reactive channel on the grid of ${part.part.channelId}`, {
    code: "reactive-missing",
  });
}

function averagePowerFactor(segment: Segment, state: RatingState): Money {
  const active = energyKwh(flowOf(segment, state.input, "import"), undefined);
  const reactive = energyKwh(flowOf(segment, state.input, "reactiveImport"), undefined);
  const apparent = active.pow(2).plus(reactive.pow(2)).sqrt();
  return apparent.isZero() ? new Money(1) : active.div(apparent);
}

function dayWindows(part: FlowPart, segment: Segment): readonly { from: number; to: number }[] {
  const windows: { from: number; to: number }[] = [];
  const { series } = part.part;
  let from = part.from;
  let day = Number.NaN;
  for (let index = part.from; index <= part.to; index += 1) {
    const atMs = intervalStartMs(series, index);
    const localDay = index === part.to ? Number.NaN : Math.floor((atMs + segment.zone.offsetMsAt(atMs)) / 86_400_000);
    if (localDay === day) continue;
    if (index > from) windows.push({ from, to: index });
    from = index;
    day = localDay;
  }
  return windows;
}
