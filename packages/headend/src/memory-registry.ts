import type { EndDeviceEvent } from "@amity/model";
import { isSameFirmware, FIRMWARES_LISTED_MAX, type FirmwareImage, type FirmwareShelf } from "./firmware.ts";
import { decodeCursor, encodeCursor, type PageCursor } from "./page-cursor.ts";
import type {
  CommandAudit,
  CommandRecord,
  ConcentratorRecord,
  CoverageRecord,
  Device,
  DeviceHealth,
  DeviceQuery,
  DeviceRecord,
  Page,
  QuarantinedDelivery,
  Registry,
  StoredEvent,
} from "./registry.ts";

/** What is known of a device that was never reached. */
export const UNREACHED: DeviceHealth = {
  lastSeenMs: undefined,
  lastAttemptMs: undefined,
  consecutiveFailures: 0,
  lastError: undefined,
  clockOffsetMs: undefined,
  supply: undefined,
  firmware: undefined,
  manufacturer: undefined,
  edges: undefined,
  standing: undefined,
};

/** A registry in memory: for simulations and for reading a meter once. It passes the same tests as the one on PostgreSQL. */
export function memoryRegistry(): Registry {
  const devices = new Map<string, DeviceRecord>();
  const concentrators = new Map<string, ConcentratorRecord>();

  return {
    registerDevices(fresh) {
      for (const device of fresh) devices.set(device.meterId, { device, health: devices.get(device.meterId)?.health ?? UNREACHED });
      return Promise.resolve();
    },
    registerConcentrators(entries) {
      for (const entry of entries) {
        const known = concentrators.get(entry.concentratorId);
        concentrators.set(entry.concentratorId, known === undefined ? unreachedConcentrator(entry) : { ...known, entry });
      }
      return Promise.resolve();
    },
    device: (meterId) => Promise.resolve(devices.get(meterId)),
    devices: async (query) => deviceFrom([...devices.values()], query),
    activeDevices: () => Promise.resolve([...devices.values()].filter((record) => isCollected(record.device))),
    concentrators: () => Promise.resolve([...concentrators.values()]),
    setDeviceStatus(meterId, status) {
      const record = devices.get(meterId);
      if (record !== undefined) devices.set(meterId, { ...record, device: { ...record.device, status } });
      return Promise.resolve(record !== undefined);
    },

    ...memoryReadings(devices),
    recordConcentrator(concentratorId, change) {
      const known = concentrators.get(concentratorId);
      if (known !== undefined) concentrators.set(concentratorId, { ...known, ...change });
      return Promise.resolve();
    },
    ...memoryCommands(),
    ...memoryFirmware(),
  };
}

type ReadingPart = Pick<Registry, "coverage" | "recordCollection" | "events" | "quarantine" | "quarantined" | "release">;

function memoryReadings(devices: Map<string, DeviceRecord>): ReadingPart {
  const coverage = new Map<string, CoverageRecord>();
  const events: StoredEvent[] = [];
  const eventKeys = new Set<string>();
  const quarantine = new Map<string, QuarantinedDelivery>();
  return {
    coverage(meterId) {
      const all = [...coverage.values()];
      return Promise.resolve(meterId === undefined ? all : all.filter((record) => record.meterId === meterId));
    },
    recordCollection(record, nowMs) {
      for (const item of record.coverage) coverage.set(`${item.meterId}\0${item.profile}`, item);
      for (const { meterId, change } of record.health) {
        const known = devices.get(meterId);
        if (known !== undefined) devices.set(meterId, { ...known, health: { ...known.health, ...change } });
      }
      const fresh: StoredEvent[] = [];
      for (const event of record.events) {
        const key = eventKey(event);
        if (eventKeys.has(key)) continue;
        eventKeys.add(key);
        fresh.push({ cursor: events.length + fresh.length + 1, receivedAtMs: nowMs, event });
      }
      events.push(...fresh);
      return Promise.resolve(fresh);
    },
    events(query) {
      const after = query.afterCursor;
      const ours = query.meterId === undefined ? events : events.filter((stored) => stored.event.meterId === query.meterId);
      if (after !== undefined) return Promise.resolve(ours.filter((stored) => stored.cursor > after).slice(0, query.limit));
      return Promise.resolve(ours.slice(-query.limit).toReversed());
    },

    quarantine(held) {
      for (const one of held) quarantine.set(quarantineKey(one), one);
      return Promise.resolve();
    },
    quarantined: () => Promise.resolve([...quarantine.values()].slice(0, 10_000)),
    release(held) {
      for (const one of held) quarantine.delete(quarantineKey(one));
      return Promise.resolve();
    },
  };
}

function memoryFirmware(): FirmwareShelf {
  const images = new Map<string, FirmwareImage>();
  return {
    addFirmware(image) {
      const known = images.get(image.identification);
      if (known !== undefined) return Promise.resolve(isSameFirmware(known, image) ? "known" : "different");
      images.set(image.identification, image);
      return Promise.resolve("added");
    },
    firmware: (identification) => Promise.resolve(images.get(identification)),
    firmwares: () =>
      Promise.resolve(
        Array.from(images.values(), ({ octets: _octets, ...entry }) => entry)
          .toSorted((left, right) => right.addedAtMs - left.addedAtMs || (left.identification < right.identification ? -1 : 1))
          .slice(0, FIRMWARES_LISTED_MAX),
      ),
  };
}

