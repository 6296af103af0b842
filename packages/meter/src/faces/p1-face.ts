import { meterTelegram, type P1Form, type P1Meter, type TelegramContent } from "@amity/dsmr";
import { TARIFF_MASKS } from "../dlms/tariff-plan.ts";
import { demandAt, peakBetween, type DemandPeak } from "../metrology/demand.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { MEDIUM_DESCRIPTIONS } from "../sub-meter/medium.ts";
import type { SubMeterDevice } from "../sub-meter/sub-meter-device.ts";
import type { MeteredHome } from "./home.ts";

const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;
/** Shorter failures are counted, not logged (DSMR P1 5.0.2, 6.12). */
const LONG_FAILURE_MS = 180_000;
/** Belgium bills the mean of a quarter-hour, and keeps thirteen months of the highest. */
const QUARTER_HOUR = { periodSeconds: 900, periods: 1 } as const;
const PEAK_MONTHS = 13;

/** Whether summer time was in force. */
type IsSummer = (atMs: number) => boolean;

/** The telegram that a home's electricity meter sends out of its P1 port now, with the meters on its M-Bus channels. */
export function p1Face(home: MeteredHome, form: P1Form = "5"): TelegramContent {
  return meterTelegram(customerPortOf(home, { name: form, hasDemand: form === "be" }), form);
}

/** What a home's electricity meter tells of itself at its HAN port now: the lists of `HAN_FORMS` are written of this. */
export function hanFace(home: MeteredHome): P1Meter {
  return customerPortOf(home, { name: "han", hasDemand: false });
}

function customerPortOf({ electricity, subMeters }: MeteredHome, { name, hasDemand }: { name: string; hasDemand: boolean }): P1Meter {
  const { meter } = electricity;
  const nowMs = electricity.advance();
  const { zone, site, type } = meter.surroundings;
  const isSummer: IsSummer = (atMs) => zone.offsetMsAt(atMs) > site.options.standardOffsetMinutes * 60_000;
  const clockMs = Math.floor(meter.clockAt(nowMs) / 1_000) * 1_000;
  return {
    manufacturer: type.manufacturer,
    identifier: `\\2${type.model}-${name}`,
    equipmentId: meter.plan.meterId,
    instantMs: clockMs,
    isSummer: isSummer(clockMs),
    ...energiesOf(meter, nowMs),
    ...powersOf(meter, nowMs),
    isDisconnected: meter.controlState !== "connected",
    failureCount: meter.powerFailures,
    powerFailures: failuresOf(meter, isSummer),
    ...(hasDemand ? { demand: demandOf(meter, nowMs, isSummer) } : {}),
    channels: subMeters.map((subMeter, index) => channelOf(subMeter, index, nowMs, isSummer)),
  };
}

function energiesOf(
  meter: SimulatedMeter,
  nowMs: number,
): Pick<P1Meter, "importedWh" | "exportedWh" | "importedVarh" | "exportedVarh" | "tariff"> {
  const [tariff1 = 0, tariff2 = 0, tariff3 = 0, tariff4 = 0, export1 = 0, export2 = 0, export3 = 0, export4 = 0] = meter.tariffsAt(nowMs);
  const [, , importedVarh = 0, exportedVarh = 0] = meter.registersAt(nowMs);
  return {
    // P1 knows two tariffs: what others count goes with the second.
    importedWh: [tariff1, tariff2 + tariff3 + tariff4],
    exportedWh: [export1, export2 + export3 + export4],
    importedVarh,
    exportedVarh,
    tariff: (meter.functionsIfAny?.tariffs?.maskAt(nowMs) ?? TARIFF_MASKS[0]) === TARIFF_MASKS[0] ? 1 : 2,
  };
}

