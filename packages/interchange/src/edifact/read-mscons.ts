import { DecodeError } from "@amity/bytes";
import type { QualityCode } from "@amity/model";
import { parseScaled, parseScaledBig } from "../decimal.ts";
import { IntervalRun, isOnGrid } from "../interval-run.ts";
import type { Chunks, InterchangeRecord, PutAside } from "../records.ts";
import { instantOfDtm, MSCONS_UNITS, qualityOfQualifier } from "./mscons-terms.ts";
import { segments, type Segment } from "./segments.ts";

/** Values are kept as integers times 10^-3 of the base unit. */
export const MSCONS_SCALER = -3;

/** Periods that count as intervals (s); the months of billing quantities do not. */
const INTERVALS_SECONDS = new Set([60, 300, 600, 900, 1800, 3600, 86_400]);

/** A QTY whose times are still to come. */
interface OpenQuantity {
  readonly segment: Segment;
  readonly text: string;
  readonly unitText: string;
  readonly quality: QualityCode;
  startMs?: number;
  endMs?: number;
  atMs?: number;
}

/**
 * Reads MSCONS (EDIFACT metered services consumption; BDEW 2.x and the Swiss 1.6 and 2.2): load profiles as intervals,
 * meter readings as registers. `line` of what is put aside is the number of the segment.
 * @throws DecodeError where the file is no EDIFACT interchange or holds another message than MSCONS.
 */
export async function* readMscons(chunks: Chunks): AsyncGenerator<InterchangeRecord> {
  const reader = new MsconsReader();
  const out: InterchangeRecord[] = [];
  let last = 0;
  try {
    for await (const batch of segments(chunks)) {
      for (const segment of batch) reader.segment(segment, out);
      last = batch.at(-1)?.number ?? last;
      yield* out.splice(0);
    }
  } catch (error) {
    if (!(error instanceof DecodeError) || error.code !== "truncated" || last === 0) throw error;
    out.push({ kind: "putAside", line: last + 1, reason: error.reason });
  }
  reader.end(last, out);
  yield* out;
}

class MsconsReader {
  #point: string | undefined;
  #device = "";
  #channel: string | undefined;
  #open: OpenQuantity | undefined;
  #run: IntervalRun | undefined;
  /** Where the next value begins, in the form that gives a start and a length (DTM 163, 672) and then bare values. */
  #cursorMs: number | undefined;
  #stepSeconds: number | undefined;
  #messageSegments = 0;
  #ended = false;

