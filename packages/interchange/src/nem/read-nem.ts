import { DecodeError, latin1Text } from "@amity/bytes";
import { DAY_MS, dayNumberOf } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { byteLines, type ByteLine } from "../byte-lines.ts";
import { parseScaledBig } from "../decimal.ts";
import type { Chunks, InterchangeRecord, PutAside } from "../records.ts";
import { nemChannelName, nemUnitOf, type NemChannel } from "./nem-channel.ts";
import { NEM_SCALER, parseDayRow } from "./nem-day-row.ts";
import { qualityOfNem } from "./nem-quality.ts";

/** NEM time is UTC+10 all the year (ms). */
export const NEM_OFFSET_MS = 10 * 3_600_000;

const LENGTHS_MIN = new Set([1, 5, 10, 15, 30, 60]);

/** A 300 record whose 400 records are still to come. */
interface OpenDay {
  readonly line: number;
  readonly startMs: number;
  readonly values: Float64Array;
  readonly qualities: Uint16Array;
  /** Intervals that 400 records have covered; equal to the length from the start where the day has one quality. */
  covered: number;
  fault: string | undefined;
}

/**
 * Reads NEM12 (interval) and NEM13 (accumulation) files of the Australian market (AEMO Meter Data File Format).
 * Records that break the format come out as `putAside` with line, field and reason; the rest is read.
 * @throws DecodeError where the file is no NEM file at all (empty, no 100 record).
 */
export async function* readNem(chunks: Chunks): AsyncGenerator<InterchangeRecord> {
  const reader = new NemReader();
  for await (const lines of byteLines(chunks)) {
    const out: InterchangeRecord[] = [];
    for (const line of lines) if (line.octets.length > 0) reader.line(line, out);
    yield* out;
  }
  const out: InterchangeRecord[] = [];
  reader.end(out);
  yield* out;
}

class NemReader {
  #channel: NemChannel | undefined;
  #open: OpenDay | undefined;
  #headerSeen = false;
  #ended = false;
  #readings = 0;
  #lastLine = 0;

  line(line: ByteLine, out: InterchangeRecord[]): void {
    const { octets } = line;
    this.#lastLine = line.number;
    if (!this.#headerSeen) {
      this.#header(line);
      return;
    }
    const type = octets.length >= 3 && (octets[3] === 0x2c || octets.length === 3) ? latin1Text(octets.subarray(0, 3)) : "";
    if (type !== "400") this.#closeDay(out);
    switch (type) {
      case "300":
        this.#day(line, out);
        return;
      case "400":
        this.#quality(line, out);
        return;
      case "200":
        this.#channel = this.#intervalChannel(line, out);
        return;
      case "250":
        this.#accumulation(line, out);
        return;
      case "500":
      case "550":
        return;
      case "900":
        this.#ended = true;
        return;
      case "100":
        this.#ended = false;
        return;
      default:
        out.push(aside(line, "RecordIndicator", `"${latin1Text(octets.subarray(0, 12))}" is no record of this format`));
    }
  }

  end(out: InterchangeRecord[]): void {
    this.#closeDay(out);
    if (!this.#headerSeen) throw new DecodeError("the file is empty", { offset: 0, code: "empty" });
    if (this.#readings === 0) out.push({ kind: "putAside", line: this.#lastLine, reason: "the file holds no readings" });
    if (!this.#ended) out.push({ kind: "putAside", line: this.#lastLine, reason: "no end record (900): the file may be cut off" });
  }

  #header(line: ByteLine): void {
    const fields = latin1Text(line.octets)
      .replace(/^ï»¿/, "")
      .split(",");
    if (fields[0] !== "100") {
      throw new DecodeError(`line ${line.number} is not a header (100) record`, {
        offset: 0,
        code: "no-header",
        advice: "a NEM file begins with 100,NEM12 or 100,NEM13",
      });
    }
    if (fields[1] !== "NEM12" && fields[1] !== "NEM13") {
      throw new DecodeError(`version "${fields[1] ?? ""}" is neither NEM12 nor NEM13`, { offset: 4, code: "version" });
    }
    this.#headerSeen = true;
  }

  #intervalChannel(line: ByteLine, out: InterchangeRecord[]): NemChannel | undefined {
    const fields = latin1Text(line.octets).split(",");
    const fault = (field: string, reason: string): undefined => void out.push(aside(line, field, `${reason}; its readings are left out`));
    if (fields.length < 9) return fault("", `${fields.length} of 10 fields`);
    const [, nmi = "", , , suffix = "", , meterSerial = "", uom = "", length = ""] = fields.map((field) => field.trim());
    if (nmi === "") return fault("NMI", "no NMI");
    const unit = nemUnitOf(uom);
    if (unit === undefined) return fault("UOM", `unit "${uom}" is not known`);
    if (!LENGTHS_MIN.has(Number(length))) return fault("IntervalLength", `"${length}" minutes is no interval length`);
    return { nmi, suffix, meterSerial, unit: unit[0], textScaler: unit[1], intervalSeconds: Number(length) * 60 };
  }

  #day(line: ByteLine, out: InterchangeRecord[]): void {
    const channel = this.#channel;
    if (channel === undefined) {
      out.push(aside(line, "", "no usable 200 record before this 300 record"));
      return;
    }
    const row = parseDayRow(line.octets, channel);
    if (row.kind === "bad") {
      out.push(aside(line, row.field, row.reason));
      return;
    }
    const { values, quality } = row;
    const day: OpenDay = {
      line: line.number,
      startMs: row.startMs,
      values,
      qualities: new Uint16Array(values.length),
      covered: values.length,
      fault: undefined,
    };
    if (quality === "V") day.covered = 0;
    else {
      const code = qualityOfNem(quality);
      if (code === undefined) {
        out.push(aside(line, "QualityMethod", `"${quality}" is not a quality`));
        return;
      }
      day.qualities.fill(code);
    }
    this.#open = day;
    if (day.covered > 0) this.#closeDay(out);
  }

