import { formatDay } from "@amity/intervals";
import type { DaySpan } from "../../usage/local-days.ts";
import type { VeeContext } from "../context.ts";
import { isClean, isIn, MISSING, NOT_A_BASIS } from "../quality-mask.ts";
import { ruleKind, toCounts, toUnit, type RuleInput } from "../rule-kind.ts";
import { intervalStartMs, type Series } from "../series.ts";
import { eachCrossing } from "./run-crossing.ts";

/** Water near freezing in the meter or the return of a heat meter. */
export const frost = ruleKind({
  summary: "The water in the meter is near freezing.",
  defaults: { limitC: 3 },
  marks: "none",
  check({ series, context }, { limitC }, report) {
    const water = context.mediumTemperature ?? context.heat?.return;
    if (water === undefined) return;
    let from = -1;
    let lowest = Infinity;
    for (let index = 0; index <= series.values.length; index += 1) {
      const tenths = index < series.values.length ? valueAt(water, intervalStartMs(series, index)) : undefined;
      const isCold = tenths !== undefined && tenths <= limitC * 10;
      if (isCold) {
        if (from < 0) [from, lowest] = [index, tenths];
        lowest = Math.min(lowest, tenths);
      } else if (from >= 0) {
        const lowestC = lowest / 10;
        report({
          fromIndex: from,
          toIndex: index,
          numbers: { lowestC, limitC },
          reason: `the water was at ${lowestC} \u00b0C (limit ${limitC} \u00b0C)`,
        });
        from = -1;
      }
    }
  },
});

/** Nothing counted although it is cold enough that this point has always drawn: a stuck meter, or a shut supply nobody noted. */
export const stuck = ruleKind({
  summary: "The meter stands still although it is cold enough to heat.",
  defaults: { minimumHours: 48, heatingLimitC: 10, minimumInUnitPerDay: 0, minimumColdDays: 3 },
  marks: "none",
  check({ series, context }, { minimumHours, heatingLimitC, minimumInUnitPerDay, minimumColdDays }, report) {
    const { temperature, history } = context;
    if (temperature === undefined || history === undefined) return;
    const usual = coldDayUse(beforeStandstill(history), temperature, heatingLimitC, minimumColdDays);
    if (usual === undefined || usual <= toCounts(minimumInUnitPerDay, context)) return;
    const stepHours = series.intervalSeconds / 3600;
    const limit = Math.ceil(minimumHours / stepHours);
    eachCrossing(series, history, { holds: (value) => value === 0, limit }, ({ fromIndex, toIndex, length }) => {
      const outsideC = meanBetween(temperature, intervalStartMs(series, fromIndex), intervalStartMs(series, toIndex));
      if (outsideC === undefined || outsideC > heatingLimitC || hasNoSupply(context, series, fromIndex, toIndex)) return;
      const hours = length * stepHours;
      const usualInUnitPerDay = toUnit(usual, context);
      report({
        fromIndex,
        toIndex,
        numbers: { hours, minimumHours, outsideC, heatingLimitC, usualInUnitPerDay },
        reason: `nothing counted for ${hours} h at ${outsideC.toFixed(1)} \u00b0C outside, where ${usualInUnitPerDay.toPrecision(3)} ${context.channel.unit} a day are usual`,
      });
    });
  },
});