  segment(segment: Segment, out: InterchangeRecord[]): void {
    const { tag, elements, number } = segment;
    if (number === 1 && tag !== "UNB") throw new DecodeError("the file does not begin with UNB", { offset: 0, code: "no-header" });
    this.#messageSegments++;
    if (tag === "DTM") {
      this.#time(segment, out);
      return;
    }
    if (tag === "STS") return;
    this.#closeQuantity(out);
    switch (tag) {
      case "UNH":
      case "UNT":
      case "UNZ":
        this.#frame(segment, out);
        return;
      case "LOC":
        this.#endRun(out);
        this.#point = locationOf(segment);
        [this.#device, this.#channel, this.#cursorMs, this.#stepSeconds] = ["", undefined, undefined, undefined];
        return;
      case "RFF":
        if (elements[0]?.[0] === "MG") this.#device = elements[0][1] ?? "";
        return;
      case "LIN":
        this.#endRun(out);
        this.#channel = undefined;
        return;
      case "PIA":
        this.#channel = productOf(segment);
        return;
      case "QTY":
        this.#quantity(segment, out);
    }
  }

  /** Beginning and end of a message, end of the interchange. */
  #frame(segment: Segment, out: InterchangeRecord[]): void {
    const { tag, elements } = segment;
    const first = elements[0]?.[0] ?? "";
    if (tag === "UNZ") this.#ended = true;
    else if (tag === "UNT") {
      this.#endRun(out);
      if (Number(first) === this.#messageSegments) return;
      out.push(aside(segment, "UNT", `the message counts ${first} segments, ${this.#messageSegments} were read`));
    } else {
      this.#messageSegments = 1;
      const type = elements[1]?.[0] ?? "";
      if (type !== "MSCONS") throw new DecodeError(`message ${type} is not MSCONS`, { offset: -1, code: "message-type" });
    }
  }

  end(last: number, out: InterchangeRecord[]): void {
    this.#closeQuantity(out);
    this.#endRun(out);
    if (last === 0) throw new DecodeError("the file is empty", { offset: 0, code: "empty" });
    if (!this.#ended) out.push({ kind: "putAside", line: last, reason: "no end of interchange (UNZ): the file may be cut off" });
  }

  #quantity(segment: Segment, out: InterchangeRecord[]): void {
    const [qualifier = "", text = "", unitText = ""] = segment.elements[0] ?? [];
    const quality = qualityOfQualifier(qualifier);
    if (quality === undefined) out.push(aside(segment, "QTY qualifier", `"${qualifier}" is not known`));
    else if (this.#point === undefined) out.push(aside(segment, "LOC", "no metering point before this value"));
    else if (this.#channel === undefined) out.push(aside(segment, "PIA", "no product before this value"));
    else {
      const decimal = segment.decimalMark === "." ? text : text.replace(segment.decimalMark, ".");
      this.#open = { segment, text: decimal, unitText, quality };
      return;
    }
    // A bare value that is left out still takes its place in the row of values.
    if (this.#cursorMs !== undefined && this.#stepSeconds !== undefined) this.#cursorMs += this.#stepSeconds * 1000;
  }

  #time(segment: Segment, out: InterchangeRecord[]): void {
    const [qualifier = "", text = "", format = ""] = segment.elements[0] ?? [];
    if (qualifier === "672") {
      this.#stepSeconds = format === "806" && /^\d{1,4}$/.test(text) ? Number(text) * 60 : undefined;
      if (!this.#stepSeconds) out.push(aside(segment, "DTM 672", `"${text}" is not a number of minutes`));
      return;
    }
    if (!["163", "164", "7", "9"].includes(qualifier)) return;
    const ms = instantOfDtm(text, format);
    if (ms === undefined) {
      out.push(aside(segment, `DTM ${qualifier}`, `"${text}" is not a time of format ${format}`));
      return;
    }
    const open = this.#open;
    if (open === undefined) {
      if (qualifier === "163") this.#cursorMs = ms;
    } else if (qualifier === "163") open.startMs = ms;
    else if (qualifier === "164") open.endMs = ms;
    else open.atMs = ms;
  }

  #closeQuantity(out: InterchangeRecord[]): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    const refuse = (field: string, reason: string): void => void out.push(aside(open.segment, field, reason));
    const known = MSCONS_UNITS[open.unitText];
    if (known === undefined) return refuse("unit", `unit "${open.unitText}" is not known`);
    const [unit, power] = known;
    const identity = { usagePointId: this.#point ?? "", meterId: this.#device || (this.#point ?? ""), channel: this.#channel ?? "", unit };
    if (open.atMs !== undefined && open.startMs === undefined) {
      const value = parseScaledBig(open.text, MSCONS_SCALER - power);
      if (value === undefined) return refuse("QTY", `"${open.text}" is not a number`);
      const { usagePointId, ...reading } = identity;
      const { quality, atMs } = open;
      out.push({ kind: "register", usagePointId, reading: { ...reading, scaler: MSCONS_SCALER, atMs, value, quality } });
      return;
    }
    const span = this.#spanOf(open);
    if (span === undefined) return refuse("DTM", "a value without a time");
    const value = parseScaled(open.text, MSCONS_SCALER - power);
    if (value === undefined) return refuse("QTY", `"${open.text}" is not a number`);
    const { startMs, seconds } = span;
    if (!INTERVALS_SECONDS.has(seconds)) {
      return refuse("DTM", periodRefusal(seconds));
    }
    if (!isOnGrid(startMs, seconds)) return refuse("DTM", `the time is off the grid of ${seconds} s`);
    const description = { ...identity, scaler: MSCONS_SCALER, intervalSeconds: seconds };
    const before = this.#run?.description;
    if (before?.intervalSeconds !== seconds || before.unit !== unit) this.#endRun(out);
    this.#run ??= new IntervalRun(description);
    const ended = this.#run.add(startMs, value.value, open.quality);
    if (ended !== undefined) out.push(ended);
  }

  #spanOf(open: OpenQuantity): { startMs: number; seconds: number } | undefined {
    if (open.startMs !== undefined && open.endMs !== undefined) {
      return { startMs: open.startMs, seconds: (open.endMs - open.startMs) / 1000 };
    }
    if (this.#cursorMs === undefined || this.#stepSeconds === undefined) return undefined;
    const startMs = this.#cursorMs;
    this.#cursorMs += this.#stepSeconds * 1000;
    return { startMs, seconds: this.#stepSeconds };
  }

  #endRun(out: InterchangeRecord[]): void {
    const ended = this.#run?.end();
    this.#run = undefined;
    if (ended !== undefined) out.push(ended);
  }
}

/** LOC+172+id, or with the id of another agency's list as the fourth component (Swiss 1.6). */
function locationOf({ elements }: Segment): string | undefined {
  const [id = "", , , agencyId = ""] = elements[1] ?? [];
  return [id, agencyId].find((text) => text !== "");
}

/** PIA+5: the OBIS code alone; another list's code keeps its list (Z08) behind it. */
function productOf({ elements }: Segment): string | undefined {
  const [code, list] = elements[1] ?? [];
  return list === "Z08" ? `${code}:${list}` : code;
}

function periodRefusal(seconds: number): string {
  if (seconds <= 0) return "the period ends before it begins";
  return seconds > 86_400
    ? `a period of ${Math.round(seconds / 3600)} hours is not an interval (a billing quantity is not interval data)`
    : `a period of ${seconds / 60} minutes is no interval length`;
}

function aside(segment: Segment, field: string, reason: string): PutAside {
  const text = [segment.tag, ...segment.elements.map((element) => element.join(":"))].join("+").slice(0, 120);
  return { kind: "putAside", line: segment.number, field, reason, text };
}