function powersOf(meter: SimulatedMeter, nowMs: number): Pick<P1Meter, "importW" | "exportW" | "importVar" | "exportVar" | "phases"> {
  const { importW, exportW, inductiveVar: importVar, capacitiveVar: exportVar, phases } = meter.momentaryAt(nowMs);
  const shown = meter.plan.phase === "L123" ? phases : phases.slice(0, 1);
  const share = (total: number): number => Math.round(total / shown.length);
  return {
    importW,
    exportW,
    importVar,
    exportVar,
    phases: shown.map(({ deciVolts, centiAmperes }) => ({
      voltageDv: deciVolts,
      currentCa: centiAmperes,
      importW: share(importW),
      exportW: share(exportW),
      importVar: share(importVar),
      exportVar: share(exportVar),
    })),
  };
}

function failuresOf(meter: SimulatedMeter, isSummer: IsSummer): NonNullable<P1Meter["powerFailures"]> {
  return meter.outages().flatMap(({ fromMs, toMs, endClockMs }) => {
    const durationMs = toMs - fromMs;
    return durationMs < LONG_FAILURE_MS
      ? []
      : [{ endMs: endClockMs, isSummer: isSummer(endClockMs), durationS: Math.round(durationMs / 1_000) }];
  });
}

function demandOf(meter: SimulatedMeter, nowMs: number, isSummer: IsSummer): NonNullable<P1Meter["demand"]> {
  const clockMs = meter.clockAt(nowMs);
  const starts = monthStarts(meter, clockMs);
  const peakFrom = (fromMs: number, toMs: number): NonNullable<P1Meter["demand"]>["peak"] => {
    const span = { fromMs: meter.trueAt(fromMs), toMs: Math.min(nowMs, meter.trueAt(toMs)) };
    return told(peakBetween(meter, 0, QUARTER_HOUR, span), isSummer);
  };
  const months = starts.slice(0, -1).map((startMs, index) => {
    const endMs = starts[index + 1] ?? clockMs;
    return { endMs, isSummer: isSummer(endMs), peak: peakFrom(startMs, endMs) };
  });
  return { currentW: demandAt(meter, 0, QUARTER_HOUR, nowMs).currentW, peak: peakFrom(starts.at(-1) ?? clockMs, clockMs), months };
}

/** Where the months of the meter's life begin, the running one last; the one in which it was built in begins with it. */
function monthStarts({ surroundings: { zone }, plan }: SimulatedMeter, clockMs: number): number[] {
  const local = new Date(clockMs + zone.offsetMsAt(clockMs));
  const starts = Array.from({ length: PEAK_MONTHS + 1 }, (_, index) => {
    const wallMs = Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - PEAK_MONTHS + index);
    return wallMs - zone.offsetMsAt(wallMs);
  });
  const since = starts.filter((startMs) => startMs > plan.installedMs);
  return since.length === starts.length ? starts : [plan.installedMs, ...since];
}

function told(peak: DemandPeak | undefined, isSummer: IsSummer): { watts: number; endMs: number; isSummer: boolean } | undefined {
  return peak === undefined ? undefined : { watts: peak.watts, endMs: peak.clockMs, isSummer: isSummer(peak.clockMs) };
}

function channelOf({ meter }: SubMeterDevice, index: number, nowMs: number, isSummer: IsSummer): NonNullable<P1Meter["channels"]>[number] {
  const { medium, meterId, reach } = meter.plan;
  // Gas tells its hours, water and heat every five minutes.
  const stepMs = medium === "gas" ? HOUR_MS : FIVE_MINUTES_MS;
  const atMs = Math.floor(nowMs / stepMs) * stepMs;
  const value = meter.registersAt(atMs)[0] ?? 0;
  return {
    channel: reach.kind === "channel" ? reach.channel : index === 0 ? 1 : index === 1 ? 2 : 3,
    deviceType: MEDIUM_DESCRIPTIONS[medium].deviceType,
    equipmentId: meterId,
    instantMs: atMs,
    isSummer: isSummer(atMs),
    // Heat is told in gigajoules: 3.6 of them are a megawatt-hour.
    milli: medium === "heat" ? Math.floor((value * 36) / 10_000) : value,
    unit: medium === "heat" ? "GJ" : "m3",
    isValveShut: meter.conditionAt(nowMs).valveShut,
  };
}
