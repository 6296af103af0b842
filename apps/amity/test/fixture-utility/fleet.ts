import { createFleet, type FleetPlan, type PlannedMeter } from "@amity/meter";
import type { Topology } from "@amity/api";
import { hash, type Home } from "./household.ts";

/** A meter of the fixture with its changing parts. */
export interface FixtureMeter {
  readonly planned: PlannedMeter;
  readonly home: Home;
  readonly index: number;
  readonly feeder: number;
  readonly concentrator: number;
  supply: "connected" | "disconnected";
  lastSeenMs: number;
  readonly silent: boolean;
  readonly openExceptions: number;
}

export interface FixtureFleet {
  readonly plan: FleetPlan;
  readonly meters: FixtureMeter[];
  readonly byId: Map<string, FixtureMeter>;
  readonly outSince: (number | undefined)[];
}

export function buildFleet(nowMs: number, meters: number): FixtureFleet {
  const plan = createFleet({ seed: 7, meters, feeders: 6, concentrators: 12, startMs: nowMs });
  const feederIndex = new Map(plan.feeders.map((feeder, index) => [feeder.feederId, index]));
  const concentratorIndex = new Map(plan.concentrators.map((concentrator, index) => [concentrator.concentratorId, index]));
  const list = plan.meters.map((planned, index): FixtureMeter => {
    const luck = hash(planned.serial, 11);
    return {
      planned,
      home: { seed: planned.householdSeed, solar: planned.solar, ev: planned.electricVehicle },
      index,
      feeder: feederIndex.get(planned.feederId) ?? 0,
      concentrator: planned.concentratorId === undefined ? -1 : (concentratorIndex.get(planned.concentratorId) ?? -1),
      supply: luck > 0.995 ? "disconnected" : "connected",
      lastSeenMs: nowMs - Math.floor(luck * 900_000) - (luck < 0.012 ? 9 * 3_600_000 : 0),
      silent: luck < 0.012,
      openExceptions: hash(planned.serial, 12) > 0.97 ? 1 : 0,
    };
  });
  return {
    plan,
    meters: list,
    byId: new Map(list.map((meter) => [meter.planned.meterId, meter])),
    outSince: plan.feeders.map(() => undefined),
  };
}

/** Index into METER_STATES. */
export function stateOf(fleet: FixtureFleet, meter: FixtureMeter, nowMs: number): number {
  if (fleet.outSince[meter.feeder] !== undefined) return 4;
  if (meter.supply === "disconnected") return 3;
  const age = nowMs - meter.lastSeenMs;
  return age > 6 * 3_600_000 ? 2 : age > 2 * 3_600_000 ? 1 : 0;
}

export function topologyOf(fleet: FixtureFleet, nowMs: number): Topology {
  const { plan, meters } = fleet;
  const feederOf = (id: string): number => plan.feeders.findIndex((feeder) => feeder.feederId === id);
  const transformerOf = new Map(plan.transformers.map((transformer, index) => [transformer.transformerId, index]));
  return {
    substation: { name: "Quayside 33/11 kV", x: plan.substation.x, y: plan.substation.y },
    feeders: plan.feeders.map((feeder) => ({
      id: feeder.feederId,
      name: feeder.name,
      path: feeder.path.flatMap((point) => [point.x, point.y]),
    })),
    transformers: plan.transformers.map((transformer) => ({
      id: transformer.transformerId,
      feeder: feederOf(transformer.feederId),
      ...transformer.at,
    })),
    concentrators: plan.concentrators.map((concentrator, index) => ({
      id: concentrator.concentratorId,
      feeder: feederOf(concentrator.feederId),
      ...concentrator.at,
      online: fleet.outSince[feederOf(concentrator.feederId)] === undefined,
      meters: meters.filter((meter) => meter.concentrator === index).length,
    })),
    meters: {
      ids: meters.map((meter) => meter.planned.meterId),
      x: meters.map((meter) => meter.planned.at.x),
      y: meters.map((meter) => meter.planned.at.y),
      feeder: meters.map((meter) => meter.feeder),
      transformer: meters.map((meter) => transformerOf.get(meter.planned.transformerId) ?? 0),
      concentrator: meters.map((meter) => meter.concentrator),
      state: meters.map((meter) => stateOf(fleet, meter, nowMs)),
    },
  };
}
