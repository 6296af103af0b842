import { ByteReader, DecodeError } from "@amity/bytes";
import { serveDlms, wrapperLink, type SecurityKeys } from "@amity/dlms";
import type { Address, Connection, Listener, World } from "@amity/runtime";
import type { CollectedSource } from "./collection-plan.ts";
import { concentratorDevice } from "./concentrator-device.ts";
import { ConcentratorEventLog, type ConcentratorEvent } from "./concentrator-events.ts";
import { CounterFile } from "./counter-file.ts";
import { CollectedBook } from "./coverage-file.ts";
import { decodeDelivery } from "./delivery.ts";
import { DEFAULT_LOG_LIMITS, DeliveryLog, type DeliveryLogLimits } from "./delivery-log.ts";
import { relayingLink } from "./gateway-relay.ts";
import { WakeUp } from "./wake-up.ts";
import {
  openWirelessBooks,
  startWireless,
  type WirelessObservation,
  type WirelessOptions,
  type WirelessSide,
} from "./wireless/wireless-side.ts";
import { MeterCollector, type LocalMeter, type MeterStanding } from "./meter-collector.ts";
import type { MeterMedium } from "./meter-medium.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface ConcentratorOptions {
  readonly concentratorId: string;
  /** Eight octets. */
  readonly systemTitle: Uint8Array;
  /** Keys of the head-end's management association. */
  readonly keys: SecurityKeys;
  /** Where the head-end connects. */
  readonly listen: Address;
  readonly meters: readonly LocalMeter[];
  /** What is collected; default: load profile and three event logs, 30 days back. */
  readonly sources?: readonly CollectedSource[];
  /** Civil ms between two visits to a meter. Default one hour. */
  readonly collectEveryMs?: number;
  /** Meter sessions on the medium at once. Default 2. */
  readonly sessionsMax?: number;
  /** Pieces of history in one visit. Default 4. */
  readonly piecesPerVisit?: number;
  /** Machine ms that a meter may take to answer over the medium. Default 60 s. */
  readonly requestTimeoutMs?: number;
  readonly log?: DeliveryLogLimits;
  readonly firmware?: string;
  /** Meters of wireless M-Bus that it hears beside those that it asks. */
  readonly wireless?: WirelessOptions;
  /** Told of what the concentrator notes in its own event log. */
  readonly onEvent?: (event: ConcentratorEvent) => void;
}

/** A running concentrator. */
export interface Concentrator {
  readonly address: Address;
  readonly meters: readonly LocalMeter[];
  readonly events: readonly ConcentratorEvent[];
  /** Sequence numbers of deliveries: acknowledged up to, and the newest stored. */
  readonly deliveries: { readonly acknowledged: number; readonly newest: number; readonly octets: number };
  standing(meterId: string): MeterStanding;
  setMeters(meters: readonly LocalMeter[]): void;
  stop(): Promise<void>;
  /** What it hears of wireless M-Bus; absent where it has no radio. */
  readonly wireless: WirelessObservation | undefined;
}

/** What a concentrator collects where nothing else is said. */
export function defaultSources(historyMs = 30 * DAY_MS): CollectedSource[] {
  const profile = { historyMs, lateMs: 1_800_000 };
  return [
    { ...profile, profile: "1-0:99.1.0", kind: "intervals", chunkMs: DAY_MS, gridMs: 900_000 },
    ...["0-0:99.98.0", "0-0:99.98.1", "0-0:99.98.2"].map((log): CollectedSource => ({
      ...profile,
      profile: log,
      kind: "events",
      chunkMs: historyMs,
      gridMs: 1_000,
    })),
  ];
}

/**
 * What is collected of a meter behind channel n (1 to 4) of a DLMS meter: its hourly profile `0-n:24.3.0` and its event log
 * `0-n:24.5.0` (Blue Book, class 72 and the M-Bus profiles of IEC 62056-6-1, 6.3.2).
 */
export function subMeterSources(channel: 1 | 2 | 3 | 4, historyMs = 30 * DAY_MS): CollectedSource[] {
  // A host may hear of an hour until the next one is over.
  const profile = { historyMs, lateMs: HOUR_MS };
  return [
    // Four days of hours are as many rows as a day of quarter-hours.
    { ...profile, profile: `0-${channel}:24.3.0`, kind: "intervals", chunkMs: 4 * DAY_MS, gridMs: HOUR_MS },
    { ...profile, profile: `0-${channel}:24.5.0`, kind: "events", chunkMs: historyMs, gridMs: 1_000 },
  ];
}

/** What a host with M-Bus channels notes about all of them, in one log more: communication, battery, tampering (`0-0:99.98.3`). */
export function channelLogSource(historyMs = 30 * DAY_MS): CollectedSource {
  return { historyMs, lateMs: HOUR_MS, profile: "0-0:99.98.3", kind: "events", chunkMs: historyMs, gridMs: 1_000 };
}

/**
 * Starts a concentrator on what its disk holds: recovers the delivery log, serves the head-end, collects its meters.
 * @throws LinkError when the port is taken or the disk refuses, SecurityError when the counters cannot be trusted.
 */