type CommandPart = Pick<Registry, "addCommand" | "command" | "moveCommand" | "approveCommand" | "commands" | "openCommands" | "audit">;

function memoryCommands(): CommandPart {
  const commands = new Map<string, CommandRecord>();
  const audits = new Map<string, CommandAudit[]>();
  return {
    addCommand(record, audit) {
      if (commands.has(record.request.commandId)) return Promise.resolve(false);
      commands.set(record.request.commandId, record);
      audits.set(record.request.commandId, [audit]);
      return Promise.resolve(true);
    },
    command: (commandId) => Promise.resolve(commands.get(commandId)),
    moveCommand(from, record, audit) {
      const id = record.request.commandId;
      if (commands.get(id)?.state !== from) return Promise.resolve(false);
      commands.set(id, record);
      audits.get(id)?.push(audit);
      return Promise.resolve(true);
    },
    approveCommand(commandId, approval, audit) {
      const known = commands.get(commandId);
      if (known?.state !== "waiting" || known.approval === undefined || known.approval.by !== undefined) return Promise.resolve(false);
      commands.set(commandId, { ...known, approval });
      audits.get(commandId)?.push(audit);
      return Promise.resolve(true);
    },
    async commands(query) {
      const { meterId, state, kind, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = query;
      const wanted = [...commands.values()].filter(
        (command) =>
          (meterId === undefined || command.request.meterId === meterId) &&
          (state === undefined || command.state === state) &&
          (kind === undefined || command.request.control.kind === kind) &&
          command.request.requestedAtMs >= fromMs &&
          command.request.requestedAtMs < toMs,
      );
      const keyed = wanted.map((item) => ({ item, key: { value: -item.request.requestedAtMs, id: item.request.commandId } }));
      return pageFrom(keyed, query);
    },
    openCommands: () => Promise.resolve([...commands.values()].filter(({ state }) => isOpenState(state))),
    audit: (commandId) => Promise.resolve([...(audits.get(commandId) ?? [])]),
  };
}

/** States from which a command still moves. */
export function isOpenState(state: CommandRecord["state"]): boolean {
  return state === "waiting" || state === "dispatched" || state === "unknown";
}

function isCollected(device: Device): boolean {
  return device.status === "registered" || device.status === "active";
}

function unreachedConcentrator(entry: ConcentratorRecord["entry"]): ConcentratorRecord {
  return { entry, lastSeenMs: undefined, lastError: undefined };
}

function quarantineKey({ concentratorId, sequence, delivery }: QuarantinedDelivery): string {
  return `${concentratorId}\0${sequence}\0${delivery.meterId}\0${delivery.collectedAtMs}`;
}

function eventKey(event: EndDeviceEvent): string {
  return `${event.meterId}\0${event.atMs}\0${event.log}\0${event.code}`;
}

function deviceFrom(records: readonly DeviceRecord[], query: DeviceQuery): Page<DeviceRecord> {
  const text = query.text?.toLowerCase();
  const wanted = records.filter(
    ({ device, health }) =>
      (query.concentratorId === undefined || concentratorOf(device) === query.concentratorId) &&
      (query.hostMeterId === undefined || hostOf(device) === query.hostMeterId) &&
      (query.status === undefined || device.status === query.status) &&
      (text === undefined || device.meterId.toLowerCase().includes(text)) &&
      (query.failing !== true || health.consecutiveFailures > 0),
  );
  const keyed = wanted.map((item) => ({ item, key: { value: sortValue(item, query.sort), id: item.device.meterId } }));
  return pageFrom(keyed, query);
}

function concentratorOf(device: Device): string | undefined {
  const { route } = device;
  return route.kind === "concentrator" || route.kind === "wireless" ? route.concentratorId : undefined;
}

function hostOf({ route }: Device): string | undefined {
  return route.kind === "behind" ? route.hostMeterId : undefined;
}

/** Ascending value in any case: what sorts downwards is negated. */
function sortValue(record: DeviceRecord, sort: DeviceQuery["sort"]): number {
  if (sort === undefined || sort === "meterId") return 0;
  const seenMs = record.health.lastSeenMs ?? 0;
  return sort === "lastSeen" ? seenMs : -seenMs;
}

function pageFrom<T>(keyed: { item: T; key: PageCursor }[], query: { limit: number; cursor?: string }): Page<T> {
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  const sorted = keyed.toSorted((left, right) => compareKeys(left.key, right.key));
  const rest = after === undefined ? sorted : sorted.filter(({ key }) => compareKeys(key, after) > 0);
  const items = rest.slice(0, query.limit);
  const last = items.at(-1);
  return {
    items: items.map(({ item }) => item),
    next: rest.length > items.length && last !== undefined ? encodeCursor(last.key) : undefined,
  };
}

function compareKeys(left: PageCursor, right: PageCursor): number {
  if (left.value !== right.value) return left.value - right.value;
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}
