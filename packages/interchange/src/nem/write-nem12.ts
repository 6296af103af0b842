import { UsageError } from "@amity/bytes";
import { DAY_MS } from "@amity/intervals";
import { QUALITY, type IntervalSeries } from "@amity/model";
import { digitsOfMs } from "../civil-digits.ts";
import { formatScaled } from "../decimal.ts";
import type { InterchangeRecord } from "../records.ts";
import { nemSuffixOf, nemUomOf } from "./nem-channel.ts";
import { nemOfQuality } from "./nem-quality.ts";
import { NEM_OFFSET_MS } from "./read-nem.ts";

export interface NemOptions {
  /** Participant ids of sender and receiver. */
  readonly from: string;
  readonly to: string;
  /** When the file is made, UTC ms. */
  readonly createdMs: number;
}

/** One day of one channel while its intervals come in. */
interface OpenDay {
  readonly day: number;
  readonly values: (number | undefined)[];
  readonly qualities: number[];
}

const LENGTHS_MIN = new Set([1, 5, 10, 15, 30, 60]);

/**
 * Writes interval series as NEM12 (AEMO Meter Data File Format), day by day in NEM time. Series of one channel come one
 * after another, in time order. Intervals that a day lacks are written as null data (quality N). Other records are skipped:
 * registers go into NEM13.
 * @throws UsageError `not-representable` for NMIs, channels, units or lengths that the format has no words for.
 */
export async function* writeNem12(records: AsyncIterable<InterchangeRecord>, options: NemOptions): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`${nemHeader("NEM12", options)}\n`);
  let writer: ChannelWriter | undefined;
  for await (const record of records) {
    if (record.kind !== "intervals") continue;
    const head = channelRecord(record.usagePointId, record.series);
    const lines: string[] = [];
    if (writer?.head !== head) {
      writer?.end(lines);
      writer = new ChannelWriter(head, record.series, nemInstant(options.createdMs));
      lines.push(head);
    }
    writer.series(record.series, lines);
    if (lines.length > 0) yield encoder.encode(`${lines.join("\n")}\n`);
  }
  const lines: string[] = [];
  writer?.end(lines);
  yield encoder.encode(`${[...lines, "900"].join("\n")}\n`);
}

/** The 100 record. */
export function nemHeader(version: "NEM12" | "NEM13", options: NemOptions): string {
  for (const name of [options.from, options.to]) {
    if (!/^[A-Z0-9]{1,10}$/i.test(name)) throw new UsageError(`"${name}" is no participant id`, { code: "not-representable" });
  }
  return `100,${version},${nemInstant(options.createdMs).slice(0, 12)},${options.from},${options.to}`;
}

/** `YYYYMMDDhhmmss` in NEM time. */
export function nemInstant(ms: number): string {
  return digitsOfMs(ms + NEM_OFFSET_MS);
}

/** What the format demands of a channel's names. @throws UsageError */
export function nemIdentity(
  usagePointId: string,
  quantity: Pick<IntervalSeries, "meterId" | "channel" | "unit">,
): {
  readonly suffix: string;
  readonly serial: string;
  readonly uom: string;
  readonly uomScaler: number;
} {
  const fault = (what: string): never => {
    throw new UsageError(`${what} has no place in a NEM file`, { code: "not-representable" });
  };
  if (!/^[A-Z0-9]{10}$/i.test(usagePointId)) fault(`usage point "${usagePointId}" (an NMI has 10 characters)`);
  const suffix = nemSuffixOf(quantity.channel);
  if (!/^[A-Z0-9]{2}$/i.test(suffix)) fault(`channel "${quantity.channel}" (an NMI suffix has 2 characters)`);
  const serial = quantity.meterId === usagePointId ? "" : quantity.meterId;
  if (!/^[^,\r\n]{0,12}$/.test(serial)) fault(`meter "${serial}" (a serial has at most 12 characters)`);
  const [uom, uomScaler] = nemUomOf(quantity.unit) ?? fault(`unit ${quantity.unit}`);
  return { suffix, serial, uom, uomScaler };
}

function channelRecord(usagePointId: string, series: IntervalSeries): string {
  const minutes = series.intervalSeconds / 60;
  if (!LENGTHS_MIN.has(minutes)) {
    throw new UsageError(`${minutes} minutes is no interval length of NEM12`, { code: "not-representable" });
  }
  const { suffix, serial, uom } = nemIdentity(usagePointId, series);
  return `200,${usagePointId},${suffix},${suffix},${suffix},,${serial},${uom},${minutes},`;
}

class ChannelWriter {
  readonly head: string;
  readonly #count: number;
  readonly #stepMs: number;
  readonly #scaler: number;
  readonly #updated: string;
  #open: OpenDay | undefined;

  constructor(head: string, series: IntervalSeries, updated: string) {
    this.head = head;
    this.#stepMs = series.intervalSeconds * 1000;
    this.#count = DAY_MS / this.#stepMs;
    this.#scaler = series.scaler - (nemUomOf(series.unit)?.[1] ?? 0);
    this.#updated = updated;
  }

  series(series: IntervalSeries, lines: string[]): void {
    const scaler = series.scaler - (nemUomOf(series.unit)?.[1] ?? 0);
    if (scaler !== this.#scaler) throw new UsageError("one channel comes in several scalers", { code: "not-representable" });
    for (const [index, value] of series.values.entries()) {
      const nemMs = series.startMs + index * this.#stepMs + NEM_OFFSET_MS;
      const day = Math.floor(nemMs / DAY_MS);
      if (this.#open?.day !== day) {
        this.end(lines);
        this.#open = {
          day,
          values: Array.from({ length: this.#count }),
          qualities: Array.from({ length: this.#count }, () => QUALITY.missing),
        };
      }
      const slot = (nemMs - day * DAY_MS) / this.#stepMs;
      if (!Number.isInteger(slot)) throw new UsageError("intervals are off the grid of NEM time", { code: "not-representable" });
      this.#open.values[slot] = value;
      this.#open.qualities[slot] = series.qualities[index] ?? QUALITY.missing;
    }
  }

  end(lines: string[]): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    const date = digitsOfMs(open.day * DAY_MS).slice(0, 8);
    const flags = open.qualities.map((code) => nemOfQuality(code));
    const values = open.values.map((value) => formatScaled(value ?? 0, this.#scaler));
    const runs = runsOf(flags);
    const whole = runs.length === 1 ? (flags[0] ?? "A") : "V";
    lines.push(`300,${date},${values.join(",")},${whole},${reasonOf(whole)},${this.#updated},`);
    if (runs.length > 1) for (const [first, last, flag] of runs) lines.push(`400,${first},${last},${flag},${reasonOf(flag)}`);
  }
}

/** Reason code and text: substitutes and estimates must give one; 0 stands for free text. */
function reasonOf(flag: string): string {
  return /^[SFE]/.test(flag) ? "0,ESTIMATED" : ",";
}

/** Runs of the same flag: first and last interval, counted from 1. */
function runsOf(flags: readonly string[]): [number, number, string][] {
  const runs: [number, number, string][] = [];
  for (const [index, flag] of flags.entries()) {
    const last = runs.at(-1);
    if (last?.[2] === flag) last[1] = index + 1;
    else runs.push([index + 1, index + 1, flag]);
  }
  return runs;
}
