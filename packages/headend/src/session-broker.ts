import { AmityError, LinkError, UsageError } from "@amity/bytes";
import { Semaphore } from "@amity/concentrator";
import type { MeterId } from "@amity/model";
import type { World } from "@amity/runtime";
import type { MeterCapability, MeterDriver, MeterLink, MeterSession, SessionPurpose } from "./driver.ts";
import type { InvocationCounters } from "./invocation-counters.ts";
import type { KeyVault } from "./key-vault.ts";
import type { HeadEndNotice } from "./notices.ts";
import type { Device, Route } from "./registry.ts";
import type { TraceKeeper } from "./trace-keeper.ts";

/** Opens the way through a concentrator. */
export interface RelayRoutes {
  /** @throws LinkError when the concentrator is not connected. */
  relay(concentratorId: string, meterAddress: string): MeterLink;
  /** Limits the sessions through one concentrator. */
  slots(concentratorId: string): Semaphore;
}

export interface SessionBrokerParts {
  readonly world: World;
  readonly keys: KeyVault;
  readonly counters: InvocationCounters;
  readonly drivers: readonly MeterDriver[];
  /** A registered device: the host of one that hangs behind it. */
  readonly device: (meterId: MeterId) => Device | undefined;
  /** The meters behind one. */
  readonly behind: (hostMeterId: MeterId) => readonly Device[];
  readonly relays: RelayRoutes;
  readonly traces: TraceKeeper;
  readonly directSessionsMax: number;
  readonly requestTimeoutMs: number;
  readonly relayTimeoutMs: number;
  readonly notify: (notice: HeadEndNotice) => void;
}

export interface SessionWish {
  readonly purpose: SessionPurpose;
  /** Commands and people wait in front of collection. */
  readonly urgent?: boolean;
}

/** A bus has 250 meters, each with its collection and a command. */
const WAITERS_MAX = 1_000;

/** Routes on which a session can be opened; the others only speak unasked. */
type AskedRoute = Extract<Route, { kind: "direct" | "concentrator" }>;

/** The only way to a meter: one session at a time with each, so many at once by route, each traced. */
export class SessionBroker {
  readonly traces: TraceKeeper;
  readonly #parts: SessionBrokerParts;
  readonly #direct: Semaphore;
  /** By meter, or by the line that meters share. */
  readonly #turns = new Map<string, Semaphore>();
  #open = 0;
  #ok = 0;
  #failed = 0;

  constructor(parts: SessionBrokerParts) {
    this.#parts = parts;
    this.traces = parts.traces;
    this.#direct = new Semaphore(parts.directSessionsMax);
  }

  get counts(): { readonly sessionsOpen: number; readonly sessionsOk: number; readonly sessionsFailed: number } {
    return { sessionsOpen: this.#open, sessionsOk: this.#ok, sessionsFailed: this.#failed };
  }

  /** The driver of a device; of one behind another, that of its host. @throws UsageError `unknown-protocol`, `unknown-host`. */
  driverOf(device: Device): MeterDriver {
    const { protocol } = device.route.kind === "behind" ? this.#hostOf(device, device.route.hostMeterId) : device;
    const driver = this.#parts.drivers.find((known) => known.protocol === protocol);
    if (driver !== undefined) return driver;
    throw new UsageError(`${device.meterId}: there is no driver for ${protocol}`, { code: "unknown-protocol" });
  }

  /** What can be done with a device over its route. @throws as `driverOf`. */
  capabilitiesOf(device: Device): ReadonlySet<MeterCapability> {
    const driver = this.driverOf(device);
    return driver.capabilitiesOf?.(device) ?? driver.capabilities;
  }

  /**
   * Opens a session, runs `work` in it and closes it. A meter behind another has its session within one of its host.
   * @throws what opening or `work` throws; UsageError `one-way` for a meter that cannot be asked.
   */
  async withSession<T>(device: Device, wish: SessionWish, work: (session: MeterSession) => Promise<T>): Promise<T> {
    const { route } = device;
    if (route.kind === "behind") {
      return this.withSession(this.#hostOf(device, route.hostMeterId), wish, (session) => {
        const own = session.behind?.(device);
        if (own !== undefined) return work(own);
        throw new UsageError(`${device.meterId}: its host's protocol knows no meters behind it`, { code: "unsupported" });
      });
    }
    if (route.kind !== "direct" && route.kind !== "concentrator") {
      throw new UsageError(`${device.meterId} speaks unasked (${routeText(device)}): it cannot be asked`, { code: "one-way" });
    }
    const slots = route.kind === "direct" ? this.#direct : this.#parts.relays.slots(route.concentratorId);
    const options = { urgent: wish.urgent ?? false };
    const isShared = this.driverOf(device).sharesLine === true && route.kind === "direct";
    const turn = isShared ? `${route.address.host}:${route.address.port}` : device.meterId;
    return this.#exclusive(turn, options, () => slots.run(() => this.#session({ device, route }, wish, work), options));
  }

