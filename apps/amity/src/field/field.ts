import {
  channelLogSource,
  defaultSources,
  startConcentrator,
  stationMedium,
  subMeterSources,
  type Concentrator,
  type ConcentratorOptions,
  type LocalMeter,
} from "@amity/concentrator";
import {
  STANDARD_METER,
  type FleetPlan,
  type HostChannel,
  type MeterFleet,
  type PlannedConcentrator,
  type PlannedMeter,
} from "@amity/meter";
import {
  CONCENTRATOR_STATION,
  createLinkStation,
  createMedium,
  MEDIA,
  type LinkStation,
  type Medium,
  type MediumOptions,
} from "@amity/network";
import type { Address, Random, Timers, World } from "@amity/runtime";
import { concentratorKeys, concentratorSystemTitle } from "./field-keys.ts";

/** How the field behaves. */
export interface FieldOptions {
  readonly masterSecret: Uint8Array;
  /** Default PLC. */
  readonly medium?: MediumOptions;
  readonly historyMs: number;
  readonly collectEveryMs: number;
  readonly meterSessionsMax?: number;
  readonly piecesPerVisit?: number;
  readonly requestTimeoutMs?: number;
  /** What meters cry on the medium unasked (last gasps): a concentrator has a battery and passes it on. */
  readonly onNotify?: (message: Uint8Array) => void;
}

/** One street behind a concentrator: the shared medium and the meters on it. */
export interface Street {
  readonly plan: PlannedConcentrator;
  readonly medium: Medium;
  readonly meters: readonly PlannedMeter[];
  /** The meters' places on the medium, by meter id. */
  readonly stations: ReadonlyMap<string, LinkStation>;
}

/** Puts the meters of a concentrator on a medium of their own, answering there. */
export function openStreet(
  world: { readonly timers: Timers; readonly random: Random },
  fleet: MeterFleet,
  concentrator: PlannedConcentrator,
  mediumOptions: MediumOptions = MEDIA.plc,
): Street {
  const random = world.random.fork(`street ${concentrator.concentratorId}`);
  const medium = createMedium({ timers: world.timers, random }, mediumOptions);
  const meters = fleet.plan.meters.filter(({ concentratorId }) => concentratorId === concentrator.concentratorId);
  const stations = new Map<string, LinkStation>();
  for (const meter of meters) {
    if (meter.address.kind !== "medium") continue;
    const station = createLinkStation({ timers: world.timers, random: random.fork(meter.meterId), medium, address: meter.address.station });
    stations.set(meter.meterId, station);
    station.accept((connection) => fleet.attach(meter.meterId, connection, { timers: world.timers, random }));
  }
  return { plan: concentrator, medium, meters, stations };
}

/** Starts the concentrator of a street on what its disk holds. */
export function startStreetConcentrator(
  world: World,
  street: Street,
  fleet: MeterFleet,
  listen: Address,
  options: FieldOptions,
): Promise<Concentrator> {
  const { concentratorId } = street.plan;
  const station = createLinkStation({
    timers: world.timers,
    random: world.random.fork("station"),
    medium: street.medium,
    address: CONCENTRATOR_STATION,
  });
  const { onNotify } = options;
  if (onNotify !== undefined) station.onNotify((message) => onNotify(message));
  const settings: ConcentratorOptions = {
    concentratorId,
    systemTitle: concentratorSystemTitle(concentratorId),
    keys: concentratorKeys(options.masterSecret, concentratorId),
    listen,
    meters: street.meters.map((meter) => localMeter(fleet, meter, options.historyMs)),
    sources: defaultSources(options.historyMs),
    collectEveryMs: options.collectEveryMs,
    ...(options.meterSessionsMax === undefined ? {} : { sessionsMax: options.meterSessionsMax }),
    ...(options.piecesPerVisit === undefined ? {} : { piecesPerVisit: options.piecesPerVisit }),
    ...(options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs }),
  };
  return startConcentrator(world, stationMedium(station), settings);
}

/**
 * What a concentrator is told of a meter: the reading client's password, never a key that could switch it, and which channels of it other
 * meters hang on.
 */
function localMeter(fleet: MeterFleet, meter: PlannedMeter, historyMs: number): LocalMeter {
  const address = meter.address.kind === "medium" ? String(meter.address.station) : "";
  const sources = channelsOf(fleet.plan, meter.meterId).flatMap((channel) => subMeterSources(channel, historyMs));
  return {
    meterId: meter.meterId,
    address,
    clientSap: STANDARD_METER.clients.reading,
    authentication: { mechanism: "lls", password: fleet.keys(meter.meterId).readingPassword },
    ...(sources.length === 0 ? {} : { sources: [...sources, channelLogSource(historyMs)] }),
  };
}

/** The M-Bus channels of an electricity meter that something hangs on. */
function channelsOf(plan: FleetPlan, hostMeterId: string): HostChannel[] {
  return plan.subMeters.flatMap(({ reach }) => (reach.kind === "channel" && reach.hostMeterId === hostMeterId ? [reach.channel] : []));
}
