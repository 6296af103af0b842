import { ConcentratorRegistration, DeviceRegistration, type RegistrationProblem, type RegistrationReport } from "@amity/api";
import { AmityError, fromHex, UsageError } from "@amity/bytes";
import { equalInConstantTime } from "@amity/crypto";
import {
  certificatePurpose,
  type ConcentratorEntry,
  type Device,
  type HostChannel,
  type KeyVault,
  type MeterDriver,
  type Registry,
} from "@amity/headend";
import { zoneOf } from "@amity/intervals";
import type { Registry as MdmRegistry } from "@amity/mdm";
import type { Clock } from "@amity/runtime";
import type { FleetEntry } from "./fleet-file.ts";

/** What registration writes to. */
export interface RegisterFleetParts {
  readonly registry: Registry;
  readonly keys: KeyVault;
  readonly drivers: readonly MeterDriver[];
  readonly mdm: Pick<MdmRegistry, "addUsagePoint" | "install" | "placesOf" | "usagePoint">;
  readonly clock: Pick<Clock, "nowMs">;
  /** Zone of usage points that name none. */
  readonly zone: string;
}

/** Devices that share one statement. */
const DEVICES_AT_ONCE = 500;

interface Judged {
  readonly line: number;
  readonly device: Device;
  readonly registration: DeviceRegistration;
}

/**
 * Registers a fleet: what is sound is registered, what is not is told by line, field and reason. Keys go sealed into the vault. The
 * same fleet again changes nothing. @throws LinkError where the database is away.
 */
export async function registerFleet(parts: RegisterFleetParts, entries: readonly FleetEntry[]): Promise<RegistrationReport> {
  const problems: RegistrationProblem[] = [];
  const tally = { added: 0, changed: 0, unchanged: 0, keysStored: 0 };
  for (const entry of entries.filter(({ kind }) => kind === "concentrator")) await registerConcentrator(parts, entry, { tally, problems });
  const judged = entries.filter(({ kind }) => kind === "device").flatMap((entry) => judge(parts, entry, problems));
  const sound = await withHosts(parts, distinct(judged, problems), problems);
  for (let at = 0; at < sound.length; at += DEVICES_AT_ONCE)
    await registerDevices(parts, sound.slice(at, at + DEVICES_AT_ONCE), { tally, problems });
  return { ...tally, problems: problems.toSorted((left, right) => left.line - right.line) };
}

type Progress = { readonly tally: Omit<Record<keyof RegistrationReport, number>, "problems">; readonly problems: RegistrationProblem[] };

async function registerConcentrator(
  parts: RegisterFleetParts,
  { line, content }: FleetEntry,
  { tally, problems }: Progress,
): Promise<void> {
  const parsed = ConcentratorRegistration.safeParse(content);
  if (!parsed.success) return void problems.push(...issuesOf(line, content, parsed.error.issues));
  const { concentratorId, host, port, keys, sessionsMax, status } = parsed.data;
  const entry: ConcentratorEntry = { concentratorId, address: { host, port }, settings: {}, sessionsMax, status };
  const known = (await parts.registry.concentrators()).find((record) => record.entry.concentratorId === concentratorId)?.entry;
  const changed = await storeKeys(parts.keys, concentratorId, keys);
  tally.keysStored += changed;
  if (known !== undefined && isSame(known, entry)) return void (changed > 0 ? tally.changed++ : tally.unchanged++);
  await parts.registry.registerConcentrators([entry]);
  return void (known === undefined ? tally.added++ : tally.changed++);
}

/** The device of an entry, where it is sound by itself. */
function judge({ drivers }: RegisterFleetParts, { line, content }: FleetEntry, problems: RegistrationProblem[]): Judged[] {
  const parsed = DeviceRegistration.safeParse(content);
  if (!parsed.success) {
    problems.push(...issuesOf(line, content, parsed.error.issues));
    return [];
  }
  const registration = parsed.data;
  const { meterId, protocol, settings, status } = registration;
  const device: Device = { meterId, protocol, route: routeOf(registration), settings, status };
  const driver = drivers.find((known) => known.protocol === protocol);
  try {
    if (driver === undefined) {
      problems.push({
        line,
        id: meterId,
        field: "protocol",
        reason: `"${protocol}" is none of ${drivers.map((known) => known.protocol).join(", ")}`,
      });
      return [];
    }
    driver.checkDevice(device);
    if (registration.zone !== undefined) zoneOf(registration.zone);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const field = error.code === "bad-route" ? "route" : error.code === "unknown-zone" ? "zone" : "settings";
    problems.push({ line, id: meterId, field, reason: error.message });
    return [];
  }
  return [{ line, device, registration }];
}

function routeOf({ route }: DeviceRegistration): Device["route"] {
  switch (route.kind) {
    case "direct":
    case "listen":
      return { kind: route.kind, address: { host: route.host, port: route.port } };
    case "behind":
      return { ...route, channel: route.channel as HostChannel };
    default:
      return route;
  }
}

/** A meter that a file names twice is registered as it is named first. */
function distinct(judged: readonly Judged[], problems: RegistrationProblem[]): Judged[] {
  const lines = new Map<string, number>();
  return judged.filter(({ line, device: { meterId } }) => {
    const first = lines.get(meterId);
    if (first !== undefined) problems.push({ line, id: meterId, field: "meterId", reason: `line ${first} names it already` });
    else lines.set(meterId, line);
    return first === undefined;
  });
}