  #hostOf(device: Device, hostMeterId: MeterId): Device {
    const host = this.#parts.device(hostMeterId);
    if (host !== undefined && host.route.kind !== "behind") return host;
    const reason = host === undefined ? "is not registered" : "is itself behind another";
    throw new UsageError(`${device.meterId}: its host ${hostMeterId} ${reason}`, { code: "unknown-host" });
  }

  async #exclusive<T>(name: string, options: { urgent: boolean }, work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.get(name) ?? new Semaphore(1, WAITERS_MAX);
    this.#turns.set(name, turn);
    try {
      return await turn.run(work, options);
    } finally {
      if (turn.taken === 0) this.#turns.delete(name);
    }
  }

  async #session<T>(
    { device, route }: { device: Device; route: AskedRoute },
    wish: SessionWish,
    work: (session: MeterSession) => Promise<T>,
  ): Promise<T> {
    const { world, keys, counters, requestTimeoutMs, relayTimeoutMs, notify } = this.#parts;
    const { meterId } = device;
    const recorder = this.traces.begin({ meterId, route: routeText(device), purpose: wish.purpose, startedAtMs: world.clock.nowMs() });
    this.#open++;
    try {
      const driver = this.driverOf(device);
      const link = await this.#link(device, route);
      const session = await driver.open(link, {
        device,
        purpose: wish.purpose,
        behind: this.#parts.behind(meterId),
        keys,
        counters,
        world,
        trace: (frame) => recorder.frame(frame),
        timeoutMs: route.kind === "direct" ? requestTimeoutMs : relayTimeoutMs,
      });
      let value: T;
      try {
        value = await work(session);
      } finally {
        await session.close();
      }
      this.#ok++;
      recorder.end(world.clock.nowMs());
      notify({ kind: "session", meterId, ok: true });
      return value;
    } catch (error) {
      this.#failed++;
      const text = errorText(error);
      recorder.end(world.clock.nowMs(), text);
      notify({ kind: "session", meterId, ok: false, error: text });
      throw error;
    } finally {
      this.#open--;
    }
  }

  async #link(device: Device, route: AskedRoute): Promise<MeterLink> {
    if (route.kind === "concentrator") return this.#parts.relays.relay(route.concentratorId, route.meterAddress);
    const connection = await this.#parts.world.network.connect(route.address, { timeoutMs: this.#parts.requestTimeoutMs });
    return { kind: "stream", connection, description: routeText(device) };
  }
}

/** For the person who reads it: how a meter is reached. */
export function routeText({ route }: Device): string {
  switch (route.kind) {
    case "direct":
      return `tcp ${route.address.host}:${route.address.port}`;
    case "listen":
      return `listening at ${route.address.host}:${route.address.port}`;
    case "concentrator":
      return `relay ${route.concentratorId} to ${route.meterAddress}`;
    case "wireless":
      return `heard by ${route.concentratorId} as ${route.address}`;
    case "behind":
      return `channel ${route.channel} of ${route.hostMeterId}`;
  }
}

/** One line for health, traces and audit. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The stable code of an error; `bug` for what is none of ours. */
export function errorCode(error: unknown): string {
  return error instanceof AmityError ? error.code : "bug";
}

/** No way to the meter: it was not asked, nothing can have happened. */
export function isLinkTrouble(error: unknown): boolean {
  return error instanceof LinkError;
}
