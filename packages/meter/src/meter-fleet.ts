import { UsageError } from "@amity/bytes";
import { serveDlms, serveHdlcLink, wrapperLink, type ApduTrace } from "@amity/dlms";
import { civilDateOf, dayNumberOf, zoneOf, type Zone } from "@amity/intervals";
import type { Address, Clock, Connection, Listener, Network, Random, Timers } from "@amity/runtime";
import { lastGaspApdu } from "./dlms/last-gasp.ts";
import { MeterDevice, type MeterDeviceParts } from "./dlms/meter-device.ts";
import { connectionsMax, hdlcPort, inactivityTimeoutMs } from "./dlms/port-setup.ts";
import { isPortLocked, noteAnswer, noteFailedAttempt } from "./dlms/port-protection.ts";
import { SecurityWatch, securityEventOf } from "./dlms/security-watch.ts";
import { meterModel, type MeterModel } from "./dlms/meter-model.ts";
import type { FleetPlan, PlannedMeter } from "./fleet.ts";
import { FleetAgenda, type AgendaParts } from "./fleet-agenda.ts";
import { DayCache } from "./household/energy.ts";
import { CLIMATES, DAY_MS, Site } from "./household/site.ts";
import type { FleetJournal, JournalEntry } from "./journal.ts";
import { deriveMeterKeys, type MeterKeys } from "./keys.ts";
import { authorityCertificate, curveOfSuite, deriveAuthority, deriveKeyPair } from "./meter-key-pairs.ts";
import { STANDARD_METER, type MeterTypeOptions } from "./meter-type.ts";
import type { MbusHost } from "./mbus-host/mbus-host.ts";
import type { MbusChannel } from "./mbus-host/mbus-channel.ts";
import { isMbusHostOperation } from "./mbus-host/mbus-host-operations.ts";
import { mbusObjects } from "./mbus-host/mbus-objects.ts";
import type { MeterOperation } from "./metrology/operations.ts";
import type { PushCarrier } from "./push-carrier.ts";
import { SimulatedMeter, meterSurroundings } from "./simulated-meter.ts";
import { SubMeterFleet } from "./sub-meter-fleet.ts";
import type { SubMeterDevice } from "./sub-meter/sub-meter-device.ts";
import type { SubMeterKeys } from "./sub-meter/sub-meter-keys.ts";
import type { SubMeterOperation } from "./sub-meter/sub-meter-operations.ts";

export interface FleetParts {
  readonly plan: FleetPlan;
  readonly masterSecret: Uint8Array;
  /** With `at`, electricity meters wait for the windows of the meters behind them before they move a valve. */
  readonly clock: Pick<Clock, "nowMs"> & Partial<Pick<Clock, "at">>;
  readonly type?: MeterTypeOptions;
  /** Keys that meters left the factory with in place of the derived ones: known ones, of a laboratory. */
  readonly factoryKeys?: (meterId: string) => Partial<MeterKeys>;
  /** Makes what happens to meters last; without it a fleet forgets with its process. */
  readonly journal?: FleetJournal;
  /** What happened before the journal begins, in order of time (`planPast`). */
  readonly past?: readonly JournalEntry[];
  /** Called for each meter that loses power, with what it says with its last charge: the caller may carry it, or lose it. */
  readonly onLastGasp?: (meterId: string, apdu: Uint8Array) => void;
}

/** What serving takes from the world. */
export interface ServingWorld {
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
}

/** IEC 62056-4-7 wrapper, or IEC 62056-46 HDLC as a serial server passes it on. */
export type MeterTransport = "wrapper" | "hdlc";

export interface ServeMetersOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Framing on the connection, default `wrapper`. */
  readonly transport?: MeterTransport;
  /** Serve meters that the plan puts on a medium on TCP ports as well, default false. */
  readonly everyMeter?: boolean;
  readonly trace?: (meterId: string) => ApduTrace | undefined;
  readonly onFault?: (meterId: string, error: unknown) => void;
}

/** Meters listening on TCP. */
export interface ServedMeters {
  readonly addresses: ReadonlyMap<string, Address>;
  close(): Promise<void>;
}

/** Meters whose factory keys are kept derived: as many as are read at a time. */
const RECENT_KEYS_MAX = 256;

