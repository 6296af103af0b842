import type { MeterSummary, Topology } from "@amity/api";
import type { FleetPlan, PlannedMeter, PlannedSubMeter } from "@amity/meter";
import { METER_STATES } from "@amity/api";
import type { FleetWatch } from "./fleet-watch.ts";

/** Where every meter stands: feeders, transformers, concentrators and co-ordinates. */
export interface Place {
  readonly meterId: string;
  readonly usagePointId: string;
  readonly feederId: string;
  readonly transformerId: string;
  readonly concentratorId: string | undefined;
  readonly x: number;
  readonly y: number;
  readonly installedMs: number | undefined;
  readonly traits: MeterSummary["traits"];
}

/** The map of the utility, from a demo's plan. An installation without one has an empty map; its meters are listed all the same. */
export class PlaceBook {
  readonly plan: FleetPlan | undefined;
  readonly #places = new Map<string, Place>();
  /** Gas, water and heat meters: they stand where their homes are, and are not drawn beside them. */
  readonly #subPlaces = new Map<string, Place>();

  constructor(plan: FleetPlan | undefined) {
    this.plan = plan;
    for (const meter of plan?.meters ?? []) this.#places.set(meter.meterId, placeOf(meter));
    for (const meter of plan?.subMeters ?? []) {
      const home = this.#places.get(meter.homeMeterId);
      if (home !== undefined) this.#subPlaces.set(meter.meterId, subPlaceOf(meter, home));
    }
  }

  place(meterId: string): Place | undefined {
    return this.#places.get(meterId) ?? this.#subPlaces.get(meterId);
  }

  /** Where the electricity meters stand. */
  places(): Iterable<Place> {
    return this.#places.values();
  }

  /** Where a meter hangs, from near to far, in words; empty where the map does not know it. */
  namesOf(meterId: string): string[] {
    const place = this.place(meterId);
    if (place === undefined) return [];
    const feeder = this.feeders.find(({ feederId }) => feederId === place.feederId);
    return [
      `transformer ${place.transformerId}`,
      ...(place.concentratorId === undefined ? [] : [`concentrator ${place.concentratorId}`]),
      `feeder ${feeder?.name ?? place.feederId}`,
    ];
  }

  metersOfFeeder(feederId: string): string[] {
    return [...this.#places.values(), ...this.#subPlaces.values()].flatMap((place) => (place.feederId === feederId ? [place.meterId] : []));
  }

  get feeders(): FleetPlan["feeders"] {
    return this.plan?.feeders ?? [];
  }

  /** Key under which a meter's energy is summed: feeder and concentrator together. */
  groupOf(meterId: string): string {
    const place = this.#places.get(meterId);
    return place === undefined ? "|direct" : `${place.feederId}|${place.concentratorId ?? "direct"}`;
  }

  topology(watch: FleetWatch, isOnline: (concentratorId: string) => boolean): Topology {
    const { plan } = this;
    const feederIndex = indexBy(plan?.feeders ?? [], ({ feederId }) => feederId);
    const transformerIndex = indexBy(plan?.transformers ?? [], ({ transformerId }) => transformerId);
    const concentratorIndex = indexBy(plan?.concentrators ?? [], ({ concentratorId }) => concentratorId);
    const places = [...this.#places.values()];
    const counts = new Map<string | undefined, number>();
    for (const { concentratorId } of places) counts.set(concentratorId, (counts.get(concentratorId) ?? 0) + 1);
    return {
      substation: { name: "Primary substation", x: plan?.substation.x ?? 0, y: plan?.substation.y ?? 0 },
      feeders: (plan?.feeders ?? []).map(({ feederId, name, path }) => ({ id: feederId, name, path: path.flatMap(({ x, y }) => [x, y]) })),
      transformers: (plan?.transformers ?? []).map(({ transformerId, feederId, at }) => ({
        id: transformerId,
        feeder: feederIndex.get(feederId) ?? 0,
        ...at,
      })),
      concentrators: (plan?.concentrators ?? []).map(({ concentratorId, feederId, at }) => ({
        id: concentratorId,
        feeder: feederIndex.get(feederId) ?? 0,
        ...at,
        online: isOnline(concentratorId),
        meters: counts.get(concentratorId) ?? 0,
      })),
      meters: {
        ids: places.map(({ meterId }) => meterId),
        x: places.map(({ x }) => x),
        y: places.map(({ y }) => y),
        feeder: places.map(({ feederId }) => feederIndex.get(feederId) ?? 0),
        transformer: places.map(({ transformerId }) => transformerIndex.get(transformerId) ?? 0),
        concentrator: places.map(({ concentratorId }) =>
          concentratorId === undefined ? -1 : (concentratorIndex.get(concentratorId) ?? -1),
        ),
        state: places.map(({ meterId }) => {
          const meter = watch.meter(meterId);
          return meter === undefined ? METER_STATES.indexOf("silent") : watch.stateIndexOf(meter);
        }),
      },
    };
  }
}

function placeOf(meter: PlannedMeter): Place {
  const traits: MeterSummary["traits"] = [];
  if (meter.solar) traits.push("solar");
  if (meter.electricVehicle) traits.push("ev");
  if (meter.phase === "L123") traits.push("threePhase");
  return {
    meterId: meter.meterId,
    usagePointId: usagePointOf(meter),
    feederId: meter.feederId,
    transformerId: meter.transformerId,
    concentratorId: meter.concentratorId,
    x: meter.at.x,
    y: meter.at.y,
    installedMs: meter.installedMs,
    traits,
  };
}

/** A sub-meter is where its home is; by radio it is heard by a concentrator of its own. */
function subPlaceOf(meter: PlannedSubMeter, home: Place): Place {
  const { reach } = meter;
  return {
    ...home,
    meterId: meter.meterId,
    usagePointId: `${home.usagePointId}${SUB_SUFFIXES[meter.medium]}`,
    concentratorId: reach.kind === "wireless" ? reach.concentratorId : home.concentratorId,
    installedMs: meter.installedMs,
    traits: [],
  };
}

/** What the usage point of a sub-meter has behind that of its home. */
export const SUB_SUFFIXES = { gas: "G", water: "W", heat: "H" } as const;

/** Who and where a demo home is: its electricity's usage point, the place, and who pays for all of it. */
export function placeIdsOf(home: PlannedMeter): { usagePointId: string; premisesId: string; customerId: string } {
  return { usagePointId: usagePointOf(home), premisesId: `P${home.serial}`, customerId: `C${home.serial}` };
}

/** The usage point of a demo meter. */
export function usagePointOf(meter: PlannedMeter): string {
  return `UP${meter.serial}`;
}

function indexBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  return new Map(items.map((item, index) => [key(item), index]));
}
