import { AmityError, LinkError, UsageError } from "@amity/bytes";
import type { MeterId } from "@amity/model";
import type { Timer, World } from "@amity/runtime";
import { seenNow } from "../collector.ts";
import type { Committer } from "../committer.ts";
import type { CollectedReadings, MeterDriver } from "../driver.ts";
import type { Fleet } from "../fleet.ts";
import type { KeyVault } from "../key-vault.ts";
import type { HeadEndNotice } from "../notices.ts";
import type { Device, DeviceHealth } from "../registry.ts";
import { errorCode, errorText, routeText } from "../session-broker.ts";
import type { TraceKeeper } from "../trace-keeper.ts";
import { EdgeKeeper, type KeptReadings } from "./edge-keeper.ts";
import { HEARD_PROFILE } from "./heard.ts";

export interface ListenerLinksParts {
  readonly world: World;
  readonly fleet: Fleet;
  readonly committer: Committer;
  readonly keys: KeyVault;
  readonly traces: TraceKeeper;
  readonly driverOf: (device: Device) => MeterDriver;
  readonly connectTimeoutMs: number;
  readonly notify: (notice: HeadEndNotice) => void;
}

const RECONNECT_FIRST_MS = 1_000;
const RECONNECT_MS_MAX = 60_000;
/** A meter that speaks says something every few seconds; one silent for this long (machine time) is called anew. */
const SILENCE_MS = 300_000;
/** The same trouble is written down once in this time (machine time): a wrong key fails every second. */
const TROUBLE_EVERY_MS = 60_000;

interface Listening {
  readonly address: string;
  isWanted: boolean;
  /** Ends the line or the pause that the loop is in. */
  stop: () => void;
  readonly done: Promise<void>;
}

/** Keeps a line open to every meter that speaks unasked, and keeps of its telegrams what stands at the ends of intervals. */
export class ListenerLinks {
  readonly #parts: ListenerLinksParts;
  readonly #links = new Map<MeterId, Listening>();
  #running = false;

  constructor(parts: ListenerLinksParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = true;
    this.refresh();
  }

  /** Takes up meters that are new on such routes and gives up those that are gone or moved. */
  refresh(): void {
    if (!this.#running) return;
    const { fleet } = this.#parts;
    for (const [meterId, link] of this.#links) {
      const device = fleet.device(meterId);
      if (device !== undefined && device.route.kind === "listen" && routeText(device) === link.address) continue;
      this.#end(meterId, link);
    }
    for (const meterId of fleet.meterIds()) {
      const device = fleet.device(meterId);
      if (device?.route.kind === "listen" && !this.#links.has(meterId)) this.#begin(device);
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    const links = [...this.#links];
    for (const [meterId, link] of links) this.#end(meterId, link);
    await Promise.all(links.map(([, { done }]) => done));
  }

  #end(meterId: MeterId, link: Listening): void {
    link.isWanted = false;
    link.stop();
    this.#links.delete(meterId);
  }

  #begin(device: Device): void {
    let settle: () => void = () => {};
    const done = new Promise<void>((resolve) => (settle = resolve));
    const link: Listening = { address: routeText(device), isWanted: true, stop: () => {}, done };
    this.#links.set(device.meterId, link);
    void this.#serve(device.meterId, link).finally(settle);
  }

  async #serve(meterId: MeterId, link: Listening): Promise<void> {
    const { world, fleet } = this.#parts;
    const keeper = new EdgeKeeper(fleet.health(meterId)?.edges ?? []);
    let failures = 0;
    let cutOff = EdgeKeeper.unfinished(fleet.health(meterId)?.edges ?? []);
    while (link.isWanted) {
      try {
        if (cutOff !== undefined) await storeKept(this.#parts, meterId, cutOff);
        cutOff = undefined;
        await this.#line(meterId, link, keeper, () => (failures = 0));
      } catch (error) {
        failures++;
        await this.#tellTrouble(meterId, error);
      }
      if (!link.isWanted) return;
      const ceilingMs = Math.min(RECONNECT_MS_MAX, RECONNECT_FIRST_MS * 2 ** Math.min(failures, 10));
      await this.#pause(link, ceilingMs * (0.5 + 0.5 * world.random.float()));
    }
  }

  /** One line, from the connection to its end. @throws what ended it. */
  async #line(meterId: MeterId, link: Listening, keeper: EdgeKeeper, onHeard: () => void): Promise<void> {
    const { world, fleet, keys, traces, connectTimeoutMs } = this.#parts;
    const device = fleet.device(meterId);
    if (device?.route.kind !== "listen") throw new UsageError(`${meterId} is not listened to any more`, { code: "unknown-meter" });
    const driver = this.#parts.driverOf(device);
    if (driver.listen === undefined) throw new UsageError(`${meterId}: ${device.protocol} is not listened to`, { code: "unsupported" });
    const connection = await world.network.connect(device.route.address, { timeoutMs: connectTimeoutMs });
    link.stop = () => connection.abort();
    if (!link.isWanted) return connection.abort();
    const recorder = traces.begin({ meterId, route: routeText(device), purpose: "listen", startedAtMs: world.clock.nowMs() });
    const ear = new Ear(this.#parts, meterId, keeper, onHeard, (error) => this.#tellTrouble(meterId, error));
    try {
      await new Promise<void>((resolve, reject) => {
        const silence = new SilenceWatch(world, () => {
          reject(new LinkError(`nothing was heard for ${SILENCE_MS / 1000} s`, { code: "silence", advice: "check gateway and wiring" }));
          connection.abort();
        });
        driver.listen?.(
          { kind: "stream", connection, description: routeText(device) },
          {
            device,
            keys,
            world,
            behind: () => fleet.behind(meterId),
            trace: (frame) => recorder.frame(frame),
            readings(readings) {
              silence.heard();
              ear.take(readings);
            },
            problem: (error) => ear.trouble(error),
            ended(error) {
              silence.end();
              if (error === undefined && !link.isWanted) resolve();
              else reject(error ?? new LinkError("the line was closed", { code: "closed" }));
            },
          },
        );
      });
    } finally {
      connection.abort();
      recorder.end(world.clock.nowMs());
    }
  }

  async #pause(link: Listening, delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#parts.world.timers.after(delayMs, resolve);
      link.stop = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async #tellTrouble(meterId: MeterId, error: unknown): Promise<void> {
    const { world, fleet, committer, notify } = this.#parts;
    const atMs = world.clock.nowMs();
    const consecutiveFailures = (fleet.health(meterId)?.consecutiveFailures ?? 0) + 1;
    const health = { lastAttemptMs: atMs, consecutiveFailures, lastError: { atMs, code: errorCode(error), message: errorText(error) } };
    notify({ kind: "session", meterId, ok: false, error: errorText(error) });
    try {
      await committer.commit({ meterId, batches: [], covered: [], health });
    } catch {
      // The registry is away as well: memory keeps what it can.
      fleet.updateHealth(meterId, health);
    }
  }
}

/** What is heard on one line: kept one telegram at a time, the next one tells what a busy moment passed over. */
class Ear {
  readonly #parts: ListenerLinksParts;
  readonly #meterId: MeterId;
  readonly #keeper: EdgeKeeper;
  readonly #onHeard: () => void;
  readonly #tell: (error: unknown) => Promise<void>;
  #isStoring = false;
  #troubleMs = Number.NEGATIVE_INFINITY;

