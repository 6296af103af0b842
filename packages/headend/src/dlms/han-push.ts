import { DecodeError, SecurityError, UsageError } from "@amity/bytes";
import { DATE_TIME_OCTETS, instantOfDateTime } from "@amity/concentrator";
import { HdlcPushReceiver, memoryReceivedCounter, PushReceiver, type Notification, type Push, type PushSender } from "@amity/dlms";
import { readHanList } from "@amity/dsmr";
import { QUALITY, type MeterId, type RegisterReading } from "@amity/model";
import type { CollectedReadings, ListenRequest, MeterLink } from "../driver.ts";
import type { KeyVault } from "../key-vault.ts";
import { quantityOf } from "../local/quantity.ts";
import { eventsOfPush } from "./push-events.ts";
import { profilesOfPush } from "./pushed-profiles.ts";

/** Without a key a push is taken in the clear only. */
const NO_KEY: Uint8Array = new Uint8Array(16);

/**
 * A receiver for the pushes of one meter: `guek` opens ciphered ones, `gak` proves who sent those that carry a tag. A port that only
 * encrypts proves nothing about its sender.
 */
export async function pushReceiverOf(keys: KeyVault, owner: MeterId): Promise<PushReceiver> {
  const has = async (purpose: string) => keys.has({ owner, purpose });
  if (!(await has("guek"))) return new PushReceiver({ senderOf: () => undefined });
  const encryptionKey = await keys.secret({ owner, purpose: "guek" });
  const isAuthenticated = await has("gak");
  const authenticationKey = isAuthenticated ? await keys.secret({ owner, purpose: "gak" }) : NO_KEY;
  const sender: PushSender = { keys: { encryptionKey, authenticationKey }, received: memoryReceivedCounter() };
  return new PushReceiver({ senderOf: () => sender });
}

/**
 * What a push says: the values of a list, rows of profiles that it describes, or alarms. Values in the clear from a meter that has a key are not believed; an alarm is, as a
 * hint. @throws DecodeError; SecurityError `downgrade`.
 */
export function readingsOfPush(
  meterId: MeterId,
  push: Push,
  { receivedAtMs, hasKey }: { readonly receivedAtMs: number; readonly hasKey: boolean },
): CollectedReadings {
  const { notification, plain } = push;
  if (notification === undefined) throw new DecodeError("a push is no notification", { offset: 0, code: "not-a-notification" });
  const stamp = stampOf(notification);
  const profiles = profilesOfPush(meterId, notification.body);
  const registers = [...registersOfList(meterId, notification, stamp ?? receivedAtMs), ...profiles.registers];
  if (registers.length > 0 && hasKey && push.protection === undefined) {
    throw new SecurityError(`${meterId} has a key, and pushes values in the clear`, {
      code: "downgrade",
      advice: "they may be forged; take the key away where the port really sends in the clear",
    });
  }
  if (registers.length > 0) return { intervals: profiles.intervals, registers, events: [] };
  if (notification.kind !== "data-notification") return { intervals: [], registers, events: [] };
  const isAuthentic = push.protection?.startsWith("authenticated") === true || push.isSigned === true;
  return { intervals: [], registers, events: eventsOfPush(meterId, plain, { receivedAtMs, isAuthentic }) };
}

/** When it was said: the notification's own time, or the first clock among what is pushed. */
function stampOf({ dateTime, body }: Notification): number | undefined {
  const cells = body.type === "structure" ? body.value : [];
  const clock = cells.find((cell) => cell.type === "octet-string" && cell.value.length === DATE_TIME_OCTETS);
  const octets = dateTime?.length === DATE_TIME_OCTETS ? dateTime : clock?.type === "octet-string" ? clock.value : undefined;
  return octets === undefined ? undefined : instantOfDateTime(octets);
}

function registersOfList(meterId: MeterId, { body }: Notification, atMs: number): RegisterReading[] {
  return readHanList(body).flatMap(({ obis, number, unit }) => {
    const channel = /^(\d+)-[01]:(\d+\.\d+\.\d+)(?:\*255)?$/.exec(obis);
    const quantity = number === undefined || unit === undefined ? undefined : quantityOf(number, unit);
    if (channel === null || quantity === undefined) return [];
    // Some meters call the one channel that they have 1, others 0.
    return [{ meterId, channel: `${channel[1]}-0:${channel[2]}`, ...quantity, atMs, quality: QUALITY.raw }];
  });
}

/** Listens to a consumer port that pushes in HDLC frames (Norway, Sweden, Denmark and others). */
export async function listenHan(link: MeterLink, request: ListenRequest): Promise<void> {
  if (link.kind !== "stream") return request.ended(new UsageError("a consumer port is listened to over a stream", { code: "unsupported" }));
  const { device, world, keys } = request;
  const { connection } = link;
  const frames = new HdlcPushReceiver();
  let receiver: PushReceiver;
  let hasKey: boolean;
  try {
    hasKey = await keys.has({ owner: device.meterId, purpose: "guek" });
    receiver = await pushReceiverOf(keys, device.meterId);
  } catch (error) {
    connection.abort();
    return request.ended(error instanceof Error ? error : new Error(String(error)));
  }
  const take = (apdu: Uint8Array): void => {
    const atMs = world.clock.nowMs();
    try {
      const push = receiver.receive(apdu);
      if (push === undefined) return;
      request.trace?.({ atMs, direction: "received", wire: apdu, plain: push.plain });
      request.readings(readingsOfPush(device.meterId, push, { receivedAtMs: atMs, hasKey }));
    } catch (error) {
      if (!(error instanceof DecodeError) && !(error instanceof SecurityError)) throw error;
      request.problem(error);
    }
  };
  connection.bind({
    data(chunk) {
      for (const { apdu } of frames.push(chunk)) take(apdu);
    },
    closed: (error) => request.ended(error),
  });
}
