import { LinkError } from "@amity/bytes";
import {
  acknowledgeDeliveries,
  orderStatus,
  placeOrder,
  readConcentratorEvents,
  readDeliveries,
  readDeliveryState,
  readMeterStandings,
  Semaphore,
  withdrawOrder,
  type MeterOrder,
  type OrderReport,
} from "@amity/concentrator";
import { connectDlms, ExceptionResponseError, wrapperLink, type DlmsClient } from "@amity/dlms";
import { eventsOfBuffer } from "./dlms/event-rows.ts";
import type { World } from "@amity/runtime";
import type { OrderRoutes } from "./command-orders.ts";
import type { Committer } from "./committer.ts";
import { DeliveryIntake } from "./delivery-intake.ts";
import type { MeterDriver, MeterLink } from "./driver.ts";
import type { Fleet } from "./fleet.ts";
import type { HeadEndOptions } from "./head-end.ts";
import type { CounterLease, InvocationCounters } from "./invocation-counters.ts";
import type { KeyVault } from "./key-vault.ts";
import type { HeadEndNotice } from "./notices.ts";
import type { ConcentratorEntry, ConcentratorRecord, Registry } from "./registry.ts";
import { RelayHub } from "./relay-hub.ts";
import { errorText, type RelayRoutes } from "./session-broker.ts";
import { WirelessBinding } from "./wireless-binding.ts";
import type { WirelessStranger } from "./wireless-stranger.ts";
import type { TraceKeeper } from "./trace-keeper.ts";

export interface ConcentratorLinksParts {
  readonly world: World;
  readonly registry: Registry;
  readonly keys: KeyVault;
  readonly counters: InvocationCounters;
  readonly fleet: Fleet;
  readonly committer: Committer;
  readonly drivers: readonly MeterDriver[];
  readonly traces: TraceKeeper;
  readonly options: Required<HeadEndOptions>;
  readonly notify: (notice: HeadEndNotice) => void;
  /** Told what became of an order; resolves when that is recorded. */
  readonly onOrder: (concentratorId: string, report: OrderReport) => Promise<void>;
}

/** Management client of the concentrator's own association. */
const CLIENT_SAP = 1;
/** Deliveries taken with one request; each is acknowledged only after its sink committed. */
const PAGE = 64;
const COUNTERS_FOR_CALL = 512;
const CONCENTRATOR_LOG = "0-0:99.98.0";
/** Machine time between two looks at how the concentrator stands with its meters. */
const STANDINGS_EVERY_MS = 30_000;
const RECONNECT_FIRST_MS = 1_000;
const RECONNECT_MS_MAX = 60_000;

interface ConcentratorLink {
  entry: ConcentratorEntry;
  readonly slots: Semaphore;
  hub: RelayHub | undefined;
  /** The association of the running connection. */
  calls: ManagementCalls | undefined;
  readonly wireless: WirelessBinding;
  isRunning: boolean;
  /** Ends the pause that the link is in, if it is in one. */
  wake: () => void;
}

interface ManagementCalls {
  readonly client: DlmsClient;
  readonly lease: CounterLease;
}

/** Keeps one connection to each concentrator: takes its deliveries, and relays meter sessions through it. */
export class ConcentratorLinks implements RelayRoutes, OrderRoutes {
  readonly #parts: ConcentratorLinksParts;
  readonly #intake: DeliveryIntake;
  readonly #links = new Map<string, ConcentratorLink>();
  #running = false;
  #loops = new Set<Promise<void>>();

  constructor(parts: ConcentratorLinksParts) {
    this.#parts = parts;
    this.#intake = new DeliveryIntake(parts);
  }

  get size(): number {
    return this.#links.size;
  }

