import { PeerError, SecurityError, UsageError } from "@amity/bytes";
import { decodeTelegram, listenP1, openCiphered, readTelegram, TelegramAssembler, type P1Keys, type P1Reading } from "@amity/dsmr";
import type { Connection } from "@amity/runtime";
import type { CollectedReadings, DeviceSource, ListenRequest, MeterDriver, MeterLink, PushContext } from "../driver.ts";
import type { KeyVault } from "../key-vault.ts";
import { checkRoute } from "../check-route.ts";
import { tracedConnection } from "../local/traced-connection.ts";
import { mediumSettingOf } from "../medium.ts";
import { HEARD_PROFILE } from "../listening/heard.ts";
import type { Device } from "../registry.ts";
import { readingsOfP1 } from "./p1-readings.ts";

const PERIOD_MS = 900_000;
const HOUR_MS = 3_600_000;
/** First octet of general-glo-ciphering. */
const CIPHERED = 0xdb;

/**
 * The P1 port behind a gateway (DSMR 2.2 to 5, and its national forms), listened to. Settings: `equipmentId` (what another meter says is
 * refused), `winterOffsetMinutes` (60). Key vault: `guek` for ciphered telegrams, `gak` to have them authenticated. Meters on its
 * M-Bus channels are devices behind it.
 */
export function p1Driver(): MeterDriver {
  return {
    protocol: "dsmr-p1",
    capabilities: new Set(),
    checkDevice(device) {
      checkRoute(device, ["listen", "behind"]);
      mediumSettingOf(device);
    },
    sourcesOf,
    open(link) {
      if (link.kind === "stream") link.connection.abort();
      return Promise.reject(new UsageError("a P1 port only speaks: it cannot be asked", { code: "one-way" }));
    },
    listen: (link, request) => void listen(link, request),
    interpretPush,
    interpretDelivery: () => Promise.reject(new UsageError("concentrators deliver no P1", { code: "unsupported" })),
  };
}

function sourcesOf({ route }: Device): readonly DeviceSource[] {
  return [{ profile: HEARD_PROFILE, kind: "intervals", captureMs: route.kind === "behind" ? HOUR_MS : PERIOD_MS }];
}

async function keysOf(keys: KeyVault, owner: string): Promise<P1Keys | undefined> {
  if (!(await keys.has({ owner, purpose: "guek" }))) return undefined;
  const encryptionKey = await keys.secret({ owner, purpose: "guek" });
  if (!(await keys.has({ owner, purpose: "gak" }))) return { encryptionKey };
  return { encryptionKey, authenticationKey: await keys.secret({ owner, purpose: "gak" }) };
}

async function listen(link: MeterLink, request: ListenRequest): Promise<void> {
  if (link.kind !== "stream") return request.ended(new UsageError("P1 is listened to over a stream", { code: "unsupported" }));
  const { device, world } = request;
  let keys: P1Keys | undefined;
  try {
    keys = await keysOf(request.keys, device.meterId);
  } catch (error) {
    link.connection.abort();
    return request.ended(error instanceof Error ? error : new Error(String(error)));
  }
  listenP1(tracedPort(link.connection, request), keys === undefined ? { timers: world.timers } : { timers: world.timers, keys }, {
    telegram(telegram, isAuthenticated) {
      const downgrade = downgradeOf(device, keys, isAuthenticated);
      if (downgrade !== undefined) return request.problem(downgrade);
      // Who mixes up what was damaged with what was sent bills it.
      if (telegram.crc === "wrong") return request.problem(telegram.problems[0] ?? new PeerError("wrong CRC", { code: "crc" }));
      const reading = readTelegram(telegram);
      const stranger = strangerIn(reading, device);
      if (stranger !== undefined) return request.problem(stranger);
      return request.readings(readingsOfP1(reading, { device, behind: request.behind(), receivedAtMs: world.clock.nowMs() }));
    },
    damaged: (error) => request.problem(error),
    closed: (error) => request.ended(error),
  });
}

/** Tells each telegram as it came, ciphered or not. */
function tracedPort(connection: Connection, { trace, world }: ListenRequest): Connection {
  if (trace === undefined) return connection;
  const telegrams = new TelegramAssembler();
  const cut = (chunk: Uint8Array): readonly Uint8Array[] =>
    telegrams.push(chunk).flatMap((part) => (part.kind === "damaged" ? [] : [part.octets]));
  return tracedConnection(connection, { protocol: "p1", clock: world.clock, trace, cut });
}

async function interpretPush(device: Device, octets: Uint8Array, { keys, behind, receivedAtMs }: PushContext): Promise<CollectedReadings> {
  const known = await keysOf(keys, device.meterId);
  const opened = known !== undefined && octets[0] === CIPHERED ? openCiphered(octets, known) : { telegram: octets, isAuthenticated: false };
  const downgrade = downgradeOf(device, known, opened.isAuthenticated);
  if (downgrade !== undefined) throw downgrade;
  const telegram = decodeTelegram(opened.telegram);
  if (telegram.crc === "wrong" && telegram.problems[0] !== undefined) throw telegram.problems[0];
  return readingsOfP1(readTelegram(telegram), { device, behind, receivedAtMs });
}

/** Where an authentication key is stored, only what it proves is believed: clear text may be anybody's. */
function downgradeOf({ meterId }: Device, keys: P1Keys | undefined, isAuthenticated: boolean): SecurityError | undefined {
  if (keys?.authenticationKey === undefined || isAuthenticated) return undefined;
  return new SecurityError(`${meterId} has keys, and this telegram is not authenticated`, {
    code: "downgrade",
    advice: "it may be forged; take the keys away where the port really sends in the clear",
  });
}

/** Another meter on the line: its readings are not this one's. */
function strangerIn({ equipmentId }: P1Reading, { meterId, settings }: Device): PeerError | undefined {
  const wanted = settings["equipmentId"];
  if (typeof wanted !== "string" || equipmentId === undefined || equipmentId === wanted) return undefined;
  return new PeerError(`${meterId}: meter ${equipmentId} speaks here, not ${wanted}`, {
    code: "another-meter",
    advice: "check the wiring",
  });
}
