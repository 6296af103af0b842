import { localDayOf } from "@amity/intervals";
import { dayTypeOf } from "../usage/local-days.ts";
import type { PeakRebateCharge } from "../tariff/tariff.ts";
import { clip, type UsagePart } from "../usage/usage.ts";
import { Money, ZERO } from "./money.ts";
import type { Segment } from "./segment.ts";
import type { DraftLine, RatingState } from "./state.ts";

interface PeakEvent {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * For each event: the mean of the same hours of the most recent similar days (no holidays, no event days), adjusted for
 * the weather, less what was used; never negative (after Portland General Electric's peak-time rebates).
 */
export function ratePeakRebate(charge: PeakRebateCharge, segment: Segment, state: RatingState): readonly DraftLine[] {
  const events = state.input.events?.[charge.events] ?? [];
  return events.flatMap((event, index) => {
    if (event.fromMs < segment.fromMs || event.fromMs >= segment.toMs) return [];
    const actual = energyBetween(state.input.usage.flows.import ?? [], event.fromMs, event.toMs);
    const baseline = baselineKwh(charge, event, events, segment, state);
    const adjustment = new Money(state.input.weatherAdjustmentKwh?.[index] ?? 0);
    const saved = baseline === undefined ? ZERO : Money.max(0, baseline.plus(adjustment).minus(actual ?? ZERO));
    const price = new Money(charge.rate);
    const steps =
      baseline === undefined || actual === undefined
        ? ["no baseline: too few similar days"]
        : [`baseline ${baseline.toFixed()} kWh, weather ${adjustment.toFixed()}, used ${actual.toFixed()}`];
    return [
      {
        quantity: actual === undefined ? ZERO : saved,
        unit: "kWh" as const,
        rate: price.neg(),
        amount: actual === undefined ? ZERO : price.times(saved).neg(),
        trace: { fromMs: event.fromMs, toMs: event.toMs, flow: "import" as const, steps },
      },
    ];
  });
}

function baselineKwh(
  charge: PeakRebateCharge,
  event: PeakEvent,
  events: readonly PeakEvent[],
  segment: Segment,
  state: RatingState,
): Money | undefined {
  const { zone } = segment;
  const parts = [...(state.input.history ?? []), ...(state.input.usage.flows.import ?? [])];
  const eventDay = localDayOf(zone, event.fromMs);
  const eventDays = new Set(events.map((other) => localDayOf(zone, other.fromMs)));
  const { calendar } = segment.ready;
  const typeOf = (day: number) => (calendar.isHoliday(day) ? "holiday" : dayTypeOf(day));
  const found: Money[] = [];
  for (let day = eventDay - 1; day > eventDay - BASELINE_SEARCH_DAYS && found.length < charge.baselineDays; day -= 1) {
    if (eventDays.has(day) || typeOf(day) !== dayTypeOf(eventDay)) continue;
    const guessMs = event.fromMs - (eventDay - day) * 86_400_000;
    const fromMs = guessMs + zone.offsetMsAt(event.fromMs) - zone.offsetMsAt(guessMs);
    const energy = energyBetween(parts, fromMs, fromMs + event.toMs - event.fromMs);
    if (energy !== undefined) found.push(energy);
  }
  if (found.length < charge.baselineDays) return undefined;
  return found.reduce((sum, kwh) => sum.plus(kwh), ZERO).div(found.length);
}

const BASELINE_SEARCH_DAYS = 120;

/** kWh between two instants; undefined where the parts do not cover them. */
function energyBetween(parts: readonly UsagePart[], fromMs: number, toMs: number): Money | undefined {
  let [total, coveredMs] = [ZERO, 0];
  for (const part of parts) {
    const { from, to } = clip(part, fromMs, toMs);
    let counts = 0;
    for (let index = from; index < to; index += 1) counts += part.series.values[index] ?? 0;
    coveredMs += (to - from) * part.series.intervalSeconds * 1000;
    total = total.plus(
      new Money(10)
        .pow(part.scaler - 3)
        .times(part.multiplier)
        .times(counts),
    );
  }
  return coveredMs >= toMs - fromMs ? total : undefined;
}