/** All the meters of a plan in one process. A meter that nobody asked for yet costs only its line in the plan. */
export class MeterFleet {
  readonly plan: FleetPlan;
  readonly site: Site;
  readonly model: MeterModel;
  readonly #subMeters: SubMeterFleet;
  /** The model of meters with sub-meters on their M-Bus channels: made for the first of them. */
  #hostModel: MeterModel | undefined;
  readonly #parts: FleetParts;
  readonly #surroundings: ReturnType<typeof meterSurroundings>;
  readonly #plans: ReadonlyMap<string, PlannedMeter>;
  readonly #devices = new Map<string, MeterDevice>();
  /** An association asks for its meter's keys several times, and deriving them takes eight HMACs. */
  readonly #recentKeys = new Map<string, MeterKeys>();
  readonly #watch = new SecurityWatch();
  #agenda: FleetAgenda | undefined;
  /** Where meters listen. */
  readonly #servedAt = new Map<string, Address>();
  /** Connections by meter, so that a power failure ends them. */
  readonly #connections = new Map<string, Set<Connection>>();

  private constructor(parts: FleetParts) {
    const { plan } = parts;
    const type = parts.type ?? STANDARD_METER;
    const zone = zoneOf(plan.zone);
    this.plan = plan;
    this.site = siteOf(plan, zone);
    this.model = meterModel(type);
    this.#parts = parts;
    this.#surroundings = meterSurroundings(this.site, zone, type, new DayCache(2_048), this.model.behaviour);
    this.#plans = new Map(plan.meters.map((meter) => [meter.meterId, meter]));
    this.#subMeters = new SubMeterFleet({ ...parts, subMeters: plan.subMeters, site: this.site });
  }

  /** Builds the fleet and replays its past and its journal. @throws DecodeError for a damaged journal. */
  static async open(parts: FleetParts): Promise<MeterFleet> {
    const fleet = new MeterFleet(parts);
    for (const entry of [...(parts.past ?? []), ...((await parts.journal?.load()) ?? [])]) fleet.#replay(entry);
    // What was pushed before the process ended is not pushed again.
    for (const { meter } of fleet.#devices.values()) meter.functionsIfAny?.takePushes();
    return fleet;
  }

  /**
   * Lets meters act in time: schedules, limits and payment move their breakers when they are due, and pushes go out by
   * `carry`. Without it they do so when somebody reads them, dated as they were due. @returns a way to stop.
   */
  act(
    world: Pick<ServingWorld, "random"> & { readonly clock: Clock },
    carry: PushCarrier,
    onLostPush?: AgendaParts["onLostPush"],
  ): () => void {
    const random = world.random.fork("pushes");
    const agenda = new FleetAgenda({ clock: world.clock, random, carry, ...(onLostPush === undefined ? {} : { onLostPush }) });
    this.#agenda = agenda;
    for (const [meterId, device] of this.#devices) if (device.actsByItself) agenda.touch(meterId, device);
    return () => {
      agenda.stop();
      if (this.#agenda === agenda) this.#agenda = undefined;
    };
  }

  /** @throws UsageError `unknown-meter`. */
  device(meterId: string): MeterDevice {
    const known = this.#devices.get(meterId);
    if (known !== undefined) return known;
    const plan = this.#plans.get(meterId);
    if (plan === undefined) throw new UsageError(`there is no meter ${meterId} in the plan`, { code: "unknown-meter" });
    const device = new MeterDevice({
      meter: new SimulatedMeter(plan, this.#surroundings),
      model: this.#subMeters.isHost(meterId) ? this.#modelOfHosts() : this.model,
      keys: () => this.keys(meterId),
      ...this.#ellipticParts(meterId),
      clock: this.#parts.clock,
      servedAt: () => this.#servedAt.get(meterId),
      remember: (operation) => this.#remember(meterId, operation),
    });
    this.#devices.set(meterId, device);
    return device;
  }

  /** Key pairs and trust anchor of a meter with suite 1 or 2. */
  #ellipticParts(meterId: string): Pick<MeterDeviceParts, "keyPair" | "authority"> {
    const { securitySuite: suite } = this.model.type;
    if (suite === 0) return {};
    const { masterSecret } = this.#parts;
    const curve = curveOfSuite(suite);
    return {
      keyPair: (usage, generation) => deriveKeyPair(masterSecret, meterId, { usage, generation, curve }),
      authority: () => authorityCertificate(deriveAuthority(masterSecret, curve)),
    };
  }

  async #remember(meterId: string, operation: MeterOperation): Promise<void> {
    await this.#parts.journal?.append([{ meterId, operation }]);
    this.#agenda?.touch(meterId, this.device(meterId));
  }

  /** A gas, water or heat meter. @throws UsageError `unknown-meter`. */
  subMeter(meterId: string): SubMeterDevice {
    return this.#subMeters.device(meterId);
  }

  /** The M-Bus channel that a sub-meter hangs on; `undefined` for one that is heard by radio. @throws UsageError `unknown-meter`. */
  channelOf(subMeterId: string): MbusChannel | undefined {
    const { reach } = this.subMeter(subMeterId).meter.plan;
    return reach.kind === "channel" ? this.#hostOf(this.device(reach.hostMeterId).meter)?.channel(reach.channel) : undefined;
  }

  /** The keys of a sub-meter: the factory's, or those of a later generation (`changeKey`). */
  subMeterKeys(meterId: string, generation = 0): SubMeterKeys {
    return this.#subMeters.keys(meterId, generation);
  }

  /** Lets the same thing happen to several sub-meters now, remembered in one write. @returns the ids of those whose state allowed it. */
  happenToSubMeters(meterIds: Iterable<string>, operation: (atMs: number, meterId: string) => SubMeterOperation): Promise<string[]> {
    return this.#subMeters.happen(meterIds, operation);
  }

  #modelOfHosts(): MeterModel {
    this.#hostModel ??= meterModel(
      this.model.type,
      mbusObjects((meter) => this.#hostOf(meter)),
    );
    return this.#hostModel;
  }

  #hostOf(meter: SimulatedMeter): MbusHost | undefined {
    return this.#subMeters.host(meter, () => this.device(meter.plan.meterId).keys().masterKey);
  }

