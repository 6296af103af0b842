import { INTERVAL_QUALITIES, type IntervalQuality, type Intervals } from "@amity/api";
import { dayNumberOf, civilDateOf, DAY_MS, localDayOf, spanOf, startOfLocalDayMs, type IntervalSpan } from "@amity/intervals";
import type { Channel } from "@amity/mdm";
import { isMissing, unpackQuality, type QualityCode } from "@amity/model";
import type { IntervalsAsk } from "../../http/ports.ts";
import { instantText } from "./cursor.ts";
import { METHOD_WORDS } from "./quality-text.ts";
import type { UtilityParts } from "./utility-parts.ts";

const NOTES_MAX = 2000;

/** Intervals of one channel in columns, at the asked granularity, current or as known at an instant. */
export async function intervalsOf(parts: UtilityParts, ask: IntervalsAsk): Promise<Intervals | undefined> {
  const channel = await intervalChannel(parts, ask.meterId, ask.channel);
  if (channel === undefined) return undefined;
  const { span, version } = await readSpan(parts, channel, ask);
  const asOf = instantText(ask.asOfMs ?? parts.world.clock.nowMs());
  const head = {
    meterId: ask.meterId,
    channel: channel.name,
    unit: channel.unit,
    scaler: channel.scaler,
    granularity: ask.granularity,
    version,
    asOf,
  };
  if (ask.granularity === "raw") {
    return {
      ...head,
      ...rawIntervals(span),
    };
  }
  const starts = bucketStarts(parts, ask, span);
  const sums = sumBuckets(span, starts);
  const isFixed = ask.granularity === "PT1H";
  return {
    ...head,
    start: instantText(starts[0] ?? ask.fromMs),
    stepSeconds: isFixed ? 3600 : 0,
    ...(isFixed ? {} : { starts: starts.slice(0, -1).map(instantText) }),
    v: sums.map(({ value }) => value),
    q: sums.map(({ quality }) => quality),
    notes: [],
  };
}

/** A span in columns, with the methods of its estimates and edits in words. */
export function rawIntervals(span: IntervalSpan): Pick<Intervals, "start" | "stepSeconds" | "v" | "q" | "notes"> {
  return {
    start: instantText(span.startMs),
    stepSeconds: span.intervalSeconds,
    v: Array.from(span.values, (value, index) => (isMissing(span.qualities[index] ?? 0) ? null : value)),
    q: Array.from(span.qualities, qualityIndex),
    notes: notesOf(span),
  };
}

/** The meter's interval channel of that name. */
export async function intervalChannel(parts: UtilityParts, meterId: string, name: string): Promise<Channel | undefined> {
  const channels = await parts.mdm.registry.channelsOf([meterId]);
  return channels.find((channel) => channel.kind === "interval" && channel.name === name);
}

async function readSpan(parts: UtilityParts, channel: Channel, ask: IntervalsAsk): Promise<{ span: IntervalSpan; version: number }> {
  const selection = {
    channelIds: [channel.channelId],
    fromDayMs: Math.floor(ask.fromMs / DAY_MS) * DAY_MS - DAY_MS,
    toDayMs: Math.ceil(ask.toMs / DAY_MS) * DAY_MS,
    ...(ask.asOfMs === undefined ? {} : { asOfMs: ask.asOfMs }),
  };
  const stored = await parts.mdm.ledger.blocks(selection);
  const { intervalSeconds } = channel;
  const span = spanOf(
    stored.map(({ block }) => block),
    { fromMs: ask.fromMs, toMs: ask.toMs, intervalSeconds },
  );
  return { span, version: stored.reduce((highest, { version }) => Math.max(highest, version), 0) };
}

/** How the page draws a quality. */
export function pageQuality(code: QualityCode): IntervalQuality {
  const { category } = unpackQuality(code);
  switch (category) {
    case "valid":
      return "valid";
    case "missing":
      return "missing";
    case "raw":
      return "raw";
    case "edited":
      return "edited";
    case "estimated":
    case "projected":
    case "derived":
      return "estimated";
    case "powerQuality":
      return "powerFailure";
    default:
      return "questionable";
  }
}

function qualityIndex(code: QualityCode): number {
  return INTERVAL_QUALITIES.indexOf(pageQuality(code));
}

/** Runs of estimated or edited values, in words. */
function notesOf(span: IntervalSpan): Intervals["notes"] {
  const notes: Intervals["notes"] = [];
  let from = 0;
  while (from < span.qualities.length && notes.length < NOTES_MAX) {
    const code = span.qualities[from] ?? 0;
    let to = from + 1;
    while (to < span.qualities.length && span.qualities[to] === code) to++;
    const { method, category } = unpackQuality(code);
    const text = METHOD_WORDS[method];
    if (text !== undefined && category !== "missing") notes.push({ from, to, text });
    from = to;
  }
  return notes;
}

/** Starts of the buckets, and the end of the last. */
function bucketStarts(parts: UtilityParts, ask: IntervalsAsk, span: IntervalSpan): number[] {
  const { zone } = parts;
  const starts: number[] = [];
  if (ask.granularity === "PT1H") {
    for (let atMs = Math.floor(span.startMs / 3_600_000) * 3_600_000; atMs < ask.toMs; atMs += 3_600_000) starts.push(atMs);
    return [...starts, (starts.at(-1) ?? ask.fromMs) + 3_600_000];
  }
  let day = localDayOf(zone, ask.fromMs);
  if (ask.granularity === "P1M") day = dayNumberOf({ ...civilDateOf(day), day: 1 });
  for (;;) {
    const startMs = startOfLocalDayMs(zone, day);
    starts.push(startMs);
    if (startMs >= ask.toMs) return starts;
    const { year, month } = civilDateOf(day);
    day = ask.granularity === "P1M" ? dayNumberOf({ year, month: month + 1, day: 1 }) : day + 1;
  }
}

/** Sums by bucket; a bucket without any value is null, its quality the worst of its parts. */
function sumBuckets(span: IntervalSpan, starts: readonly number[]): { value: number | null; quality: number }[] {
  const stepMs = span.intervalSeconds * 1000;
  return starts.slice(0, -1).map((startMs, bucket) => {
    const from = Math.max(0, Math.ceil((startMs - span.startMs) / stepMs));
    const to = Math.min(span.values.length, Math.ceil(((starts[bucket + 1] ?? 0) - span.startMs) / stepMs));
    let value: number | null = null;
    let quality = 0;
    for (let index = from; index < to; index++) {
      const code = span.qualities[index] ?? 0;
      quality = Math.max(quality, qualityIndex(code));
      if (!isMissing(code)) value = (value ?? 0) + (span.values[index] ?? 0);
    }
    return { value, quality: to > from ? quality : INTERVAL_QUALITIES.indexOf("missing") };
  });
}
