import type { Zone } from "@amity/intervals";
import { parseDecimal, type ProfileBlock } from "@amity/iec62056-21";
import { QUALITY, type IntervalSeries, type MeterId, type Unit } from "@amity/model";
import type { CollectedProfile } from "../driver.ts";
import { instantOfLocal } from "../local/meter-zone.ts";
import { quantityOf } from "../local/quantity.ts";

const ENERGY: Readonly<Record<string, string>> = { W: "Wh", var: "varh", VA: "VAh" };

/** How a column becomes the quantity of an interval. */
interface Column {
  readonly channel: string;
  readonly unit: Unit;
  /** Added to the scaler of each value. */
  readonly exponent: number;
  /** Each value times this: a mean power of a quarter-hour is 25 hundredths of its energy. */
  readonly factor: number;
}

/**
 * Blocks of a load profile as intervals: energies of the period (`1.29`, or any column in kWh) as they are, mean powers (`1.5`, `1.4`)
 * as the energy that they stand for, exactly, where the period divides the hour so. Other columns are left out.
 */
export function intervalsOfBlocks(meterId: MeterId, blocks: readonly ProfileBlock[], zone: Zone): CollectedProfile {
  const intervals = blocks.flatMap((block) => seriesOfBlock(meterId, block, zone));
  const newestMs = intervals.reduce<number | undefined>((newest, { startMs, intervalSeconds, values }) => {
    const endMs = startMs + intervalSeconds * 1000 * values.length;
    return newest === undefined ? endMs : Math.max(newest, endMs);
  }, undefined);
  const rows = blocks.reduce((sum, block) => sum + block.rows.length, 0);
  return { intervals, registers: [], events: [], newestMs, rows };
}

function seriesOfBlock(meterId: MeterId, block: ProfileBlock, zone: Zone): IntervalSeries[] {
  const { intervalMinutes, rows, channels, start } = block;
  const periodMs = intervalMinutes * 60_000;
  const [first] = rows;
  if (first === undefined || periodMs === 0) return [];
  const isSummer = start.season === undefined ? undefined : start.season === "summer";
  const localEndMs = Date.parse(`${first.end}Z`);
  const startMs = (start.season === "utc" ? localEndMs : instantOfLocal(zone, localEndMs, isSummer)) - periodMs;
  // A block that begins off the grid (after a power failure) has a first interval that is none.
  if (startMs % periodMs !== 0) return [];
  return channels.flatMap(({ code, unit }, index) => {
    const column = columnOf(code, unit, intervalMinutes);
    if (column === undefined) return [];
    return runsOf(rows.map(({ values }) => values[index]?.value ?? "")).map(({ from, numbers }) => {
      const scaler = Math.min(...numbers.map((number) => number.scaler));
      const values = Float64Array.from(numbers, (number) => Number(number.value) * 10 ** (number.scaler - scaler) * column.factor);
      return {
        meterId,
        channel: column.channel,
        unit: column.unit,
        scaler: scaler + column.exponent,
        intervalSeconds: periodMs / 1000,
        startMs: startMs + from * periodMs,
        values,
        qualities: new Uint16Array(values.length).fill(QUALITY.raw),
      };
    });
  });
}

/** Stretches of rows in which the column has a number. */
function runsOf(texts: readonly string[]): { from: number; numbers: { value: bigint; scaler: number }[] }[] {
  const runs: { from: number; numbers: { value: bigint; scaler: number }[] }[] = [];
  let isOpen = false;
  for (const [index, text] of texts.entries()) {
    const number = parseDecimal(text);
    if (number === undefined) {
      isOpen = false;
      continue;
    }
    if (isOpen) runs.at(-1)?.numbers.push(number);
    else runs.push({ from: index, numbers: [number] });
    isOpen = true;
  }
  return runs;
}

function columnOf(code: string, unit: string, intervalMinutes: number): Column | undefined {
  const quantity = /^(?:\d+-\d+:)?(\d+)\./.exec(code)?.[1];
  const known = quantityOf({ value: 0n, scaler: 0 }, unit);
  if (quantity === undefined || known === undefined) return undefined;
  const channel = `1-0:${quantity}.8.0`;
  if (known.unit === "Wh" || known.unit === "varh" || known.unit === "VAh")
    return { channel, unit: known.unit, exponent: known.scaler, factor: 1 };
  const energy = ENERGY[known.unit];
  const share = EXACT_SHARES[intervalMinutes];
  if (energy === undefined || share === undefined) return undefined;
  return { channel, unit: energy as Unit, exponent: known.scaler + share.exponent, factor: share.factor };
}

/** Shares of an hour that are whole numbers of a power of ten. */
const EXACT_SHARES: Readonly<Record<number, { readonly factor: number; readonly exponent: number }>> = {
  3: { factor: 5, exponent: -2 },
  6: { factor: 1, exponent: -1 },
  15: { factor: 25, exponent: -2 },
  30: { factor: 5, exponent: -1 },
  60: { factor: 1, exponent: 0 },
};
