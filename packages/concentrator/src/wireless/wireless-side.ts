import type { MeterAddress } from "@amity/mbus";
import type { Files, World } from "@amity/runtime";
import type { ConcentratorEventLog } from "../concentrator-events.ts";
import { crc32 } from "../crc32.ts";
import type { DeliveryLog } from "../delivery-log.ts";
import { HeardBook } from "./heard-book.ts";
import { KnownMeters, type HeardStranger, type WirelessMeterEntry } from "./known-meters.ts";
import type { OrderReport } from "./meter-order.ts";
import { OrderBook } from "./order-book.ts";
import { OrderDesk } from "./order-desk.ts";
import type { RadioSource } from "./radio-source.ts";
import type { WirelessObjects } from "./wireless-device.ts";
import { WirelessListener, type WirelessStatistics } from "./wireless-listener.ts";

const HOUR_MS = 3_600_000;

/** How a concentrator hears meters of wireless M-Bus, and speaks to them. */
export interface WirelessOptions {
  readonly radio: RadioSource;
  /** Meters beside those that the head-end binds to it. */
  readonly meters: readonly WirelessMeterEntry[];
  /** At most one telegram of a meter is kept for each of these, civil ms; and those whose status changed. Default one hour. */
  readonly intervalMs?: number;
  /** Who it is on the air. Default: a communication controller with a number made of its id. */
  readonly self?: MeterAddress;
}

/** What a program sees of it. */
export interface WirelessObservation {
  readonly statistics: WirelessStatistics;
  readonly strangers: readonly HeardStranger[];
  readonly openOrders: readonly OrderReport[];
  setMeters(meters: readonly WirelessMeterEntry[]): void;
}

/** What its disk holds of the wireless side. */
export interface WirelessBooks {
  readonly heard: HeardBook;
  readonly orders: OrderBook;
  readonly meters: KnownMeters;
}

/** A running wireless side. */
export interface WirelessSide extends WirelessObservation {
  readonly objects: WirelessObjects;
  stop(): Promise<void>;
}

/** @throws LinkError when the disk refuses. */
export async function openWirelessBooks(files: Files): Promise<WirelessBooks> {
  return { heard: await HeardBook.open(files), orders: await OrderBook.open(files), meters: await KnownMeters.open(files) };
}

/** Hears from now on. @throws LinkError where the radio cannot. */
export async function startWireless(
  { radio, meters, intervalMs = HOUR_MS, self }: WirelessOptions,
  books: WirelessBooks,
  parts: { readonly world: World; readonly log: DeliveryLog; readonly events: ConcentratorEventLog; readonly concentratorId: string },
): Promise<WirelessSide> {
  const { world, log, events, concentratorId } = parts;
  books.meters.give(meters);
  const desk = new OrderDesk({ world, book: books.orders, log, knows: (meterId) => books.meters.has(meterId) });
  const listener = new WirelessListener({
    world,
    log,
    events,
    desk,
    book: books.heard,
    meters: books.meters,
    self: self ?? addressOf(concentratorId),
    reply: radio.send === undefined ? undefined : ({ octets, afterMs }) => radio.send?.(octets, afterMs),
    intervalMs,
  });
  await radio.listen((octets) => {
    // What cannot be kept for a reason of its own is the log's to tell.
    listener.receive(octets).catch((error: unknown) => world.log.error("concentrator.radio", { error: String(error) }));
  });
  return {
    objects: { meters: books.meters, desk },
    get statistics() {
      return listener.statistics;
    },
    get strangers() {
      return books.meters.strangers;
    },
    get openOrders() {
      return desk.open;
    },
    setMeters: (wanted) => books.meters.give(wanted),
    async stop() {
      desk.stop();
      await radio.stop();
    },
  };
}

/** Device type 31: communication controller (EN 13757-7, table 13). */
const COMMUNICATION_CONTROLLER = 0x31;

/** Whoever has no registered number of its own: eight decimal digits that follow from the name. */
function addressOf(concentratorId: string): MeterAddress {
  const number = crc32(new TextEncoder().encode(concentratorId)) % 100_000_000;
  return { id: String(number).padStart(8, "0"), manufacturer: "AMT", version: 1, deviceType: COMMUNICATION_CONTROLLER };
}
