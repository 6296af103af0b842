import { UsageError } from "@amity/bytes";
import { uniform, normal, seedOf } from "./household/hash.ts";
import type { ClimateName } from "./household/site.ts";
import type { MapPoint } from "./map-point.ts";
import { planSubMeters, type PlannedSubMeter, type PlannedWirelessConcentrator, type SubMeterShares } from "./sub-meter/sub-meter-plan.ts";

export interface PlannedFeeder {
  readonly feederId: string;
  readonly name: string;
  /** The line from the substation outwards. */
  readonly path: readonly MapPoint[];
}

export interface PlannedTransformer {
  readonly transformerId: string;
  readonly feederId: string;
  readonly at: MapPoint;
}

export interface PlannedConcentrator {
  readonly concentratorId: string;
  readonly feederId: string;
  readonly transformerId: string;
  readonly at: MapPoint;
}

/** How a meter is reached: its own TCP port, or as a station on its concentrator's medium. */
export type MeterAddress =
  | { readonly kind: "tcp"; readonly port: number }
  | { readonly kind: "medium"; readonly concentratorId: string; readonly station: number };

export interface PlannedMeter {
  /** Printed on the plate; the key between registry, ledger and wire. */
  readonly meterId: string;
  /** Nine digits; the last octets of the system title. */
  readonly serial: number;
  readonly feederId: string;
  readonly transformerId: string;
  /** `undefined` for meters on direct TCP. */
  readonly concentratorId: string | undefined;
  readonly address: MeterAddress;
  readonly at: MapPoint;
  /** Phase that a single-phase meter hangs on, or all three. */
  readonly phase: "L1" | "L2" | "L3" | "L123";
  readonly customerClass: "residential" | "smallCommercial";
  readonly solar: boolean;
  readonly electricVehicle: boolean;
  /** Seed of the household behind the meter. */
  readonly householdSeed: number;
  readonly installedMs: number;
}

/** A whole utility as plain data: the same options give the same plan, on any machine. Keys are not in it: see `deriveMeterKeys`. */
export interface FleetPlan {
  readonly seed: number;
  readonly zone: string;
  readonly climate: ClimateName;
  readonly substation: MapPoint;
  readonly feeders: readonly PlannedFeeder[];
  readonly transformers: readonly PlannedTransformer[];
  readonly concentrators: readonly PlannedConcentrator[];
  readonly meters: readonly PlannedMeter[];
  /** Gas, water and heat meters of the homes. */
  readonly subMeters: readonly PlannedSubMeter[];
  /** Concentrators that hear sub-meters which no electricity meter hears. */
  readonly wirelessConcentrators: readonly PlannedWirelessConcentrator[];
}

export interface FleetOptions {
  readonly seed: number;
  readonly meters: number;
  readonly feeders?: number;
  readonly concentrators?: number;
  /** Share of the meters that are reached by direct TCP, default 0.1. */
  readonly directShare?: number;
  /** Direct meters listen on this port and the following ones; 0 lets each take a free one. Default 0. */
  readonly firstPort?: number;
  readonly zone?: string;
  readonly climate?: ClimateName;
  readonly startMs: number;
  /** How many days before `startMs` meters were installed: least and most, default 80 to 400. Fewer make a young fleet quick to compute. */
  readonly installedDays?: readonly [number, number];
  readonly solarShare?: number;
  readonly electricVehicleShare?: number;
  /** Four upper-case letters of the meter id, default `AMTY`. */
  readonly prefix?: string;
  /** Which homes have gas, water and heat meters; default none. */
  readonly subMeters?: SubMeterShares;
}

/** Plans a utility. @throws UsageError for counts that cannot be. */
export function createFleet(options: FleetOptions): FleetPlan {
  const layout = checked(options);
  const feeders = Array.from({ length: layout.feeders }, (_, index) => planFeeder(options.seed, index, layout.feeders));
  const transformers: PlannedTransformer[] = [];
  const concentrators: PlannedConcentrator[] = [];
  for (let index = 0; index < layout.concentrators; index++) {
    const feeder = feeders[index % layout.feeders];
    if (feeder === undefined) continue;
    const onFeeder = Math.ceil((layout.concentrators - (index % layout.feeders)) / layout.feeders);
    const along = (Math.floor(index / layout.feeders) + 1) / (onFeeder + 0.35);
    const at = pointAlong(feeder.path, Math.min(1, along));
    const transformerId = `T${String(index + 1).padStart(3, "0")}`;
    transformers.push({ transformerId, feederId: feeder.feederId, at });
    concentrators.push({ concentratorId: `C${String(index + 1).padStart(2, "0")}`, feederId: feeder.feederId, transformerId, at });
  }
  const meters = planMeters(options, transformers, concentrators);
  return {
    seed: options.seed,
    zone: options.zone ?? "Australia/Sydney",
    climate: options.climate ?? "newSouthWales",
    substation: { x: 0, y: 0 },
    feeders,
    transformers,
    concentrators,
    meters,
    ...planSubMeters(options, meters, transformers),
  };
}

