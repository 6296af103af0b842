import { meterTelegram, type P1Meter, type TelegramContent } from "@amity/dsmr";
import { MEDIUM_DESCRIPTIONS } from "../sub-meter/medium.ts";
import type { SubMeterDevice } from "../sub-meter/sub-meter-device.ts";
import type { MeteredHome } from "./home.ts";

/** `5`: DSMR 5.0.2; `4`: 4.2 (the same objects); `3`: 3.0, without time, version and CRC, gas in one line. */
export type P1Version = "5" | "4" | "3";
export const P1_VERSIONS: readonly P1Version[] = ["5", "4", "3"];

const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;

/** The telegram that a home's electricity meter sends out of its P1 port now, with the meters on its M-Bus channels. */
export function p1Face({ electricity, subMeters }: MeteredHome, version: P1Version = "5"): TelegramContent {
  const { meter } = electricity;
  const nowMs = electricity.advance();
  const { zone, site, type } = meter.surroundings;
  const isSummer = (atMs: number): boolean => zone.offsetMsAt(atMs) > site.options.standardOffsetMinutes * 60_000;
  const [tariff1 = 0, tariff2 = 0, tariff3 = 0, tariff4 = 0, export1 = 0, export2 = 0, export3 = 0, export4 = 0] = meter.tariffsAt(nowMs);
  const { importW, exportW, phases } = meter.momentaryAt(nowMs);
  const shownPhases = meter.plan.phase === "L123" ? phases : phases.slice(0, 1);
  const telegram: P1Meter = {
    manufacturer: type.manufacturer,
    identifier: `\\2${type.model}-${version}`,
    equipmentId: meter.plan.meterId,
    instantMs: Math.floor(meter.clockAt(nowMs) / 1_000) * 1_000,
    isSummer: isSummer(nowMs),
    tariff: 1,
    // P1 knows two tariffs: what others count goes with the second.
    importedWh: [tariff1, tariff2 + tariff3 + tariff4],
    exportedWh: [export1, export2 + export3 + export4],
    importW,
    exportW,
    phases: shownPhases.map(({ deciVolts, centiAmperes }) => ({
      voltageDv: deciVolts,
      currentCa: centiAmperes,
      importW: Math.round(importW / shownPhases.length),
      exportW: Math.round(exportW / shownPhases.length),
    })),
    channels: subMeters.map((subMeter, index) => channelOf(subMeter, index, nowMs, isSummer)),
  };
  const content = meterTelegram(telegram);
  return version === "5" ? content : olderTelegram(content, version);
}

function channelOf(
  { meter }: SubMeterDevice,
  index: number,
  nowMs: number,
  isSummer: (atMs: number) => boolean,
): NonNullable<P1Meter["channels"]>[number] {
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
  };
}

/** What older versions leave out or say otherwise (DSMR P1 4.2.2 and 3.0). */
function olderTelegram(content: TelegramContent, version: "4" | "3"): TelegramContent {
  if (version === "4") {
    const dataSets = content.dataSets.map((dataSet) =>
      dataSet.address === "1-3:0.2.8" ? { ...dataSet, values: [{ value: "42" }] } : dataSet,
    );
    return { ...content, dataSets };
  }
  const dataSets = content.dataSets.flatMap((dataSet): TelegramContent["dataSets"][number][] => {
    const [first, second] = dataSet.values;
    if (/^1-0:[12]\.8\./.test(dataSet.address)) return [{ ...dataSet, values: [{ value: (first?.value ?? "").slice(1), unit: "kWh" }] }];
    if (/^1-0:[12]\.7\.0$/.test(dataSet.address))
      return [{ ...dataSet, values: [{ value: `00${(first?.value ?? "").slice(0, 5)}`, unit: "kW" }] }];
    if (/^0-[1-4]:24\.2\.1$/.test(dataSet.address)) return hourLines(dataSet.address, first?.value ?? "", second);
    return NOT_IN_VERSION_3.test(dataSet.address) ? [] : [dataSet];
  });
  return { ...content, dataSets, hasCrc: false };
}

/** `0-1:24.3.0(stamp)(00)(60)(1)(0-1:24.2.1)(m3)`, and on a line of its own `(00001.001)`. */
function hourLines(
  address: string,
  stamp: string,
  value: { readonly value: string; readonly unit?: string } | undefined,
): TelegramContent["dataSets"][number][] {
  const head = [stamp.slice(0, 12), "00", "60", "1", address, value?.unit ?? ""];
  return [
    { address: address.replace("24.2.1", "24.3.0"), values: head.map((text) => ({ value: text })) },
    { address: "", values: [{ value: value?.value ?? "" }] },
  ];
}

const NOT_IN_VERSION_3 = /^(?:1-3:0\.2\.8|0-0:1\.0\.0|1-0:99\.97\.0|1-0:\d+\.7\.0)$/;
