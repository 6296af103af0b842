import { DecodeError } from "@amity/bytes";
import { errorOf, formatDataSet, type DataSet, type DataValue } from "../message/data-set.ts";

/** The meter's local time as it stands in a profile (VDEW `ZST`): digits, with the season where it was sent. */
export interface ProfileTime {
  readonly season: "normal" | "summer" | "utc" | undefined;
  /** Two digits on the wire: 2000 to 2099. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** One row: the values of every channel for the interval that ended then. */
export interface ProfileRow {
  /** End of the interval by the meter's clock, in the header's season throughout: `2022-08-23T16:15:00`. */
  readonly end: string;
  readonly values: readonly DataValue[];
}

/** `P.01(ZST)(S)(m)(n)(channel)(unit)…(values)…`: a header and its rows. A new header follows wherever the status changes. */
export interface ProfileBlock {
  /** `P.01`, `P.02` …; logs are `P.98` and `P.99`. */
  readonly profile: string;
  /** End of the first interval; for logs the time of the event. */
  readonly start: ProfileTime;
  readonly status: string;
  /** 0 for logs, whose rows have no interval. */
  readonly intervalMinutes: number;
  readonly channels: readonly { readonly code: string; readonly unit: string }[];
  readonly rows: readonly ProfileRow[];
}

/** Blocks as far as they were sound, and what was wrong with the rest. */
export interface Profile {
  readonly blocks: readonly ProfileBlock[];
  /** What stands in place of a block, e.g. `ERROR`: meters that have nothing for the time asked for say so. */
  readonly refusals: readonly string[];
  readonly problems: readonly DecodeError[];
}

const CHANNELS_MAX = 64;
const HEADER_VALUES = 4;

/** Reads every profile block among the data sets of an answer to R5 or R6. */
export function parseProfile(dataSets: readonly DataSet[]): Profile {
  const blocks: ProfileBlock[] = [];
  const refusals: string[] = [];
  const problems: DecodeError[] = [];
  for (const dataSet of dataSets) {
    if (!/^(?:\d+-\d+:)?P\.\d+$/i.test(dataSet.address)) continue;
    const refused = dataSet.values.length === 1 ? errorOf(dataSet.values[0]?.value ?? "") : undefined;
    if (refused !== undefined) {
      refusals.push(refused);
      continue;
    }
    try {
      blocks.push(parseBlock(dataSet, problems));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      problems.push(error);
    }
  }
  return { blocks, refusals, problems };
}

function parseBlock({ address, values, offset }: DataSet, problems: DecodeError[]): ProfileBlock {
  const [stamp, status, interval, count] = values;
  if (stamp === undefined || status === undefined || interval === undefined || count === undefined) {
    throw new DecodeError("a profile header has time, status, interval and channels", { offset, code: "truncated" });
  }
  const start = parseProfileTime(stamp.value);
  if (start === undefined) throw new DecodeError(`"${stamp.value}" is no time of a profile`, { offset: stamp.offset, code: "time" });
  const channelCount = Number(count.value);
  if (!/^\d+$/.test(count.value) || channelCount > CHANNELS_MAX) {
    throw new DecodeError(`"${count.value}" channels: at most ${CHANNELS_MAX}`, { offset: count.offset, code: "limit" });
  }
  if (!/^\d{0,4}$/.test(interval.value)) {
    throw new DecodeError(`"${interval.value}" is no interval`, { offset: interval.offset, code: "interval" });
  }
  const head = HEADER_VALUES + 2 * channelCount;
  if (values.length < head) throw new DecodeError(`${channelCount} channels are announced, not named`, { offset, code: "truncated" });
  const channels = Array.from({ length: channelCount }, (_, index) => ({
    code: values[HEADER_VALUES + 2 * index]?.value ?? "",
    unit: values[HEADER_VALUES + 2 * index + 1]?.value ?? "",
  }));
  const intervalMinutes = Number(interval.value);
  const rows = rowsOf(values.slice(head), channelCount, start, intervalMinutes);
  const left = channelCount === 0 ? 0 : (values.length - head) % channelCount;
  if (left > 0) {
    const at = values[values.length - left]?.offset ?? offset;
    problems.push(new DecodeError(`the last row has ${left} of ${channelCount} values`, { offset: at, code: "truncated" }));
  }
  return { profile: address, start, status: status.value, intervalMinutes, channels, rows };
}

function rowsOf(values: readonly DataValue[], width: number, start: ProfileTime, intervalMinutes: number): ProfileRow[] {
  const rows: ProfileRow[] = [];
  if (width === 0) return rows;
  const firstMs = asUtcMs(start);
  for (let at = 0; at + width <= values.length; at += width) {
    const endMs = firstMs + rows.length * intervalMinutes * 60_000;
    rows.push({ end: new Date(endMs).toISOString().slice(0, 19), values: values.slice(at, at + width) });
  }
  return rows;
}

/** The digits as if they were UTC: for arithmetic within one season only. */
function asUtcMs({ year, month, day, hour, minute, second }: ProfileTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const SEASONS = { "0": "normal", "1": "summer", "2": "utc" } as const;

/** `[s]YYMMDDhhmm[ss]`, with a season digit or without. `undefined` for what is no time. */
export function parseProfileTime(digits: string): ProfileTime | undefined {
  const match = /^([012]?)(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?$/.exec(digits);
  if (match === null) return undefined;
  const [, season = "", ...rest] = match;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = rest.map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 59) return undefined;
  return { season: SEASONS[season as keyof typeof SEASONS], year: 2000 + year, month, day, hour, minute, second };
}

/** The 13 digits of `ZSTs13`, 12 where there is no season. */
export function formatProfileTime(time: ProfileTime): string {
  const season = { normal: "0", summer: "1", utc: "2" };
  const parts = [time.year - 2000, time.month, time.day, time.hour, time.minute, time.second];
  return (time.season === undefined ? "" : season[time.season]) + parts.map((part) => String(part).padStart(2, "0")).join("");
}

/** The data set of R5 and R6: `P.01(from;to)`, either end may be left open. */
export function profileRequest(profile: string, from?: ProfileTime, to?: ProfileTime): string {
  const end = (time: ProfileTime | undefined): string => (time === undefined ? "" : formatProfileTime(time));
  return `${profile}(${end(from)};${end(to)})`;
}

/** The other direction, for meters: a block as text, a row a line. */
export function formatProfileBlock(block: Omit<ProfileBlock, "rows"> & { readonly rows: readonly (readonly string[])[] }): string {
  const { profile, start, status, intervalMinutes, channels, rows } = block;
  const header = [formatProfileTime(start), status, String(intervalMinutes), String(channels.length)];
  const names = channels.flatMap(({ code, unit }) => [code, unit]);
  const head = formatDataSet({ address: profile, values: [...header, ...names].map((value) => ({ value })) });
  return [head, ...rows.map((row) => row.map((value) => `(${value})`).join(""))].join("\r\n") + "\r\n";
}
