import { UsageError } from "@amity/bytes";
import { isMissing, type Unit } from "@amity/model";
import { digitsOfMs } from "../civil-digits.ts";
import { formatScaled } from "../decimal.ts";
import type { InterchangeRecord } from "../records.ts";
import { dtmOfMs, MSCONS_UNITS, qualifierOf } from "./mscons-terms.ts";
import { segmentText } from "./segments.ts";

export interface MsconsOptions {
  /** Market partner numbers of 13 digits. */
  readonly sender: string;
  readonly receiver: string;
  /** When the interchange is made, UTC ms. */
  readonly createdMs: number;
  /** Reference of the interchange, up to 14 characters. */
  readonly reference: string;
}

/**
 * Writes one MSCONS 2.4c interchange: a message for each series (load profile, 13008) and each register reading (13006).
 * Events and put-aside records have no place in the format and are skipped.
 * @throws UsageError `not-representable` for a unit or an instant that the format has no words for.
 */
export async function* writeMscons(records: AsyncIterable<InterchangeRecord>, options: MsconsOptions): AsyncGenerator<Uint8Array> {
  const { sender, receiver, reference, createdMs } = options;
  const encoder = new TextEncoder();
  const created = digitsOfMs(createdMs);
  const parties = [
    [sender, "500"],
    [receiver, "500"],
  ];
  const date = [created.slice(2, 8), created.slice(8, 12)];
  yield encoder.encode(`UNA:+.? '${segmentText("UNB", ["UNOC", "3"], ...parties, date, reference, "", "TL")}`);
  let messages = 0;
  for await (const record of records) {
    if (record.kind !== "intervals" && record.kind !== "register") continue;
    messages++;
    const body = record.kind === "intervals" ? profileSegments(record) : registerSegments(record);
    const quantity = record.kind === "intervals" ? record.series : record.reading;
    const message = [
      segmentText("UNH", String(messages), ["MSCONS", "D", "04B", "UN", "2.4c"]),
      segmentText("BGM", "7", `${reference}-${messages}`, "9"),
      segmentText("DTM", ["137", dtmOfMs(createdMs), "303"]),
      segmentText("RFF", ["Z13", record.kind === "intervals" ? "13008" : "13006"]),
      segmentText("NAD", "MS", [sender, "", "293"]),
      segmentText("NAD", "MR", [receiver, "", "293"]),
      segmentText("UNS", "D"),
      segmentText("NAD", "DP"),
      segmentText("LOC", "172", record.usagePointId),
      ...(record.kind === "intervals" ? spanSegments(record) : []),
      ...(quantity.meterId === record.usagePointId ? [] : [segmentText("RFF", ["MG", quantity.meterId])]),
      segmentText("LIN", "1"),
      segmentText("PIA", "5", productOf(quantity.channel)),
      ...body,
    ];
    yield encoder.encode(message.join("") + segmentText("UNT", String(message.length + 1), String(messages)));
  }
  yield encoder.encode(segmentText("UNZ", String(messages), reference));
}

type Intervals = Extract<InterchangeRecord, { kind: "intervals" }>;
type Register = Extract<InterchangeRecord, { kind: "register" }>;

function spanSegments({ series }: Intervals): string[] {
  const endMs = series.startMs + series.values.length * series.intervalSeconds * 1000;
  return [segmentText("DTM", ["163", dtm(series.startMs), "303"]), segmentText("DTM", ["164", dtm(endMs), "303"])];
}

function profileSegments({ series }: Intervals): string[] {
  const [unitText, scaler] = unitOf(series.unit, series.scaler);
  const stepMs = series.intervalSeconds * 1000;
  const out: string[] = [];
  for (const [index, value] of series.values.entries()) {
    const quality = series.qualities[index] ?? 0;
    const text = isMissing(quality) ? "0" : formatScaled(value, scaler);
    out.push(
      segmentText("QTY", [qualifierOf(quality), text, unitText]),
      segmentText("DTM", ["163", dtm(series.startMs + index * stepMs), "303"]),
      segmentText("DTM", ["164", dtm(series.startMs + (index + 1) * stepMs), "303"]),
    );
  }
  return out;
}

function registerSegments({ reading }: Register): string[] {
  const [unitText, scaler] = unitOf(reading.unit, reading.scaler);
  return [
    segmentText("QTY", [qualifierOf(reading.quality), formatScaled(reading.value, scaler), unitText]),
    segmentText("DTM", ["7", dtm(reading.atMs), "303"]),
  ];
}

function productOf(channel: string): string[] {
  const [code = "", kind] = /^(.*):(Z08)$/.exec(channel)?.slice(1) ?? [channel, undefined];
  return [code, kind ?? "SRW"];
}

/** The unit's code and the scaler of the values in it. */
function unitOf(unit: Unit, scaler: number): readonly [string, number] {
  for (const [name, [known, power]] of Object.entries(MSCONS_UNITS)) {
    if (name !== "" && known === unit) return [name, scaler - power];
  }
  throw new UsageError(`MSCONS has no unit for ${unit}`, { code: "not-representable" });
}

/** Times of the format have whole minutes. */
function dtm(ms: number): string {
  if (ms % 60_000 !== 0) throw new UsageError(`${new Date(ms).toISOString()} is not a whole minute`, { code: "not-representable" });
  return dtmOfMs(ms);
}