/** A meter behind another needs that other, with its channel free, and not itself behind one. A concentrator has to be known. */
async function withHosts({ registry }: RegisterFleetParts, judged: readonly Judged[], problems: RegistrationProblem[]): Promise<Judged[]> {
  const own = new Map(judged.map(({ device }) => [device.meterId, device]));
  const concentrators = new Set((await registry.concentrators()).map(({ entry }) => entry.concentratorId));
  const taken = new Map<string, string>();
  const sound: Judged[] = [];
  for (const one of judged) {
    const { meterId, route, protocol } = one.device;
    const refuse = (reason: string): void => void problems.push({ line: one.line, id: meterId, field: "route", reason });
    if ((route.kind === "concentrator" || route.kind === "wireless") && !concentrators.has(route.concentratorId)) {
      refuse(`concentrator ${route.concentratorId} is not registered`);
      continue;
    }
    if (route.kind === "behind") {
      const host = own.get(route.hostMeterId) ?? (await registry.device(route.hostMeterId))?.device;
      if (host === undefined || host.route.kind === "behind" || host.protocol !== protocol) {
        refuse(
          host === undefined
            ? `its host ${route.hostMeterId} is not registered`
            : `its host ${route.hostMeterId} ${host.route.kind === "behind" ? "is itself behind another" : `speaks ${host.protocol}: a meter behind it has the protocol of its host`}`,
        );
        continue;
      }
      const key = `${route.hostMeterId} ${route.channel}`;
      const beside = (await registry.devices({ hostMeterId: route.hostMeterId, limit: 16 })).items.find(
        ({ device }) =>
          device.meterId !== meterId &&
          device.route.kind === "behind" &&
          device.route.channel === route.channel &&
          device.status !== "retired",
      );
      const holder = taken.get(key) ?? beside?.device.meterId;
      if (holder !== undefined) {
        refuse(`channel ${route.channel} of ${route.hostMeterId} is taken by ${holder}`);
        continue;
      }
      taken.set(key, meterId);
    }
    sound.push(one);
  }
  return sound;
}

async function registerDevices(parts: RegisterFleetParts, judged: readonly Judged[], { tally, problems }: Progress): Promise<void> {
  const { registry } = parts;
  const fresh: Device[] = [];
  for (const { line, device, registration } of judged) {
    const known = (await registry.device(device.meterId))?.device;
    const keysChanged = await storeKeys(parts.keys, device.meterId, registration.keys);
    tally.keysStored += keysChanged;
    const isPlaced = await place(parts, registration, (field, reason) => problems.push({ line, id: device.meterId, field, reason }));
    const isKnown = known !== undefined && isSame(known, device);
    if (!isKnown) fresh.push(device);
    if (known === undefined) tally.added++;
    else if (isKnown && keysChanged === 0 && !isPlaced) tally.unchanged++;
    else tally.changed++;
  }
  if (fresh.length > 0) await registry.registerDevices(fresh);
}

/** Puts the meter where it measures; true where that is new. Whoever stood there has left. */
async function place(
  { mdm, clock, zone }: RegisterFleetParts,
  { meterId, usagePoint, commodity, zone: ownZone }: DeviceRegistration,
  refuse: (field: string, reason: string) => void,
): Promise<boolean> {
  if (usagePoint === undefined) return false;
  const nowMs = clock.nowMs();
  const known = await mdm.usagePoint(usagePoint);
  if (known !== undefined && known.commodity !== commodity) {
    refuse("commodity", `usage point ${usagePoint} is of ${known.commodity}`);
    return false;
  }
  if ((await mdm.placesOf([meterId], nowMs)).get(meterId)?.usagePointId === usagePoint) return false;
  await mdm.addUsagePoint({ usagePointId: usagePoint, commodity, timeZone: ownZone ?? zone });
  try {
    await mdm.install({ usagePointId: usagePoint, meterId, installedAtMs: nowMs, multiplier: "1" });
  } catch (error) {
    if (!(error instanceof AmityError) || error.blame === "link") throw error;
    refuse("usagePoint", error.message);
    return false;
  }
  return true;
}

/** Stores what is new or other than before; how many that were. */
async function storeKeys(vault: KeyVault, owner: string, keys: DeviceRegistration["keys"]): Promise<number> {
  const secrets: { ref: { owner: string; purpose: string }; secret: Uint8Array }[] = [];
  for (const [name, text] of Object.entries(keys)) {
    if (text === undefined) continue;
    const ref = { owner, purpose: name === "certificate" ? certificatePurpose("digital-signature") : name };
    const secret = name === "password" ? new TextEncoder().encode(text) : fromHex(text);
    const known = (await vault.has(ref)) ? await vault.secret(ref) : undefined;
    if (known === undefined || !equalInConstantTime(known, secret)) secrets.push({ ref, secret });
  }
  if (secrets.length > 0) await vault.store(secrets);
  return secrets.length;
}

/** By content, whatever the order of names. */
function isSame(first: unknown, second: unknown): boolean {
  return canonical(first) === canonical(second);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}

/** What the schema says; keys are named, never shown. */
function issuesOf(
  line: number,
  content: unknown,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): RegistrationProblem[] {
  const named = content !== null && typeof content === "object" ? (content as Record<string, unknown>) : {};
  const id = named["meterId"] ?? named["concentratorId"];
  return issues.slice(0, ISSUES_MAX).map(({ path, message }) => ({
    line,
    ...(typeof id === "string" ? { id } : {}),
    field: path.map(String).join("."),
    reason: typeof named["route"] === "string" && path[0] === "route" ? named["route"] : message,
  }));
}

const ISSUES_MAX = 8;