  get online(): number {
    return [...this.#links.values()].filter(({ hub }) => hub !== undefined).length;
  }

  isOnline(concentratorId: string): boolean {
    return this.#links.get(concentratorId)?.hub !== undefined;
  }

  /** Takes up new concentrators and gives up those that are gone or moved. */
  refresh(records: readonly ConcentratorRecord[]): void {
    const wanted = new Map(
      records
        .filter(({ entry }) => entry.status === "active" || entry.status === "registered")
        .map(({ entry }) => [entry.concentratorId, entry]),
    );
    for (const [id, link] of this.#links) {
      const entry = wanted.get(id);
      const hasMoved =
        entry !== undefined && (entry.address.host !== link.entry.address.host || entry.address.port !== link.entry.address.port);
      if (entry === undefined) this.#links.delete(id);
      else link.entry = entry;
      if (entry === undefined || hasMoved) link.hub?.own().abort();
    }
    for (const [id, entry] of wanted) {
      if (!this.#links.has(id))
        this.#links.set(id, {
          entry,
          slots: new Semaphore(entry.sessionsMax),
          hub: undefined,
          calls: undefined,
          wireless: new WirelessBinding(id, this.#parts.fleet),
          isRunning: false,
          wake: () => {},
        });
    }
    for (const link of this.#links.values()) if (link.wireless.isDue) link.wake();
    if (this.#running) this.#startLoops();
  }

  /** Takes what was put aside, as far as its meters are registered by now. */
  retryQuarantine(): Promise<number> {
    return this.#intake.retryQuarantine();
  }

  start(): void {
    this.#running = true;
    this.#startLoops();
  }

  async stop(): Promise<void> {
    this.#running = false;
    for (const link of this.#links.values()) {
      link.hub?.own().close();
      link.wake();
    }
    await Promise.all(this.#loops);
  }

  relay(concentratorId: string, meterAddress: string): MeterLink {
    const hub = this.#links.get(concentratorId)?.hub;
    if (hub?.isOpen !== true) {
      throw new LinkError(`concentrator ${concentratorId} is not connected`, {
        code: "concentrator-offline",
        advice: "its link is being restored",
      });
    }
    return {
      kind: "relay",
      messages: hub.meter(new TextEncoder().encode(meterAddress)),
      description: `relay ${concentratorId} to ${meterAddress}`,
    };
  }

  placeOrder(concentratorId: string, order: MeterOrder): Promise<OrderReport | undefined> {
    return this.#call(concentratorId, (client) => placeOrder(client, order));
  }

  orderStatus(concentratorId: string, orderId: string): Promise<OrderReport | undefined> {
    return this.#call(concentratorId, (client) => orderStatus(client, orderId));
  }

  withdrawOrder(concentratorId: string, orderId: string): Promise<OrderReport | undefined> {
    return this.#call(concentratorId, (client) => withdrawOrder(client, orderId));
  }

  /** Wireless meters that concentrators hear and that are on no list. */
  strangers(): readonly WirelessStranger[] {
    return [...this.#links.values()].flatMap(({ wireless }) => wireless.strangers);
  }

  /** A call of the head-end's own, between those of collection. */
  async #call<T>(concentratorId: string, work: (client: DlmsClient) => Promise<T>): Promise<T> {
    const calls = this.#links.get(concentratorId)?.calls;
    if (calls?.client.isOpen !== true)
      throw new LinkError(`concentrator ${concentratorId} is not connected`, { code: "concentrator-offline" });
    await calls.lease.ensure(COUNTERS_FOR_CALL);
    return work(calls.client);
  }

  slots(concentratorId: string): Semaphore {
    return this.#links.get(concentratorId)?.slots ?? new Semaphore(1);
  }

  #startLoops(): void {
    for (const link of this.#links.values()) {
      if (link.isRunning) continue;
      link.isRunning = true;
      const loop = this.#serve(link).finally(() => {
        link.isRunning = false;
        this.#loops.delete(loop);
      });
      this.#loops.add(loop);
    }
  }

  #isWanted(link: ConcentratorLink): boolean {
    return this.#running && this.#links.get(link.entry.concentratorId) === link;
  }

  async #serve(link: ConcentratorLink): Promise<void> {
    const { world } = this.#parts;
    let failures = 0;
    while (this.#isWanted(link)) {
      try {
        await this.#session(link, () => (failures = 0));
      } catch (error) {
        failures++;
        await this.#tellOffline(link, errorText(error));
      }
      if (!this.#isWanted(link)) return;
      const ceilingMs = Math.min(RECONNECT_MS_MAX, RECONNECT_FIRST_MS * 2 ** Math.min(failures, 10));
      await this.#pause(link, ceilingMs * (0.5 + 0.5 * world.random.float()));
    }
  }

