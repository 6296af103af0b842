import { UsageError } from "@amity/bytes";
import { toOctets } from "@amity/iec62056-21";
import { formatP1Time } from "../telegram/p1-time.ts";
import type { TelegramContent } from "../telegram/telegram.ts";

/** What the simulated meter measured. Integers throughout: energies in Wh, powers in W. */
export interface P1Meter {
  readonly manufacturer: string;
  readonly identifier: string;
  readonly equipmentId: string;
  readonly instantMs: number;
  readonly isSummer: boolean;
  readonly tariff: 1 | 2;
  /** By tariff. */
  readonly importedWh: readonly [number, number];
  readonly exportedWh: readonly [number, number];
  readonly importW: number;
  readonly exportW: number;
  readonly phases: readonly {
    readonly voltageDv: number;
    readonly currentCa: number;
    readonly importW: number;
    readonly exportW: number;
  }[];
  readonly powerFailures?: readonly { readonly endMs: number; readonly isSummer: boolean; readonly durationS: number }[];
  readonly message?: string;
  readonly channels?: readonly {
    readonly channel: 1 | 2 | 3 | 4;
    readonly deviceType: number;
    readonly equipmentId: string;
    readonly instantMs: number;
    readonly isSummer: boolean;
    /** In thousandths of the unit. */
    readonly milli: number;
    readonly unit: "m3" | "GJ" | "kWh";
  }[];
}

type Values = TelegramContent["dataSets"][number]["values"];

/** A telegram of version 5.0.2 in its prescribed formats and order. @throws UsageError for what does not fit in them. */
export function meterTelegram(meter: P1Meter): TelegramContent {
  const { manufacturer, identifier } = meter;
  const single = (address: string, value: string, unit?: string) => ({
    address,
    values: [unit === undefined ? { value } : { value, unit }],
  });
  const stamp = formatP1Time(meter.instantMs, meter.isSummer);
  const tariffs = [0, 1] as const;
  return {
    manufacturer,
    identifier,
    dataSets: [
      single("1-3:0.2.8", "50"),
      single("0-0:1.0.0", stamp),
      single("0-0:96.1.1", hexOf(meter.equipmentId)),
      ...tariffs.map((index) => single(`1-0:1.8.${index + 1}`, fixed(meter.importedWh[index], 9, 3), "kWh")),
      ...tariffs.map((index) => single(`1-0:2.8.${index + 1}`, fixed(meter.exportedWh[index], 9, 3), "kWh")),
      single("0-0:96.14.0", `000${meter.tariff}`),
      single("1-0:1.7.0", fixed(meter.importW, 5, 3), "kW"),
      single("1-0:2.7.0", fixed(meter.exportW, 5, 3), "kW"),
      { address: "1-0:99.97.0", values: failureValues(meter) },
      single("0-0:96.13.0", meter.message === undefined ? "" : hexOf(meter.message)),
      ...phaseSets(meter, single),
      ...(meter.channels ?? []).flatMap((channel) => [
        single(`0-${channel.channel}:24.1.0`, String(channel.deviceType).padStart(3, "0")),
        single(`0-${channel.channel}:96.1.0`, hexOf(channel.equipmentId)),
        {
          address: `0-${channel.channel}:24.2.1`,
          values: [{ value: formatP1Time(channel.instantMs, channel.isSummer) }, { value: fixed(channel.milli, 8, 3), unit: channel.unit }],
        },
      ]),
    ],
  };
}

function phaseSets(
  { phases }: P1Meter,
  single: (address: string, value: string, unit: string) => TelegramContent["dataSets"][number],
): TelegramContent["dataSets"] {
  const of = (quantity: number, take: (phase: P1Meter["phases"][number]) => string, unit: string) =>
    phases.map((phase, index) => single(`1-0:${quantity + 20 * index}.7.0`, take(phase), unit));
  return [
    ...of(32, ({ voltageDv }) => fixed(voltageDv, 4, 1), "V"),
    ...of(31, ({ currentCa }) => fixed(Math.round(currentCa / 100), 3, 0), "A"),
    ...of(21, ({ importW }) => fixed(importW, 5, 3), "kW"),
    ...of(22, ({ exportW }) => fixed(exportW, 5, 3), "kW"),
  ];
}

function failureValues({ powerFailures = [] }: P1Meter): Values {
  const entries = powerFailures.flatMap(({ endMs, isSummer, durationS }) => [
    { value: formatP1Time(endMs, isSummer) },
    { value: fixed(durationS, 10, 0), unit: "s" },
  ]);
  return [{ value: String(powerFailures.length) }, { value: "0-0:96.7.19" }, ...entries];
}

/** Fn(x,y) of the standard: x digits in all, `decimals` of them behind the point. */
function fixed(value: number, digits: number, decimals: number): string {
  const text = String(value).padStart(digits, "0");
  if (!Number.isInteger(value) || value < 0 || text.length > digits) {
    throw new UsageError(`${value} does not fit in F${digits}(${decimals})`, { code: "out-of-range" });
  }
  return decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

function hexOf(text: string): string {
  return Array.from(toOctets(text), (octet) => octet.toString(16).toUpperCase().padStart(2, "0")).join("");
}
