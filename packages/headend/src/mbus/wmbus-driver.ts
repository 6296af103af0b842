import { SecurityError, UsageError } from "@amity/bytes";
import { decodeTelegrams, WIRELESS_OBJECT, type HeardTelegram } from "@amity/concentrator";
import { knownFormats, type Telegram } from "@amity/mbus";
import type { RegisterReading } from "@amity/model";
import type { CollectedObject, CollectedReadings, MeterCapability, MeterDriver, PushContext } from "../driver.ts";
import { checkRoute } from "../check-route.ts";
import { intervalsBetween, intervalsOfStamps } from "../local/stamped-registers.ts";
import type { Device } from "../registry.ts";
import { messageContextOf } from "./mbus-settings.ts";
import { readingsOfMessages } from "./record-readings.ts";
import { wirelessOrders } from "./wireless-orders.ts";
import { wirelessListeningOf } from "./wireless-settings.ts";
import { openTelegram, provenCounterOf, wirelessKeyOf } from "./wireless-telegram.ts";

const HOUR_MS = 3_600_000;
/** As `addressText` writes it: manufacturer, identification, version, device type. */
const ADDRESS = /^[A-Z]{3}-[0-9a-f]{8}-[0-9a-f]{2}-[0-9a-f]{2}$/;
/** A telegram counts for the beginning of an interval when it comes within this share of the interval after it. */
const TOLERANCE = 1 / 12;

/** What a meter that listens is asked; a valve on top where it has one. */
const LISTENING: readonly MeterCapability[] = ["readRegisters", "readClock"];

/**
 * Wireless M-Bus (EN 13757-4, OMS Vol. 2) heard by a concentrator, ciphered as it came, and opened here; meters that listen after they have
 * spoken take orders. Settings: `captureSeconds` (3600, as the concentrator keeps telegrams), `medium`, `zone` of the meter's clock,
 * `errorFlags`, `radio`, `security`, `valve` (`wirelessListeningOf`). Key vault: `mbus`; where a key is stored, telegrams in the clear
 * are refused.
 */
export function wmbusDriver(): MeterDriver {
  const formats = knownFormats();
  const open = async (device: Device, heard: HeardTelegram, { keys }: PushContext): Promise<Telegram> =>
    openTelegram(device, heard, { key: await wirelessKeyOf(device, keys), formats });
  const read = (device: Device, telegrams: readonly { telegram: Telegram; atMs: number }[]): CollectedReadings => {
    const each = telegrams.map(({ telegram, atMs }) => readingsOfMessages([telegram.application], messageContextOf(device, atMs)));
    const registers = distinct(each.flatMap((readings) => readings.registers));
    const standing = each.at(-1)?.standing;
    return { registers, intervals: intervalsOfStamps(registers), events: [], ...(standing === undefined ? {} : { standing }) };
  };
  return {
    protocol: "wmbus",
    capabilities: new Set(),
    capabilitiesOf(device) {
      const listening = wirelessListeningOf(device);
      if (listening === undefined) return new Set();
      return new Set(listening.hasValve ? [...LISTENING, "switchSupply"] : LISTENING);
    },
    orders: wirelessOrders(formats),
    checkDevice(device) {
      checkRoute(device, ["wireless"]);
      messageContextOf(device, 0);
      wirelessListeningOf(device);
      const { route, meterId } = device;
      if (route.kind === "wireless" && !ADDRESS.test(route.address))
        throw new UsageError(`${meterId}: a wireless address is written KAM-76348799-1b-16`, { code: "bad-route" });
    },
    sourcesOf: ({ settings }) => [{ profile: WIRELESS_OBJECT, kind: "intervals", captureMs: captureMsOf(settings) }],
    open(link) {
      if (link.kind === "stream") link.connection.abort();
      return Promise.reject(new UsageError("a wireless M-Bus meter is heard, not asked", { code: "one-way" }));
    },
    async interpretPush(device, octets, context) {
      const atMs = context.receivedAtMs;
      return read(device, [{ telegram: await open(device, { atMs, octets }, context), atMs }]);
    },
    async interpretDelivery(device, delivery, context) {
      const heard = decodeTelegrams(delivery.payload);
      for (const { atMs, octets } of heard) context.trace?.({ atMs, direction: "received", wire: octets, protocol: "wmbus" });
      const telegrams: { telegram: Telegram; atMs: number }[] = [];
      for (const one of heard) telegrams.push({ telegram: await open(device, one, context), atMs: one.atMs });
      checkOrder(telegrams, device);
      return withInterval(
        read(device, telegrams),
        telegrams.map(({ atMs }) => atMs),
        delivery,
      );
    },
  };
}

function captureMsOf(settings: Device["settings"]): number {
  const { captureSeconds } = settings;
  return typeof captureSeconds === "number" ? captureSeconds * 1000 : HOUR_MS;
}

/**
 * Of a meter that does not store its hours itself the registers of two telegrams make the interval, where both came soon enough
 * after its two ends.
 */
function withInterval(readings: CollectedReadings, heardMs: readonly number[], { span }: CollectedObject): CollectedReadings {
  const [firstMs, lastMs] = heardMs;
  const periodMs = span.toMs - span.fromMs;
  if (firstMs === undefined || lastMs === undefined || periodMs === 0) return readings;
  if (firstMs - span.fromMs > periodMs * TOLERANCE || lastMs - span.toMs > periodMs * TOLERANCE) return readings;
  const known = new Set(readings.intervals.filter(({ startMs }) => startMs === span.fromMs).map(({ channel }) => channel));
  const at = (atMs: number): RegisterReading[] =>
    readings.registers.filter((register) => register.atMs === atMs && isCumulative(register) && !known.has(register.channel));
  return {
    ...readings,
    intervals: [...readings.intervals, ...intervalsBetween(at(firstMs), at(lastMs), { startMs: span.fromMs, periodMs })],
  };
}

function isCumulative({ unit }: RegisterReading): boolean {
  return unit === "Wh" || unit === "J" || unit === "m3" || unit === "none";
}

/** The same stored value is in both telegrams. */
function distinct(registers: readonly RegisterReading[]): RegisterReading[] {
  return [...new Map(registers.map((register) => [`${register.channel}\0${register.atMs}`, register])).values()];
}

/** A message counter that does not rise is a recording, played again. @throws SecurityError `replay`. */
function checkOrder(telegrams: readonly { readonly telegram: Telegram }[], { meterId }: Device): void {
  let last = -1;
  for (const { telegram } of telegrams) {
    const counter = provenCounterOf(telegram);
    if (counter === undefined) continue;
    if (counter <= last) throw new SecurityError(`${meterId}: message counter ${counter} after ${last}`, { code: "replay" });
    last = counter;
  }
}