/** Water flows and no energy comes of it, or the return is warmer than the supply: sensors or pipes are swapped. */
export const supplyReturnSwapped = ruleKind({
  summary: "Heating water flows without energy: supply and return may be swapped.",
  defaults: { minimumHours: 6, minimumM3PerHour: 0.01 },
  marks: "none",
  check({ series, context }, { minimumHours, minimumM3PerHour }, report) {
    const { heat } = context;
    const volume = heat?.volume;
    if (heat === undefined || volume === undefined) return;
    const stepHours = series.intervalSeconds / 3600;
    const least = Math.ceil(minimumHours / stepHours);
    let run = { from: -1, m3: 0 };
    for (let index = 0; index <= series.values.length; index += 1) {
      const m3 = index < series.values.length ? volumeAt(heat, intervalStartMs(series, index)) : undefined;
      const isIdle = m3 !== undefined && m3 >= minimumM3PerHour * stepHours && (series.values[index] ?? 0) <= 0 && isKnown(series, index);
      if (isIdle) {
        run = run.from < 0 ? { from: index, m3 } : { from: run.from, m3: run.m3 + m3 };
        continue;
      }
      if (run.from >= 0 && index - run.from >= least) {
        const hours = (index - run.from) * stepHours;
        const numbers = { hours, minimumHours, volumeM3: run.m3, ...differenceOf(heat, intervalStartMs(series, run.from)) };
        report({
          fromIndex: run.from,
          toIndex: index,
          numbers,
          reason: `${run.m3.toFixed(3)} m\u00b3 of heating water in ${hours} h and no energy of it`,
        });
      }
      run = { from: -1, m3: 0 };
    }
  },
});

/** kWh that a cubic metre of heating water gives up for each kelvin, near 50 degC (EN 1434-1, heat coefficient). */
const HEAT_COEFFICIENT = 1.146;

/** Energy for the volume says that supply and return differ by too little: a short circuit, a valve that does not close. */
export const temperatureDifference = ruleKind({
  summary: "Supply and return differ by too little over a day.",
  defaults: { minimumK: 3, minimumM3PerDay: 0.1, heatCoefficient: HEAT_COEFFICIENT },
  marks: "none",
  check(input, { minimumK, minimumM3PerDay, heatCoefficient }, report) {
    eachHeatDay(input, (span, energyKwh, volumeM3) => {
      if (volumeM3 < minimumM3PerDay || energyKwh <= 0) return;
      const differenceK = energyKwh / (heatCoefficient * volumeM3);
      if (differenceK >= minimumK) return;
      report({
        fromIndex: span.from,
        toIndex: span.to,
        numbers: { differenceK, minimumK, energyKwh, volumeM3 },
        reason: `${formatDay(span.day)}: ${energyKwh.toFixed(1)} kWh from ${volumeM3.toFixed(2)} m\u00b3 is a difference of ${differenceK.toFixed(1)} K (limit ${minimumK} K)`,
      });
    });
  },
});

/** Energy against volume times temperature difference, hour by hour over a day. */
export const heatBalance = ruleKind({
  summary: "The energy does not fit volume times temperature difference.",
  defaults: { tolerancePercent: 15, minimumKwhPerDay: 2, heatCoefficient: HEAT_COEFFICIENT },
  marks: "none",
  check(input, { tolerancePercent, minimumKwhPerDay, heatCoefficient }, report) {
    const { heat } = input.context;
    if (heat?.supply === undefined || heat.return === undefined) return;
    eachHeatDay(input, (span, energyKwh) => {
      let expectedKwh = 0;
      for (let index = span.from; index < span.to; index += 1) {
        const atMs = intervalStartMs(input.series, index);
        const difference = differenceOf(heat, atMs).differenceK;
        if (difference === undefined) return;
        expectedKwh += heatCoefficient * (volumeAt(heat, atMs) ?? 0) * difference;
      }
      if (Math.max(expectedKwh, energyKwh) < minimumKwhPerDay) return;
      const deviationPercent = expectedKwh === 0 ? Infinity : (100 * (energyKwh - expectedKwh)) / expectedKwh;
      if (Math.abs(deviationPercent) <= tolerancePercent) return;
      report({
        fromIndex: span.from,
        toIndex: span.to,
        numbers: { energyKwh, expectedKwh, deviationPercent, tolerancePercent },
        reason: `${formatDay(span.day)}: ${energyKwh.toFixed(1)} kWh counted, ${expectedKwh.toFixed(1)} kWh from volume and temperatures (tolerance ${tolerancePercent} %)`,
      });
    });
  },
});

type Heat = NonNullable<VeeContext["heat"]>;