function checked(options: FleetOptions): { feeders: number; concentrators: number } {
  const feeders = options.feeders ?? Math.max(1, Math.min(6, Math.ceil(options.meters / 50)));
  const concentrators = options.concentrators ?? feeders * 2;
  for (const [name, count, least, most] of [
    ["meters", options.meters, 1, 1_000_000],
    ["feeders", feeders, 1, 1_000],
    ["concentrators", concentrators, feeders, 10_000],
  ] as const) {
    if (!Number.isInteger(count) || count < least || count > most) {
      throw new UsageError(`a fleet has ${least} to ${most} ${name}, not ${count}`, { code: "out-of-range" });
    }
  }
  if (!/^[A-Z]{4}$/.test(options.prefix ?? "AMTY"))
    throw new UsageError("the prefix of meter ids is four upper-case letters", { code: "malformed" });
  return { feeders, concentrators };
}

/** Feeders leave the substation like the spokes of a bent wheel. */
function planFeeder(seed: number, index: number, feeders: number): PlannedFeeder {
  const path: MapPoint[] = [{ x: 0, y: 0 }];
  let angle = (index / feeders) * 2 * Math.PI + 0.25 * normal(seed, 1, index);
  const steps = 5;
  const stride = 420 + 120 * uniform(seed, 2, index);
  for (let step = 1; step <= steps; step++) {
    angle += 0.24 * normal(seed, 100 + step, index);
    const last = path.at(-1) ?? { x: 0, y: 0 };
    path.push({ x: Math.round(last.x + stride * Math.cos(angle)), y: Math.round(last.y + stride * Math.sin(angle)) });
  }
  return { feederId: `F${index + 1}`, name: FEEDER_NAMES[index] ?? `Feeder ${index + 1}`, path };
}

function planMeters(
  options: FleetOptions,
  transformers: readonly PlannedTransformer[],
  concentrators: readonly PlannedConcentrator[],
): PlannedMeter[] {
  const { seed, startMs, installedDays: [leastDays, mostDays] = [80, 400] } = options;
  const stations = new Map<string, number>();
  let nextPort = options.firstPort ?? 0;
  return Array.from({ length: options.meters }, (_, index): PlannedMeter => {
    const at = index % transformers.length;
    const transformer = transformers[at];
    const concentrator = concentrators[at];
    if (transformer === undefined || concentrator === undefined) throw new UsageError("no transformer", { code: "out-of-range" });
    const serial = (seed % 900) * 1_000_000 + 100_000_000 + index + 1;
    const isDirect = uniform(seed, 10, index) < (options.directShare ?? 0.1);
    const address = isDirect ? tcpAddress() : mediumAddress(concentrator.concentratorId);
    return {
      meterId: `${options.prefix ?? "AMTY"}${serial}`,
      serial,
      feederId: transformer.feederId,
      transformerId: transformer.transformerId,
      concentratorId: isDirect ? undefined : concentrator.concentratorId,
      address,
      at: houseAt(seed, index, transformer.at),
      phase: uniform(seed, 11, index) < 0.3 ? "L123" : (PHASES[index % 3] ?? "L1"),
      customerClass: uniform(seed, 12, index) < 0.06 ? "smallCommercial" : "residential",
      solar: uniform(seed, 13, index) < (options.solarShare ?? 0.22),
      electricVehicle: uniform(seed, 14, index) < (options.electricVehicleShare ?? 0.12),
      householdSeed: seedOf(`${seed}/household/${index}`),
      installedMs: startMs - Math.floor((leastDays + (mostDays - leastDays) * uniform(seed, 15, index)) * 86_400_000),
    };
  });

  function tcpAddress(): MeterAddress {
    const port = nextPort;
    if (nextPort !== 0) nextPort++;
    if (port > 65_535) throw new UsageError("more direct meters than ports", { code: "out-of-range" });
    return { kind: "tcp", port };
  }

  function mediumAddress(concentratorId: string): MeterAddress {
    const station = (stations.get(concentratorId) ?? 0) + 1;
    stations.set(concentratorId, station);
    return { kind: "medium", concentratorId, station };
  }
}

/** Houses stand in rows on both sides of short streets around their transformer. */
function houseAt(seed: number, index: number, transformer: MapPoint): MapPoint {
  const street = Math.floor(uniform(seed, 20, index) * 8) * (Math.PI / 4) + 0.2;
  const along = 30 + 210 * Math.sqrt(uniform(seed, 21, index));
  const side = uniform(seed, 22, index) < 0.5 ? 16 : -16;
  return {
    x: Math.round(transformer.x + along * Math.cos(street) - side * Math.sin(street) + 5 * normal(seed, 23, index)),
    y: Math.round(transformer.y + along * Math.sin(street) + side * Math.cos(street) + 5 * normal(seed, 24, index)),
  };
}

function pointAlong(path: readonly MapPoint[], share: number): MapPoint {
  const position = share * (path.length - 1);
  const index = Math.min(path.length - 2, Math.floor(position));
  const from = path[index] ?? { x: 0, y: 0 };
  const to = path[index + 1] ?? from;
  const part = position - index;
  return { x: Math.round(from.x + (to.x - from.x) * part), y: Math.round(from.y + (to.y - from.y) * part) };
}

const PHASES = ["L1", "L2", "L3"] as const;
const FEEDER_NAMES = ["Harbour", "Mill", "Orchard", "Quarry", "Heath", "River", "Station", "Park"] as const;
