import { UsageError } from "@amity/bytes";
import type { MeterAddress, RadioModeName } from "@amity/mbus";
import { seedOf, uniform } from "../household/hash.ts";
import type { MapPoint } from "../map-point.ts";
import { MEDIUM_DESCRIPTIONS, type SubMeterMedium } from "./medium.ts";

/** Channel of a host that a sub-meter hangs on: group B of its objects, e.g. `0-2:24.2.1`. */
export type HostChannel = 1 | 2 | 3 | 4;

/** Who hears a sub-meter: the electricity meter of its home, or a wireless concentrator. */
export type SubMeterReach =
  | { readonly kind: "channel"; readonly hostMeterId: string; readonly channel: HostChannel }
  /** `station` is its number on that concentrator's medium. */
  | { readonly kind: "wireless"; readonly concentratorId: string; readonly station: number };

/** A gas, water or heat meter of the plan. Its key is not in it: see `deriveSubMeterKeys`. */
export interface PlannedSubMeter {
  readonly meterId: string;
  readonly medium: SubMeterMedium;
  /** Who it is on M-Bus: identification, manufacturer, version, device type. */
  readonly address: MeterAddress;
  /** The electricity meter of the same home. */
  readonly homeMeterId: string;
  readonly reach: SubMeterReach;
  readonly radio: { readonly mode: RadioModeName; readonly security: 5 | 7; readonly intervalMs: number };
  /** A gas or water meter with a valve that can be shut from afar. */
  readonly hasValve: boolean;
  /** Seed of what is the meter's own: sizes, draws, radio. The habits of the home follow from `householdSeed`. */
  readonly seed: number;
  readonly householdSeed: number;
  /** A shop or workshop. */
  readonly isBusiness: boolean;
  readonly at: MapPoint;
  readonly installedMs: number;
}

/** A concentrator that hears the wireless M-Bus meters of one street. */
export interface PlannedWirelessConcentrator {
  readonly concentratorId: string;
  readonly feederId: string;
  readonly transformerId: string;
  readonly at: MapPoint;
}

/** Which homes have what. Shares of all homes, 0 to 1; all default to 0. A home has gas or district heat, not both. */
export interface SubMeterShares {
  readonly gas?: number;
  readonly water?: number;
  readonly heat?: number;
  /** Share of the homes whose sub-meters a wireless concentrator hears in place of the electricity meter. */
  readonly wireless?: number;
  /** Share of the gas and water meters that have a valve, default 0.5. */
  readonly valve?: number;
}

/** What of the electricity meter of a home decides about the meters beside it. */
interface Home {
  readonly meterId: string;
  readonly serial: number;
  readonly feederId: string;
  readonly transformerId: string;
  readonly customerClass: "residential" | "smallCommercial";
  readonly householdSeed: number;
  readonly at: MapPoint;
  readonly installedMs: number;
}

/** Sub-meters of a plan and the concentrators that hear some of them. @throws UsageError for shares that cannot be. */
export function planSubMeters(
  options: { readonly seed: number; readonly prefix?: string; readonly subMeters?: SubMeterShares },
  meters: readonly Home[],
  transformers: readonly { readonly transformerId: string; readonly at: MapPoint }[],
): { subMeters: PlannedSubMeter[]; wirelessConcentrators: PlannedWirelessConcentrator[] } {
  const shares = checked(options.subMeters ?? {});
  const concentrators = new Map<string, PlannedWirelessConcentrator>();
  const stations = new Map<string, number>();
  const subMeters = meters.flatMap((home, index) => {
    const isWireless = uniform(options.seed, 30, index) < shares.wireless;
    const concentrator = isWireless ? concentratorOf(home) : undefined;
    return mediaOf(options.seed, index, shares).map((medium, position): PlannedSubMeter => {
      const reach: SubMeterReach =
        concentrator === undefined
          ? { kind: "channel", hostMeterId: home.meterId, channel: CHANNELS[position] ?? 1 }
          : { kind: "wireless", concentratorId: concentrator.concentratorId, station: nextStation(concentrator.concentratorId) };
      return planSubMeter({ home, medium, reach, prefix: options.prefix ?? "AMTY", valveShare: shares.valve });
    });
  });
  return { subMeters, wirelessConcentrators: [...concentrators.values()] };

  function concentratorOf({ transformerId, feederId }: Home): PlannedWirelessConcentrator {
    const known = concentrators.get(transformerId);
    if (known !== undefined) return known;
    const at = transformers.find((transformer) => transformer.transformerId === transformerId)?.at ?? { x: 0, y: 0 };
    const concentratorId = `W${transformerId.slice(1).padStart(3, "0")}`;
    const concentrator = { concentratorId, feederId, transformerId, at: { x: at.x + 12, y: at.y + 8 } };
    concentrators.set(transformerId, concentrator);
    return concentrator;
  }

  function nextStation(concentratorId: string): number {
    const station = (stations.get(concentratorId) ?? 0) + 1;
    stations.set(concentratorId, station);
    return station;
  }
}

function planSubMeter(given: {
  readonly home: Home;
  readonly medium: SubMeterMedium;
  readonly reach: SubMeterReach;
  readonly prefix: string;
  readonly valveShare: number;
}): PlannedSubMeter {
  const { home, medium, reach, prefix, valveShare } = given;
  const { letter, deviceType } = MEDIUM_DESCRIPTIONS[medium];
  const id = String(home.serial).slice(-8);
  const seed = seedOf(`${home.householdSeed}/${medium}`);
  const hasValve = medium !== "heat" && uniform(seed, 1, 0) < valveShare;
  return {
    meterId: `${prefix.slice(0, 3)}${letter}${id}`,
    medium,
    address: { id, manufacturer: prefix.slice(0, 3), version: 1, deviceType },
    homeMeterId: home.meterId,
    reach,
    // A valve needs a meter that listens.
    radio: {
      mode: medium === "heat" ? "C1" : hasValve ? "T2Up" : "T1",
      security: medium === "water" ? 5 : 7,
      intervalMs: RADIO_INTERVAL_MS,
    },
    hasValve,
    seed,
    householdSeed: home.householdSeed,
    isBusiness: home.customerClass === "smallCommercial",
    at: home.at,
    installedMs: home.installedMs,
  };
}

function mediaOf(seed: number, index: number, shares: Required<SubMeterShares>): SubMeterMedium[] {
  const warmth = uniform(seed, 31, index);
  const media: SubMeterMedium[] = warmth < shares.gas ? ["gas"] : warmth < shares.gas + shares.heat ? ["heat"] : [];
  return uniform(seed, 32, index) < shares.water ? [...media, "water"] : media;
}

function checked(shares: SubMeterShares): Required<SubMeterShares> {
  const all = { gas: 0, water: 0, heat: 0, wireless: 0, valve: 0.5, ...shares };
  for (const [name, share] of Object.entries(all)) {
    if (!(share >= 0 && share <= 1)) throw new UsageError(`the share ${name} is 0 to 1, not ${share}`, { code: "out-of-range" });
  }
  if (all.gas + all.heat > 1) throw new UsageError("a home has gas or district heat: their shares exceed 1", { code: "out-of-range" });
  return all;
}

const CHANNELS: readonly HostChannel[] = [1, 2, 3, 4];
const RADIO_INTERVAL_MS = 900_000;
