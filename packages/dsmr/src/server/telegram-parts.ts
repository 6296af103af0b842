import { UsageError } from "@amity/bytes";
import { toOctets } from "@amity/iec62056-21";
import { formatP1Time } from "../telegram/p1-time.ts";
import type { TelegramContent } from "../telegram/telegram.ts";
import type { P1Meter, P1MeterChannel, P1Peak } from "./p1-meter.ts";

type Line = TelegramContent["dataSets"][number];

/** Some lines of a telegram, in order: what a form is made of. */
export type Part = (meter: P1Meter) => readonly Line[];

/** Fn(x) of the companion standards: n digits in all, x of them behind the point; the unit counts in 10^-3 of the meter's. */
export interface NumberFormat {
  readonly digits: number;
  readonly decimals: number;
}

/** A line that is always the same. */
export function literal(address: string, value: string, unit?: string): Part {
  const line = single(address, value, unit);
  return () => [line];
}

/** A line of one text. */
function text(address: string, of: (meter: P1Meter) => string): Part {
  return (meter) => [single(address, of(meter))];
}

export const clock: Part = (meter) => [single("0-0:1.0.0", formatP1Time(meter.instantMs, meter.isSummer))];
/** The tariff in force, four digits. */
export const tariffIndicator: Part = text("0-0:96.14.0", ({ tariff }) => `000${tariff}`);
export const breaker: Part = text("0-0:96.3.10", ({ isDisconnected }) => (isDisconnected === true ? "0" : "1"));
export const message: Part = text("0-0:96.13.0", (meter) => (meter.message === undefined ? "" : hexOf(meter.message)));

/** Identifiers go as the hex of their characters. */
export function equipment(address: string): Part {
  return text(address, ({ equipmentId }) => hexOf(equipmentId));
}

/** Energy of each tariff, import before export. */
export function tariffEnergies(format: NumberFormat): Part {
  return ({ importedWh, exportedWh }) => [
    ...importedWh.map((value, index) => single(`1-0:1.8.${index + 1}`, milli(value, format), "kWh")),
    ...exportedWh.map((value, index) => single(`1-0:2.8.${index + 1}`, milli(value, format), "kWh")),
  ];
}

/** Energies of all tariffs together and reactive energies, where the meter counts them. */
export function totalEnergies(format: NumberFormat, reactiveUnit: string): Part {
  return ({ importedWh, exportedWh, importedVarh = 0, exportedVarh = 0 }) => [
    single("1-0:1.8.0", milli(importedWh[0] + importedWh[1], format), "kWh"),
    single("1-0:2.8.0", milli(exportedWh[0] + exportedWh[1], format), "kWh"),
    single("1-0:3.8.0", milli(importedVarh, format), reactiveUnit),
    single("1-0:4.8.0", milli(exportedVarh, format), reactiveUnit),
  ];
}

export function powers(format: NumberFormat): Part {
  return ({ importW, exportW }) => [single("1-0:1.7.0", milli(importW, format), "kW"), single("1-0:2.7.0", milli(exportW, format), "kW")];
}

export function reactivePowers(format: NumberFormat, unit: string): Part {
  return ({ importVar = 0, exportVar = 0 }) => [
    single("1-0:3.7.0", milli(importVar, format), unit),
    single("1-0:4.7.0", milli(exportVar, format), unit),
  ];
}

/** One quantity of every phase: `first` is its group C in phase 1. */
export function ofPhases(first: number, of: (phase: P1Meter["phases"][number]) => string, unit: string): Part {
  return ({ phases }) => phases.map((phase, index) => single(`1-0:${first + 20 * index}.7.0`, of(phase), unit));
}

export const voltages: Part = ofPhases(32, ({ voltageDv }) => fixed(voltageDv, 4, 1), "V");

/** Currents with none, one or two decimals. */
export function currents(digits: number, decimals: 0 | 1 | 2): Part {
  return ofPhases(31, ({ currentCa }) => fixed(Math.round(currentCa / 10 ** (2 - decimals)), digits, decimals), "A");
}

/** Failures of any length and long ones (96.7.21, 96.7.9), and the log of these. */
export const failures: Part = ({ failureCount = 0, powerFailures = [] }) => [
  single("0-0:96.7.21", fixed(failureCount, 5, 0)),
  single("0-0:96.7.9", fixed(powerFailures.length, 5, 0)),
  {
    address: "1-0:99.97.0",
    values: [
      { value: String(Math.min(powerFailures.length, FAILURES_MAX)) },
      { value: "0-0:96.7.19" },
      ...powerFailures
        .slice(-FAILURES_MAX)
        .flatMap(({ endMs, isSummer, durationS }) => [
          { value: formatP1Time(endMs, isSummer) },
          { value: fixed(durationS, 10, 0), unit: "s" },
        ]),
    ],
  },
];
const FAILURES_MAX = 10;