  constructor(
    parts: ListenerLinksParts,
    meterId: MeterId,
    keeper: EdgeKeeper,
    onHeard: () => void,
    tell: (error: unknown) => Promise<void>,
  ) {
    this.#parts = parts;
    this.#meterId = meterId;
    this.#keeper = keeper;
    this.#onHeard = onHeard;
    this.#tell = tell;
  }

  take(readings: CollectedReadings): void {
    this.#onHeard();
    if (this.#isStoring) return;
    const kept = this.#keeper.keep(readings);
    if (kept === undefined) return;
    this.#isStoring = true;
    storeKept(this.#parts, this.#meterId, kept).then(
      () => {
        this.#keeper.advance(kept);
        this.#isStoring = false;
      },
      (error: unknown) => {
        // The next telegram within the tolerance tries again.
        this.#isStoring = false;
        this.trouble(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  trouble(error: Error): void {
    const { timers, log } = this.#parts.world;
    if (!(error instanceof AmityError)) log.error("listening", { meterId: this.#meterId, error: error.message });
    if (timers.elapsedMs() - this.#troubleMs < TROUBLE_EVERY_MS) return;
    this.#troubleMs = timers.elapsedMs();
    void this.#tell(error);
  }
}

/** Every meter that the telegram speaks of is seen; the line's own keeps where the intervals ended, before and after. */
async function storeKept(
  { committer, world }: Pick<ListenerLinksParts, "committer" | "world">,
  lineMeterId: MeterId,
  { intervals, registers, events, edges, intent }: KeptReadings,
): Promise<void> {
  const nowMs = world.clock.nowMs();
  await committer.commit({ meterId: lineMeterId, batches: [], covered: [], health: { edges: intent } });
  const meterIds = new Set([...intervals, ...registers, ...events].map(({ meterId }) => meterId));
  meterIds.delete(lineMeterId);
  const commit = (meterId: MeterId, health: Partial<DeviceHealth>): Promise<void> => {
    const own = intervals.filter((series) => series.meterId === meterId);
    const batch = {
      intervals: own,
      registers: registers.filter((register) => register.meterId === meterId),
      events: events.filter((event) => event.meterId === meterId),
      source: "headend",
    };
    const covered = own.map(({ startMs, intervalSeconds, values }) => ({
      profile: HEARD_PROFILE,
      span: { fromMs: startMs, toMs: startMs + intervalSeconds * 1000 * values.length },
    }));
    return committer.commit({ meterId, batches: [batch], covered, health: { ...seenNow(nowMs), ...health } });
  };
  await Promise.all([...meterIds].map((meterId) => commit(meterId, {})));
  // Only when all of them are stored does the line go on from here.
  await commit(lineMeterId, { edges });
}

/** Ends a line on which nothing comes any more. */
class SilenceWatch {
  readonly #world: World;
  readonly #expire: () => void;
  #timer: Timer;

  constructor(world: World, expire: () => void) {
    this.#world = world;
    this.#expire = expire;
    this.#timer = world.timers.after(SILENCE_MS, expire);
  }

  heard(): void {
    this.#timer.cancel();
    this.#timer = this.#world.timers.after(SILENCE_MS, this.#expire);
  }

  end(): void {
    this.#timer.cancel();
  }
}