  /** 400,StartInterval,EndInterval,QualityMethod,...: together they must tile the day from 1 to its last interval. */
  #quality(line: ByteLine, out: InterchangeRecord[]): void {
    const day = this.#open;
    if (day === undefined) {
      out.push(aside(line, "", "a 400 record without a 300 record of quality V before it"));
      return;
    }
    const [, first = "", last = "", quality = ""] = latin1Text(line.octets).split(",");
    const code = qualityOfNem(quality.trim());
    if (code === undefined) day.fault ??= `line ${line.number}: "${quality}" is not a quality`;
    else if (Number(first) !== day.covered + 1 || Number(last) < Number(first) || Number(last) > day.values.length) {
      day.fault ??= `line ${line.number}: intervals ${first} to ${last} do not continue after ${day.covered} of ${day.values.length}`;
    } else {
      day.qualities.fill(code, day.covered, Number(last));
      day.covered = Number(last);
    }
  }

  #closeDay(out: InterchangeRecord[]): void {
    const day = this.#open;
    const channel = this.#channel;
    this.#open = undefined;
    if (day === undefined || channel === undefined) return;
    if (day.fault !== undefined || day.covered !== day.values.length) {
      const reason = day.fault ?? `its 400 records cover ${day.covered} of ${day.values.length} intervals`;
      out.push({ kind: "putAside", line: day.line, field: "QualityMethod", reason });
      return;
    }
    this.#readings++;
    out.push({
      kind: "intervals",
      usagePointId: channel.nmi,
      series: {
        meterId: channel.meterSerial === "" ? channel.nmi : channel.meterSerial,
        channel: nemChannelName(channel.suffix),
        unit: channel.unit,
        scaler: NEM_SCALER,
        intervalSeconds: channel.intervalSeconds,
        startMs: day.startMs,
        values: day.values,
        qualities: day.qualities,
      },
    });
  }

  /** 250: two register readings and the quantity between them. */
  #accumulation(line: ByteLine, out: InterchangeRecord[]): void {
    const fields = latin1Text(line.octets)
      .split(",")
      .map((field) => field.trim());
    if (fields.length < 20) {
      out.push(aside(line, "", `${fields.length} of 23 fields`));
      return;
    }
    const unit = nemUnitOf(fields[19] ?? "");
    if (unit === undefined) {
      out.push(aside(line, "UOM", `unit "${fields[19]}" is not known`));
      return;
    }
    const [nmi = "", serial = "", suffix = ""] = [fields[1], fields[6], fields[4]];
    for (const [name, at] of [
      ["Previous", 8],
      ["Current", 13],
    ] as const) {
      const atMs = nemDateTimeMs(fields[at + 1] ?? "");
      const value = parseScaledBig(fields[at] ?? "", NEM_SCALER - unit[1]);
      const quality = qualityOfNem(fields[at + 2] ?? "");
      if (atMs === undefined) out.push(aside(line, `${name}RegisterReadDateTime`, `"${fields[at + 1]}" is not a date and time`));
      else if (value === undefined) out.push(aside(line, `${name}RegisterRead`, `"${fields[at]}" is not a number`));
      else {
        this.#readings++;
        out.push({
          kind: "register",
          usagePointId: nmi,
          reading: {
            meterId: serial === "" ? nmi : serial,
            channel: nemChannelName(suffix),
            unit: unit[0],
            scaler: NEM_SCALER,
            atMs,
            value,
            quality: quality ?? QUALITY.raw,
          },
        });
      }
    }
  }
}

/** `YYYYMMDDhhmmss` or `YYYYMMDD` in NEM time. */
export function nemDateTimeMs(text: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  return dayNumberOf({ year, month, day }) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 - NEM_OFFSET_MS;
}

function aside(line: ByteLine, field: string, reason: string): PutAside {
  const text = latin1Text(line.octets.subarray(0, 120));
  return { kind: "putAside", line: line.number, reason, text, ...(field === "" ? {} : { field }) };
}