export async function startConcentrator(world: World, medium: MeterMedium, options: ConcentratorOptions): Promise<Concentrator> {
  const events = new ConcentratorEventLog((event) => options.onEvent?.(event));
  const counters = await CounterFile.open(world.files);
  const book = await CollectedBook.open(world.files);
  const books = await openWirelessBooks(world.files);
  const { log, torn } = await DeliveryLog.open(world.files, options.log ?? DEFAULT_LOG_LIMITS, ({ data }) => {
    remember(book, data);
    books.heard.replay(data);
  });
  events.add({ atMs: world.clock.nowMs(), kind: "restarted", detail: `${log.newest - log.acknowledged} deliveries wait` });
  if (torn > 0) events.add({ atMs: world.clock.nowMs(), kind: "tailRecovered", detail: `${torn} segment(s) ended in a torn record` });
  const collector = new MeterCollector({
    world,
    medium,
    log,
    book,
    events,
    sources: options.sources ?? defaultSources(),
    collectEveryMs: options.collectEveryMs ?? HOUR_MS,
    sessionsMax: options.sessionsMax ?? 2,
    piecesPerVisit: options.piecesPerVisit ?? 4,
    requestTimeoutMs: options.requestTimeoutMs ?? 60_000,
  });
  collector.setMeters(options.meters);
  medium.onPush?.((meterAddress, apdu) => {
    collector.takePush(meterAddress, apdu).catch((error: unknown) => world.log.error("concentrator.push", { error: String(error) }));
  });
  const acknowledge = async (sequence: number): Promise<void> => {
    await log.acknowledge(sequence, async () => {
      await book.save();
      await books.heard.save();
    });
    collector.roomAgain();
  };
  const wakers = new Set<WakeUp>();
  log.onStored = () => {
    for (const waker of wakers) waker.call();
  };
  const { concentratorId } = options;
  const wireless =
    options.wireless === undefined ? undefined : await startWireless(options.wireless, books, { world, log, events, concentratorId });
  const accept = (connection: Connection): void =>
    serve(connection, { world, medium, options, log, events, collector, counters, acknowledge, wakers, wireless });
  const listener: Listener = await world.network.listen(options.listen, accept);
  collector.start();
  return {
    address: listener.address,
    get meters() {
      return collector.meters;
    },
    get events() {
      return events.entries;
    },
    get deliveries() {
      return { acknowledged: log.acknowledged, newest: log.newest, octets: log.octets };
    },
    standing: (meterId) => collector.standing(meterId),
    setMeters: (meters) => collector.setMeters(meters),
    wireless,
    async stop() {
      await wireless?.stop();
      await listener.close();
      await collector.stop();
    },
  };
}

interface ServeParts {
  readonly world: World;
  readonly medium: MeterMedium;
  readonly options: ConcentratorOptions;
  readonly log: DeliveryLog;
  readonly events: ConcentratorEventLog;
  readonly collector: MeterCollector;
  readonly counters: CounterFile;
  readonly acknowledge: (sequence: number) => Promise<void>;
  readonly wireless: WirelessSide | undefined;
  /** The connections whose head-end has proved itself. */
  readonly wakers: Set<WakeUp>;
}

/** A head-end that stays silent this long (machine time) is gone. */
const INACTIVITY_MS = 600_000;

function serve(connection: Connection, parts: ServeParts): void {
  const { world, medium, options, log, events, collector, counters, acknowledge, wakers } = parts;
  const upstream = wrapperLink(connection, "server");
  const waker = new WakeUp(upstream, world.timers);
  const device = concentratorDevice({
    concentratorId: options.concentratorId,
    systemTitle: options.systemTitle,
    keys: options.keys,
    clock: world.clock,
    log,
    events,
    collector,
    counters,
    firmware: options.firmware ?? "amity-dcu-1",
    wireless: parts.wireless?.objects,
    acknowledge,
    onManagement: () => void wakers.add(waker),
    onLook: () => waker.answered(),
  });
  const link = relayingLink(upstream, {
    world,
    medium,
    meterAt: (address) => collector.byAddress(address),
    isAllowed: () => wakers.has(waker),
    onEnd: () => {
      wakers.delete(waker);
      waker.end();
    },
    connectTimeoutMs: options.requestTimeoutMs ?? 60_000,
  });
  const onFault = (error: unknown): void => world.log.error("concentrator.fault", { error: String(error) });
  serveDlms(link, { logicalDevice: (sap) => (sap === 1 ? device : undefined) }, world, { inactivityTimeoutMs: INACTIVITY_MS, onFault });
}

/** A delivery that is still held says what was collected. */
function remember(book: CollectedBook, octets: Uint8Array): void {
  try {
    const { meterId, object, span } = decodeDelivery(new ByteReader(octets));
    book.add(meterId, object, span);
  } catch (error) {
    // It is handed on as it is; the head-end says what is wrong with it.
    if (!(error instanceof DecodeError)) throw error;
  }
}