/** The whole days whose energy and volume are known, in kWh and m3. */
function eachHeatDay(input: RuleInput, visit: (span: DaySpan, energyKwh: number, volumeM3: number) => void): void {
  const { series, context } = input;
  const { heat } = context;
  if (heat?.volume === undefined) return;
  const perUnit = context.channel.unit === "J" ? 3_600_000 : 1000;
  for (const span of input.days()) {
    if (!span.complete || !isClean(series.qualities, span.from, span.to, NOT_A_BASIS)) continue;
    let [energy, volume, isWhole] = [0, 0, true];
    for (let index = span.from; index < span.to && isWhole; index += 1) {
      const m3 = volumeAt(heat, intervalStartMs(series, index));
      isWhole = m3 !== undefined;
      energy += series.values[index] ?? 0;
      volume += m3 ?? 0;
    }
    if (isWhole) visit(span, toUnit(energy, context) / perUnit, volume);
  }
}

function volumeAt(heat: Heat, atMs: number): number | undefined {
  const counts = heat.volume === undefined ? undefined : valueAt(heat.volume, atMs);
  return counts === undefined ? undefined : counts * 10 ** (heat.volumeScaler ?? 0);
}

function differenceOf(heat: Heat, atMs: number): { differenceK?: number } {
  const [supply, back] = [heat.supply, heat.return].map((series) => (series === undefined ? undefined : valueAt(series, atMs)));
  return supply === undefined || back === undefined ? {} : { differenceK: (supply - back) / 10 };
}

/** The value whose interval holds an instant; `undefined` where there is none. */
function valueAt(series: Series, atMs: number): number | undefined {
  const index = Math.floor((atMs - series.startMs) / (series.intervalSeconds * 1000));
  return index < 0 || index >= series.values.length || !isKnown(series, index) ? undefined : series.values[index];
}

function isKnown(series: Series, index: number): boolean {
  return !isIn(series.qualities[index] ?? 0, MISSING);
}

/** Mean of tenths of a degree over a time, in degrees. */
function meanBetween(temperature: Series, fromMs: number, toMs: number): number | undefined {
  const stepMs = temperature.intervalSeconds * 1000;
  let [sum, count] = [0, 0];
  for (let atMs = fromMs; atMs < toMs; atMs += stepMs) {
    const value = valueAt(temperature, atMs);
    if (value === undefined) continue;
    sum += value;
    count += 1;
  }
  return count === 0 ? undefined : sum / count / 10;
}

const DAY_MS = 86_400_000;

/** The history up to its last value above zero. */
function beforeStandstill(history: Series): Series {
  let end = history.values.length;
  while (end > 0 && (history.values[end - 1] ?? 0) === 0) end -= 1;
  return { ...history, values: history.values.subarray(0, end), qualities: history.qualities.subarray(0, end) };
}

/** Mean counts of the history's days on which it was as cold as `limitC`; `undefined` where there were too few. */
function coldDayUse(history: Series, temperature: Series, limitC: number, minimumDays: number): number | undefined {
  const perDay = 86_400 / history.intervalSeconds;
  let [total, days] = [0, 0];
  for (let from = 0; from + perDay <= history.values.length; from += perDay) {
    const startMs = intervalStartMs(history, from);
    const mean = meanBetween(temperature, startMs, startMs + DAY_MS);
    if (mean === undefined || mean > limitC || !isClean(history.qualities, from, from + perDay, NOT_A_BASIS)) continue;
    for (let index = from; index < from + perDay; index += 1) total += history.values[index] ?? 0;
    days += 1;
  }
  return days >= minimumDays ? total / days : undefined;
}

function hasNoSupply({ spans }: VeeContext, series: Series, from: number, to: number): boolean {
  const [fromMs, toMs] = [intervalStartMs(series, from), intervalStartMs(series, to)];
  return (spans ?? []).some(
    ({ kind, ...span }) => (kind === "disconnected" || kind === "inactive") && span.fromMs < toMs && span.toMs > fromMs,
  );
}