  /** One connection, from the association to its end. */
  async #session(link: ConcentratorLink, onAssociated: () => void): Promise<void> {
    const { world, counters, options } = this.#parts;
    const { concentratorId, address } = link.entry;
    const connection = await world.network.connect(address, { timeoutMs: options.requestTimeoutMs });
    const hub = new RelayHub(wrapperLink(connection, "client"), () => {
      if (link.hub === hub) link.hub = undefined;
    });
    try {
      const lease = counters.lease(concentratorId);
      const client = await this.#associate(concentratorId, hub, lease).catch((error: unknown) => learnCounter(error, lease));
      link.hub = hub;
      onAssociated();
      link.wireless.forget();
      await link.wireless.bind(client);
      link.calls = { client, lease };
      await this.#tellOnline(link);
      await this.#poll(link, hub, { client, lease });
      await client.release();
    } finally {
      if (link.hub === hub) {
        link.hub = undefined;
        link.calls = undefined;
      }
      connection.abort();
    }
  }

  async #associate(concentratorId: string, hub: RelayHub, lease: CounterLease): Promise<DlmsClient> {
    const { keys, options, world } = this.#parts;
    const encryptionKey = await keys.secret({ owner: concentratorId, purpose: "guek" });
    const authenticationKey = await keys.secret({ owner: concentratorId, purpose: "gak" });
    await lease.ensure(COUNTERS_FOR_CALL);
    return connectDlms(
      hub.own(),
      {
        clientSap: CLIENT_SAP,
        authentication: { mechanism: "hls-gmac" },
        security: {
          suite: 0,
          systemTitle: options.systemTitle,
          keys: { encryptionKey, authenticationKey },
          protection: "authenticated-encrypted",
          ciphering: "global",
          sent: lease,
        },
        timeoutMs: options.requestTimeoutMs,
      },
      world,
    );
  }

  async #poll(link: ConcentratorLink, hub: RelayHub, { client, lease }: ManagementCalls): Promise<void> {
    const { options } = this.#parts;
    let isCalled = false;
    hub.onWakeUp = () => {
      isCalled = true;
      link.wake();
    };
    let eventsSeen = -1;
    let standingsMs = Number.NEGATIVE_INFINITY;
    while (this.#isWanted(link) && client.isOpen) {
      isCalled = false;
      await lease.ensure(COUNTERS_FOR_CALL);
      if (link.wireless.isDue) await link.wireless.bind(client);
      const { oldest, newest, events } = await readDeliveryState(client);
      if (events !== eventsSeen) await this.#takeEvents(link, await readConcentratorEvents(client));
      eventsSeen = events;
      if (this.#parts.world.timers.elapsedMs() - standingsMs >= STANDINGS_EVERY_MS) {
        standingsMs = this.#parts.world.timers.elapsedMs();
        await this.#takeStandings(link, client);
        await link.wireless.look(client);
      }
      for (let from = oldest; from <= newest && this.#isWanted(link); from += PAGE) {
        await lease.ensure(COUNTERS_FOR_CALL);
        const to = Math.min(newest, from + PAGE - 1);
        await this.#intake.take(link.entry.concentratorId, await readDeliveries(client, from, to));
        await acknowledgeDeliveries(client, to);
      }
      if (!isCalled) await this.#pause(link, options.concentratorPollMs);
    }
    if (!client.isOpen) throw new LinkError("the concentrator closed the connection", { code: "closed" });
  }

  /** Meters that the concentrator cannot reach: their deliveries do not say so. */
  async #takeStandings(link: ConcentratorLink, client: DlmsClient): Promise<void> {
    const { fleet, registry, world } = this.#parts;
    const nowMs = world.clock.nowMs();
    const health = (await readMeterStandings(client)).flatMap(({ meterId, failures, lastSeenMs }) => {
      const { route } = fleet.device(meterId) ?? {};
      const known = fleet.health(meterId);
      const isOurs = route?.kind === "concentrator" && route.concentratorId === link.entry.concentratorId;
      if (!isOurs || known === undefined || known.consecutiveFailures === failures) return [];
      const lastError =
        failures === 0 ? undefined : { atMs: nowMs, code: "no-answer", message: `${failures} visits of the concentrator failed` };
      return [{ meterId, change: { consecutiveFailures: failures, lastError, ...(lastSeenMs === undefined ? {} : { lastSeenMs }) } }];
    });
    if (health.length === 0) return;
    for (const { meterId, change } of health) fleet.updateHealth(meterId, change);
    await registry.recordCollection({ coverage: [], health, events: [] }, nowMs);
  }

  /** The concentrator's events are the head-end's own: no meter data management waits for them. */
  async #takeEvents(link: ConcentratorLink, buffer: Uint8Array): Promise<void> {
    const { registry, world, notify } = this.#parts;
    const { events } = eventsOfBuffer(link.entry.concentratorId, CONCENTRATOR_LOG, buffer);
    for (const event of await registry.recordCollection({ coverage: [], health: [], events }, world.clock.nowMs()))
      notify({ kind: "event", event });
  }

  /** Waits, at most until somebody wakes the link. */
  async #pause(link: ConcentratorLink, delayMs: number): Promise<void> {
    if (!this.#running) return;
    await new Promise<void>((resolve) => {
      const timer = this.#parts.world.timers.after(delayMs, resolve);
      link.wake = () => {
        timer.cancel();
        resolve();
      };
    });
    link.wake = () => {};
  }

  async #tellOnline(link: ConcentratorLink): Promise<void> {
    const { registry, world, notify } = this.#parts;
    const { concentratorId } = link.entry;
    await registry.recordConcentrator(concentratorId, { lastSeenMs: world.clock.nowMs(), lastError: undefined });
    notify({ kind: "concentrator", concentratorId, online: true });
  }

  async #tellOffline(link: ConcentratorLink, error: string): Promise<void> {
    const { registry, notify, world } = this.#parts;
    const { concentratorId } = link.entry;
    notify({ kind: "concentrator", concentratorId, online: false, error });
    try {
      await registry.recordConcentrator(concentratorId, { lastError: error });
    } catch (cause) {
      world.log.warn("concentrator.status", { concentratorId, error: errorText(cause) });
    }
  }
}

/** A concentrator that has seen more of our counter than we remember says so: go on above it next time. */
async function learnCounter(error: unknown, lease: CounterLease): Promise<never> {
  if (error instanceof ExceptionResponseError && error.response.invocationCounter !== undefined)
    await lease.raise(error.response.invocationCounter + 1);
  throw error;
}