/** Belgium: running demand, peak of the month, peaks of the months before. */
export const demands: Part = ({ demand }) => {
  if (demand === undefined) return [];
  const { currentW, peak, months } = demand;
  const history = months
    .slice(-MONTHS_MAX)
    .flatMap(({ endMs, isSummer, peak: monthly }) => [{ value: formatP1Time(endMs, isSummer) }, ...peakValues(monthly)]);
  return [
    single("1-0:1.4.0", fixed(currentW, 5, 3), "kW"),
    { address: "1-0:1.6.0", values: peakValues(peak) },
    {
      address: "0-0:98.1.0",
      values: [{ value: String(history.length / 3) }, { value: "1-0:1.6.0" }, { value: "1-0:1.6.0" }, ...history],
    },
  ];
};
const MONTHS_MAX = 13;

function peakValues(peak: P1Peak | undefined): Line["values"] {
  if (peak === undefined) return [{ value: NO_TIME }, { value: "00.000", unit: "kW" }];
  return [{ value: formatP1Time(peak.endMs, peak.isSummer) }, { value: fixed(peak.watts, 5, 3), unit: "kW" }];
}
/** What stands where there is no time. */
const NO_TIME = "632525252525W";

/** Channels of versions 4 and 5; `codes` says what else is named differently. */
export function channels(codes: { readonly identifier: string; readonly gas: string; readonly hasValve: boolean }): Part {
  return (meter) =>
    (meter.channels ?? []).flatMap((one) => [
      single(`0-${one.channel}:24.1.0`, String(one.deviceType).padStart(3, "0")),
      single(`0-${one.channel}:${codes.identifier}`, hexOf(one.equipmentId)),
      ...(codes.hasValve ? [valveLine(one)] : []),
      {
        address: `0-${one.channel}:${one.deviceType === GAS ? codes.gas : "24.2.1"}`,
        values: [{ value: formatP1Time(one.instantMs, one.isSummer) }, { value: fixed(one.milli, 8, 3), unit: one.unit }],
      },
    ]);
}
const GAS = 3;

/** Channels of versions 2 and 3: hourly values without a season, the number on a line of its own. */
export function hourlyChannels(typeDigits: 1 | 2, isTypeFirst: boolean): Part {
  return (meter) =>
    (meter.channels ?? []).flatMap((one) => {
      const type = single(`0-${one.channel}:24.1.0`, String(one.deviceType).padStart(typeDigits, "0"));
      const identifier = single(`0-${one.channel}:96.1.0`, hexOf(one.equipmentId));
      const stamp = formatP1Time(one.instantMs, one.isSummer).slice(0, 12);
      const head = [stamp, "00", "60", "1", `0-${one.channel}:24.2.1`, one.unit, fixed(one.milli, 8, 3)];
      return [
        ...(isTypeFirst ? [type, identifier] : [identifier, type]),
        { address: `0-${one.channel}:24.3.0`, values: head.map((value) => ({ value })) },
        valveLine(one),
      ];
    });
}

function valveLine({ channel, isValveShut }: P1MeterChannel): Line {
  return single(`0-${channel}:24.4.0`, isValveShut === true ? "0" : "1");
}

/** Thousandths in the format of the form: those with two decimals are rounded. */
export function milli(value: number, { digits, decimals }: NumberFormat): string {
  return fixed(Math.round(value / 10 ** (3 - decimals)), digits, decimals);
}

/** @throws UsageError `out-of-range` for what has more digits than the standard leaves it. */
function fixed(value: number, digits: number, decimals: number): string {
  const padded = String(value).padStart(digits, "0");
  if (!Number.isInteger(value) || value < 0 || padded.length > digits) {
    throw new UsageError(`${value} does not fit in F${digits}(${decimals})`, { code: "out-of-range" });
  }
  return decimals === 0 ? padded : `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}

function single(address: string, value: string, unit?: string): Line {
  return { address, values: [unit === undefined ? { value } : { value, unit }] };
}

function hexOf(characters: string): string {
  return Array.from(toOctets(characters), (octet) => octet.toString(16).toUpperCase().padStart(2, "0")).join("");
}
