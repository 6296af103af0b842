import type { Intervals, LoadSeries } from "@amity/api";
import { INTERVAL_QUALITIES } from "@amity/api";
import type { IntervalsAsk } from "../../src/http/ports.ts";
import type { FixtureFleet, FixtureMeter } from "./fleet.ts";
import { hash, quarterHour } from "./household.ts";

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
const Q = Object.fromEntries(INTERVAL_QUALITIES.map((name, index) => [name, index])) as Record<(typeof INTERVAL_QUALITIES)[number], number>;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Offset of the zone from UTC at an instant, in ms. */
export function offsetMs(zone: string, atMs: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(new Date(atMs)).map((part) => [part.type, Number(part.value)]));
  return (
    Date.UTC(parts["year"]!, parts["month"]! - 1, parts["day"]!, parts["hour"]!, parts["minute"]!) - Math.floor(atMs / 60_000) * 60_000
  );
}

/** The first instant of the civil day that `atMs` lies in. */
export function dayStart(zone: string, atMs: number): number {
  const guess = Math.floor((atMs + offsetMs(zone, atMs)) / DAY_MS) * DAY_MS;
  const first = guess - offsetMs(zone, atMs);
  return guess - offsetMs(zone, first);
}

export const isoOf = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
export const dayOf = (zone: string, ms: number): string => new Date(ms + offsetMs(zone, ms)).toISOString().slice(0, 10);

function qualityOf(meter: FixtureMeter, slot: number, asOfOldEnough: boolean): number {
  const day = Math.floor(slot / 96);
  const within = slot % 96;
  const dice = hash(meter.planned.serial ^ 31, day);
  if (dice > 0.86 && within >= 30 && within < 42) return asOfOldEnough ? Q.estimated : Q.missing;
  if (dice < 0.03 && within >= 60 && within < 66) return Q.edited;
  if (dice > 0.5 && dice < 0.52 && within > 70 && within < 76) return Q.missing;
  return Q.valid;
}

export function intervalsOf(fleet: FixtureFleet, meter: FixtureMeter, ask: IntervalsAsk, nowMs: number): Intervals {
  const zone = fleet.plan.zone;
  const isExport = ask.channel === "1-0:2.8.0";
  const lastMs = Math.floor(nowMs / QUARTER_MS) * QUARTER_MS;
  const fromMs = Math.ceil(ask.fromMs / QUARTER_MS) * QUARTER_MS;
  const toMs = Math.min(ask.toMs, lastMs);
  const v: (number | null)[] = [];
  const q: number[] = [];
  for (let at = fromMs; at < toMs; at += QUARTER_MS) {
    const quality = qualityOf(meter, Math.floor((at + offsetMs(zone, at)) / QUARTER_MS), (ask.asOfMs ?? nowMs) - at > 6 * 3_600_000);
    const { importWh, exportWh } = quarterHour(meter.home, at, offsetMs(zone, at));
    v.push(quality === Q.missing ? null : isExport ? exportWh : importWh);
    q.push(quality);
  }
  const base = { meterId: ask.meterId, channel: ask.channel, unit: "Wh" as const, scaler: 0, asOf: isoOf(ask.asOfMs ?? nowMs) };
  if (ask.granularity === "raw") {
    return {
      ...base,
      granularity: "raw",
      start: isoOf(fromMs),
      stepSeconds: 900,
      v,
      q,
      notes: notesOf(q),
      version: q.includes(Q.estimated) ? 2 : 1,
    };
  }
  const starts: number[] = [];
  const sums: (number | null)[] = [];
  const worst: number[] = [];
  for (const [index, value] of v.entries()) {
    const at = fromMs + index * QUARTER_MS;
    const start =
      ask.granularity === "PT1H"
        ? Math.floor(at / 3_600_000) * 3_600_000
        : ask.granularity === "P1D"
          ? dayStart(zone, at)
          : monthStart(zone, at);
    if (starts.at(-1) !== start) {
      starts.push(start);
      sums.push(null);
      worst.push(0);
    }
    const last = starts.length - 1;
    if (value !== null) sums[last] = (sums[last] ?? 0) + value;
    worst[last] = Math.max(worst[last] ?? 0, q[index] ?? 0);
  }
  return {
    ...base,
    granularity: ask.granularity,
    start: isoOf(starts[0] ?? fromMs),
    stepSeconds: ask.granularity === "PT1H" ? 3600 : 0,
    ...(ask.granularity === "PT1H" ? {} : { starts: starts.map(isoOf) }),
    v: sums,
    q: worst,
    notes: [],
    version: 1,
  };
}

function monthStart(zone: string, at: number): number {
  const local = new Date(at + offsetMs(zone, at));
  return dayStart(zone, Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), 1, 12) - offsetMs(zone, at));
}

function notesOf(q: number[]): Intervals["notes"] {
  const notes: Intervals["notes"] = [];
  const texts: Record<number, string> = {
    [Q.estimated]: "Estimated from like days (mean of 4)",
    [Q.edited]: "Edited by a.lindqvist: meter test",
  };
  for (const [index, quality] of q.entries()) {
    const text = texts[quality];
    const last = notes.at(-1);
    if (text === undefined) continue;
    if (last !== undefined && last.to === index && last.text === text) last.to = index + 1;
    else notes.push({ from: index, to: index + 1, text });
  }
  return notes;
}

/** Load of the live part of the network in watts, smooth between quarter hours. */
export function loadAt(
  fleet: FixtureFleet,
  atMs: number,
  options: { feeder?: number | undefined; stride?: number; live?: boolean },
): { importW: number; exportW: number } {
  const stride = options.stride ?? 1;
  const start = Math.floor(atMs / QUARTER_MS) * QUARTER_MS;
  const part = (atMs - start) / QUARTER_MS;
  const offset = offsetMs(fleet.plan.zone, atMs);
  let importW = 0;
  let exportW = 0;
  for (let index = 0; index < fleet.meters.length; index += stride) {
    const meter = fleet.meters[index]!;
    if (options.feeder !== undefined && meter.feeder !== options.feeder) continue;
    if (options.live === true && (fleet.outSince[meter.feeder] !== undefined || meter.supply === "disconnected")) continue;
    const now = quarterHour(meter.home, start, offset);
    const then = quarterHour(meter.home, start + QUARTER_MS, offset);
    importW += 4 * stride * (now.importWh * (1 - part) + then.importWh * part);
    exportW += 4 * stride * (now.exportWh * (1 - part) + then.exportWh * part);
  }
  return { importW: Math.round(importW), exportW: Math.round(exportW) };
}

export function loadSeries(fleet: FixtureFleet, fromMs: number, toMs: number, feeder: number | undefined): LoadSeries {
  const stepMs = Math.max(300_000, Math.ceil((toMs - fromMs) / 600 / 300_000) * 300_000);
  const start = Math.ceil(fromMs / stepMs) * stepMs;
  const importW: number[] = [];
  const exportW: number[] = [];
  for (let at = start; at < toMs; at += stepMs) {
    const load = loadAt(fleet, at, { feeder, stride: 4 });
    importW.push(load.importW);
    exportW.push(load.exportW);
  }
  return { start: isoOf(start), stepSeconds: stepMs / 1000, importW, exportW };
}
