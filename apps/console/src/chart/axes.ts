import type uPlot from "uplot";
import { clockTime, shortDay } from "../ui/format.ts";
import { cssColour } from "../ui/theme.ts";
import { zoneOffsetMs } from "../ui/zone-days.ts";

const FONT = '400 12px "IBM Plex Sans Variable", sans-serif';
const DAY = 86_400;
const STEPS_S = [900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 365 * DAY];

/** The x axis in the utility's zone: hours of the day, dates at midnight. */
export function timeAxis(zone: string): uPlot.Axis {
  return {
    stroke: cssColour("ink-3"),
    font: FONT,
    size: 30,
    gap: 6,
    grid: { show: false },
    ticks: { stroke: cssColour("line-strong"), width: 1, size: 5 },
    splits: (self, _axis, min, max) => civilSplits(zone, min, max, self.bbox.width / devicePixelRatio),
    values: (_self, splits) => {
      const step = (splits[1] ?? 0) - (splits[0] ?? 0);
      return splits.map((at) => {
        const midnight = Math.round(at + zoneOffsetMs(zone, at * 1000) / 1000) % DAY === 0;
        return step >= DAY - 3_600 || midnight ? shortDay(at * 1000, zone) : clockTime(at * 1000, zone);
      });
    },
  };
}

/** Ticks on round civil times; after a clock change they stay round. */
function civilSplits(zone: string, min: number, max: number, width: number): number[] {
  const wanted = (max - min) / Math.max(2, width / 74);
  const step = STEPS_S.find((candidate) => candidate >= wanted) ?? 365 * DAY;
  const splits: number[] = [];
  let civil = Math.ceil((min + zoneOffsetMs(zone, min * 1000) / 1000) / step) * step;
  for (let guard = 0; guard < 200; guard += 1, civil += step) {
    const first = civil - zoneOffsetMs(zone, civil * 1000) / 1000;
    const at = civil - zoneOffsetMs(zone, first * 1000) / 1000;
    if (at > max) break;
    if (at >= min) splits.push(at);
  }
  return splits;
}

/** The y axis in a unit with its prefix: labels never round to the same text, and always fit. */
export function quantityAxis(unit: string): uPlot.Axis {
  return {
    stroke: cssColour("ink-3"),
    font: FONT,
    size: 62,
    gap: 6,
    grid: { stroke: cssColour("line"), width: 1 },
    ticks: { show: false },
    values: (_self, splits) => {
      const largest = Math.max(...splits.map(Math.abs));
      const [factor, prefix] = largest >= 1e6 ? [1e6, "M"] : largest >= 1e3 ? [1e3, "k"] : [1, ""];
      const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) / factor;
      const digits = [0, 1, 2].find((places) => Math.abs(step * 10 ** places - Math.round(step * 10 ** places)) < 1e-6) ?? 3;
      return splits.map((value) => (value === 0 ? "0" : `${(value / factor).toFixed(digits)} ${prefix}${unit}`));
    },
  };
}

/** From zero (or the most negative value) to a little above the largest. */
export function fromZero(_self: uPlot, min: number | null, max: number | null): [number, number] {
  const top = Math.max(max ?? 0, 1);
  const bottom = Math.min(min ?? 0, 0);
  return [bottom * 1.08, top * 1.08];
}