  /** A meter that left the plan keeps its lines in the journal; they do nothing. */
  #replay(entry: JournalEntry): void {
    const { meterId, operation } = entry;
    if (!this.#plans.has(meterId)) this.#subMeters.replay(entry);
    else if (isMbusHostOperation(operation)) this.#hostOf(this.device(meterId).meter)?.apply(operation);
    // Under the id of an electricity meter stand its own operations and those of its channels alone.
    else this.device(meterId).meter.apply(operation as MeterOperation);
  }

  /** The factory keys of a meter, for the head-end's key store. */
  keys(meterId: string): MeterKeys {
    const recent = this.#recentKeys.get(meterId);
    if (recent !== undefined) return recent;
    const { masterSecret, factoryKeys } = this.#parts;
    const keys = { ...deriveMeterKeys(masterSecret, meterId, this.model.type.securitySuite), ...factoryKeys?.(meterId) };
    const [oldest] = this.#recentKeys.keys();
    if (oldest !== undefined && this.#recentKeys.size >= RECENT_KEYS_MAX) this.#recentKeys.delete(oldest);
    this.#recentKeys.set(meterId, keys);
    return keys;
  }

  /**
   * Lets the same thing happen to several meters now, remembered in one write.
   * @returns the ids of those whose state allowed it.
   */
  async happen(meterIds: Iterable<string>, operation: (atMs: number, meterId: string) => MeterOperation): Promise<string[]> {
    const entries: JournalEntry[] = [];
    const nowMs = this.#parts.clock.nowMs();
    for (const meterId of meterIds) {
      const { meter } = this.device(meterId);
      const next = operation(Math.max(nowMs, meter.lastOperationMs), meterId);
      if (!meter.apply(next)) continue;
      entries.push({ meterId, operation: next });
      if (next.kind === "powerDown") {
        this.#parts.onLastGasp?.(meterId, lastGaspApdu(meter, next.atMs));
        this.#dropConnections(meterId);
      }
    }
    await this.#parts.journal?.append(entries);
    for (const { meterId } of entries) {
      const device = this.device(meterId);
      if (device.actsByItself) this.#agenda?.touch(meterId, device);
    }
    return entries.map(({ meterId }) => meterId);
  }

  /** The supply of a whole feeder fails, or comes back. @returns the meters that lost or got back power. */
  setFeederPower(feederId: string, hasPower: boolean): Promise<string[]> {
    const meters = this.plan.meters.filter((meter) => meter.feederId === feederId).map(({ meterId }) => meterId);
    return this.happen(meters, (atMs) => ({ kind: hasPower ? "powerUp" : "powerDown", atMs }));
  }

  /** Serves DLMS to whoever is at the other end; without power, or with its port locked, the connection ends at once. */
  attach(meterId: string, connection: Connection, world: Pick<ServingWorld, "timers" | "random">, options: ServeMetersOptions = {}): void {
    const device = this.device(meterId);
    const { transport = "wrapper" } = options;
    const { meter } = device;
    const isFull = (this.#connections.get(meterId)?.size ?? 0) >= connectionsMax(meter);
    if (!meter.hasPower || isFull || isPortLocked(meter, transport, this.#parts.clock.nowMs())) {
      connection.abort();
      return;
    }
    this.#track(meterId, connection);
    const outer = options.trace?.(meterId);
    const trace: ApduTrace = (entry) => {
      outer?.(entry);
      if (entry.direction === "sent") this.#watchAnswer(meterId, transport, entry.plain);
    };
    const own = tracked(connection, () => this.#connections.get(meterId)?.delete(connection));
    const link =
      transport === "hdlc"
        ? serveHdlcLink(own, world.timers, {
            ...hdlcPort(meter),
            answersAt: (serverSap) => device.logicalDevice(serverSap) !== undefined,
          })
        : wrapperLink(own, "server");
    serveDlms(link, device, world, {
      trace,
      inactivityTimeoutMs: inactivityTimeoutMs(meter, transport),
      onFault: (error) => options.onFault?.(meterId, error),
    });
  }

  /** Tells a meter where it is served, where somebody else listens for it. */
  servedAt(meterId: string, address: Address): void {
    this.#servedAt.set(meterId, address);
  }

  /** Opens the TCP ports of the plan's direct meters (port 0: a free one). @throws LinkError `in-use`; nothing listens then. */
  async serve(world: ServingWorld, options: ServeMetersOptions = {}): Promise<ServedMeters> {
    const addresses = new Map<string, Address>();
    const listeners: Listener[] = [];
    const close = async (): Promise<void> => {
      for (const meterId of addresses.keys()) this.#servedAt.delete(meterId);
      await Promise.all(listeners.map((listener) => listener.close()));
    };
    const served = this.plan.meters.filter(({ address }) => options.everyMeter === true || address.kind === "tcp");
    try {
      for (const { meterId, address } of served) {
        const port = address.kind === "tcp" ? address.port : 0;
        const listener = await world.network.listen({ host: options.host ?? "127.0.0.1", port }, (connection) =>
          this.attach(meterId, connection, world, options),
        );
        listeners.push(listener);
        addresses.set(meterId, listener.address);
        this.#servedAt.set(meterId, listener.address);
      }
    } catch (error) {
      await close();
      throw error;
    }
    return { addresses, close };
  }

  /** What an answer says about an attack goes to the fraud log. */
  #watchAnswer(meterId: string, port: MeterTransport, answer: Uint8Array): void {
    const code = securityEventOf(answer);
    const { meter } = this.device(meterId);
    if (code === undefined) noteAnswer(meter, port, answer);
    else noteFailedAttempt(meter, port, this.#parts.clock.nowMs());
    if (code === undefined || !this.#watch.isNews(meterId, code, this.#parts.clock.nowMs())) return;
    // A full disk must not change what the attacker is answered; the event is in the meter's memory then.
    void this.happen([meterId], (atMs) => ({ kind: "logEvent", log: "fraud", code, atMs })).catch(() => {});
  }

  #track(meterId: string, connection: Connection): void {
    const known = this.#connections.get(meterId);
    if (known === undefined) this.#connections.set(meterId, new Set([connection]));
    else known.add(connection);
  }

  #dropConnections(meterId: string): void {
    const connections = this.#connections.get(meterId);
    this.#connections.delete(meterId);
    for (const connection of connections ?? []) connection.abort();
  }
}

/** The same connection, telling when it is over. */
function tracked(connection: Connection, over: () => void): Connection {
  return {
    remote: connection.remote,
    bind: (handlers) =>
      connection.bind({
        data: (chunk) => handlers.data(chunk),
        closed(error) {
          over();
          handlers.closed(error);
        },
      }),
    send: (octets) => connection.send(octets),
    get backlog() {
      return connection.backlog;
    },
    drained: () => connection.drained(),
    close: () => connection.close(),
    abort: () => connection.abort(),
  };
}

/** Civil time of the place from its zone: the standard offset is the smaller one of the year. */
/** The place and weather that all homes of a plan share. */
export function siteOf(plan: FleetPlan, zone: Zone): Site {
  const year = civilDateOf(Math.floor((plan.meters[0]?.installedMs ?? 0) / DAY_MS)).year;
  const offsets = [1, 4, 7, 10].map((month) => zone.offsetMsAt(dayNumberOf({ year, month, day: 15 }) * DAY_MS));
  const standardOffsetMs = Math.min(...offsets);
  return new Site({
    seed: plan.seed,
    climate: CLIMATES[plan.climate],
    standardOffsetMinutes: standardOffsetMs / 60_000,
    daylightSaving: (localDay) => zone.offsetMsAt(localDay * DAY_MS + DAY_MS / 2 - standardOffsetMs) > standardOffsetMs,
  });
}
