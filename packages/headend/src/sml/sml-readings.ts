import { obisText, unitName, type SmlContent, type SmlReading, type SmlTime } from "@amity/sml";
import { QUALITY, type MeterId, type RegisterReading } from "@amity/model";
import { quantityOf } from "../local/quantity.ts";
import { intervalsOfRows } from "../dlms/interval-runs.ts";
import type { ProfileColumn, ProfileRows } from "../dlms/profile-rows.ts";
import type { CollectedProfile } from "../driver.ts";

/** `1-0:1.8.0` of `1-0:1.8.0*255`; codes with another storage group are past values and are not taken for current ones. */
export function channelOfObis(obis: string): string | undefined {
  const found = /^(\d+-\d+:\d+\.\d+\.\d+)(?:\*255)?$/.exec(obis);
  return found?.[1];
}

/** Registers of a list: everything with a number and a unit of the model. The meter seldom knows the time: they are stamped with ours. */
export function registersOfSml(meterId: MeterId, readings: readonly SmlReading[], atMs: number): RegisterReading[] {
  return readings.flatMap(({ obis, number, unit }) => {
    const channel = channelOfObis(obis);
    const quantity = number === undefined || unit === undefined ? undefined : quantityOf(number, unit);
    if (channel === undefined || quantity === undefined) return [];
    return [{ meterId, channel, ...quantity, atMs, quality: QUALITY.raw }];
  });
}

/** Instants of SML; `undefined` for a seconds index, which counts from nobody knows when. */
export function instantOfSml(time: SmlTime): number | undefined {
  return time.kind === "secondsIndex" ? undefined : time.seconds * 1000;
}

/** A profile pack as intervals: its columns are cumulative registers. Rows without a time are left out. */
export function profileOfPack(meterId: MeterId, pack: SmlContent<"getProfilePackResponse">): CollectedProfile {
  const rows = pack.periodList.flatMap((period) => {
    const atMs = instantOfSml(period.valTime);
    return atMs === undefined ? [] : [{ atMs, values: period.valueList.map(({ value }) => value) }];
  });
  const columns = pack.headerList.flatMap(({ objName, unit, scaler }, index): ProfileColumn[] => {
    const channel = channelOfObis(obisText(objName) ?? "");
    const values = Float64Array.from(rows, ({ values: cells }) => {
      const cell = cells[index];
      return cell?.kind === "integer" || cell?.kind === "unsigned" ? safeNumber(cell.value) : Number.NaN;
    });
    const known = quantityOf({ value: 0n, scaler }, unitName(unit) ?? "");
    return channel === undefined || known === undefined ? [] : [{ channel, unit: known.unit, scaler: known.scaler, values }];
  });
  const table: ProfileRows = {
    timesMs: Float64Array.from(rows, ({ atMs }) => atMs),
    statuses: new Uint32Array(rows.length),
    columns,
    periodSeconds: pack.regPeriod,
  };
  return intervalsOfRows(meterId, table);
}

/** Beyond 2^53 there is no exact number: as good as none. */
function safeNumber(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : Number.NaN;
}
