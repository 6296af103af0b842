import { AmityError, LinkError, UsageError } from "@amity/bytes";
import { Semaphore } from "@amity/concentrator";
import type { MeterId } from "@amity/model";
import type { World } from "@amity/runtime";
import type { MeterDriver, MeterLink, MeterSession, SessionPurpose } from "./driver.ts";
import type { InvocationCounters } from "./invocation-counters.ts";
import type { KeyVault } from "./key-vault.ts";
import type { HeadEndNotice } from "./notices.ts";
import type { Device } from "./registry.ts";
import { TraceKeeper } from "./trace-keeper.ts";

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
  readonly relays: RelayRoutes;
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

/** The only way to a meter: one session at a time with each, so many at once by route, each traced. */
export class SessionBroker {
  readonly traces = new TraceKeeper();
  readonly #parts: SessionBrokerParts;
  readonly #direct: Semaphore;
  readonly #meters = new Map<MeterId, Semaphore>();
  #open = 0;
  #ok = 0;
  #failed = 0;

  constructor(parts: SessionBrokerParts) {
    this.#parts = parts;
    this.#direct = new Semaphore(parts.directSessionsMax);
  }

  get counts(): { readonly sessionsOpen: number; readonly sessionsOk: number; readonly sessionsFailed: number } {
    return { sessionsOpen: this.#open, sessionsOk: this.#ok, sessionsFailed: this.#failed };
  }

  /** @throws UsageError `unknown-protocol`. */
  driverOf(device: Device): MeterDriver {
    const driver = this.#parts.drivers.find(({ protocol }) => protocol === device.protocol);
    if (driver !== undefined) return driver;
    throw new UsageError(`${device.meterId}: there is no driver for ${device.protocol}`, { code: "unknown-protocol" });
  }

  /** Opens a session, runs `work` in it and closes it. @throws what opening or `work` throws. */
  async withSession<T>(device: Device, wish: SessionWish, work: (session: MeterSession) => Promise<T>): Promise<T> {
    const { route } = device;
    const slots = route.kind === "direct" ? this.#direct : this.#parts.relays.slots(route.concentratorId);
    const options = { urgent: wish.urgent ?? false };
    return this.#exclusive(device.meterId, options, () => slots.run(() => this.#session(device, wish, work), options));
  }

  async #exclusive<T>(meterId: MeterId, options: { urgent: boolean }, work: () => Promise<T>): Promise<T> {
    const turn = this.#meters.get(meterId) ?? new Semaphore(1, 100);
    this.#meters.set(meterId, turn);
    try {
      return await turn.run(work, options);
    } finally {
      if (turn.taken === 0) this.#meters.delete(meterId);
    }
  }

  async #session<T>(device: Device, wish: SessionWish, work: (session: MeterSession) => Promise<T>): Promise<T> {
    const { world, keys, counters, requestTimeoutMs, relayTimeoutMs, notify } = this.#parts;
    const { meterId } = device;
    const recorder = this.traces.begin({ meterId, route: routeText(device), purpose: wish.purpose, startedAtMs: world.clock.nowMs() });
    this.#open++;
    try {
      const driver = this.driverOf(device);
      const link = await this.#link(device);
      const session = await driver.open(link, {
        device,
        purpose: wish.purpose,
        keys,
        counters,
        world,
        trace: (frame) => recorder.frame(frame),
        timeoutMs: device.route.kind === "direct" ? requestTimeoutMs : relayTimeoutMs,
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

  async #link(device: Device): Promise<MeterLink> {
    const { route } = device;
    if (route.kind === "concentrator") return this.#parts.relays.relay(route.concentratorId, route.meterAddress);
    const connection = await this.#parts.world.network.connect(route.address, { timeoutMs: this.#parts.requestTimeoutMs });
    return { kind: "stream", connection, description: routeText(device) };
  }
}

/** For the person who reads it: how a meter is reached. */
export function routeText(device: Device): string {
  const { route } = device;
  return route.kind === "direct"
    ? `tcp ${route.address.host}:${route.address.port}`
    : `relay ${route.concentratorId} to ${route.meterAddress}`;
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
