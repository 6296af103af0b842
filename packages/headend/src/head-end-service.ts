import { UsageError } from "@amity/bytes";
import { piecesOf, type TimeSpan } from "@amity/concentrator";
import type { CommandRequest, MeterId, RegisterReading } from "@amity/model";
import { Collector, readPiece, seenNow } from "./collector.ts";
import { CommandGate } from "./command-gate.ts";
import { CommandOrders } from "./command-orders.ts";
import { collectedOf, Committer } from "./committer.ts";
import { ConcentratorLinks } from "./concentrator-links.ts";
import { deviceSources } from "./device-sources.ts";
import type { MeterDriver, MeterSession } from "./driver.ts";
import { Fleet } from "./fleet.ts";
import type { HeadEnd, HeadEndOptions, HeadEndParts } from "./head-end.ts";
import { ListenerLinks } from "./listening/listener-links.ts";
import type { HeadEndNotice, Unsubscribe } from "./notices.ts";
import type { CommandRecord, Device } from "./registry.ts";
import { SessionBroker } from "./session-broker.ts";
import { TraceKeeper } from "./trace-keeper.ts";
import { viewsOf } from "./views.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The figures that are used where the program gives none. */
export const DEFAULT_HEAD_END_OPTIONS = {
  historyMs: 30 * DAY_MS,
  collectEveryMs: HOUR_MS,
  chunkMs: DAY_MS,
  captureMs: 900_000,
  lateMs: 1_800_000,
  directSessionsMax: 32,
  piecesPerVisit: 8,
  requestTimeoutMs: 10_000,
  relayTimeoutMs: 60_000,
  loadProfile: "1-0:99.1.0",
  eventLogs: ["0-0:99.98.0", "0-0:99.98.1", "0-0:99.98.2"],
  systemTitle: new TextEncoder().encode("AMTHES01"),
  concentratorPollMs: 60_000,
  switchingPerHourMax: 100,
  policy: () => undefined,
  approvalFor: [],
} as const satisfies Required<HeadEndOptions>;

/** Builds a head-end from its parts; nothing happens before `start`. */
export function createHeadEnd(parts: HeadEndParts, options: HeadEndOptions = {}): HeadEnd {
  return new HeadEndService(parts, { ...DEFAULT_HEAD_END_OPTIONS, ...options });
}

class HeadEndService implements HeadEnd {
  readonly views: HeadEnd["views"];
  readonly #parts: HeadEndParts;
  readonly #watchers = new Set<(notice: HeadEndNotice) => void>();
  readonly #fleet: Fleet;
  readonly #committer: Committer;
  readonly #links: ConcentratorLinks;
  readonly #broker: SessionBroker;
  readonly #collector: Collector;
  readonly #gate: CommandGate;
  readonly #listeners: ListenerLinks;
  #progressToldMs = Number.NEGATIVE_INFINITY;
  #wasComplete = false;

  constructor(parts: HeadEndParts, options: Required<HeadEndOptions>) {
    this.#parts = parts;
    const { world, registry, sink, keys, counters, drivers } = parts;
    const notify = (notice: HeadEndNotice): void => {
      this.#notify(notice);
      if (notice.kind === "collected") this.#tellProgress();
    };
    const fleet = new Fleet(deviceSources((device) => this.#driverOf(device), options));
    this.#fleet = fleet;
    const committer = new Committer({ sink, registry, fleet, clock: world.clock, historyMs: options.historyMs, notify });
    this.#committer = committer;
    const common = { world, registry, keys, counters, fleet, committer, drivers, notify, traces: new TraceKeeper() };
    this.#links = new ConcentratorLinks({
      ...common,
      options,
      onOrder: (concentratorId, report) => this.#gate.takeReport(concentratorId, report),
    });
    this.#broker = new SessionBroker({
      ...common,
      device: (meterId) => fleet.device(meterId),
      behind: (meterId) => fleet.behind(meterId),
      relays: this.#links,
      ...options,
    });
    this.#collector = new Collector({
      ...common,
      broker: this.#broker,
      collectEveryMs: options.collectEveryMs,
      slots: options.directSessionsMax,
      piecesPerVisit: options.piecesPerVisit,
    });
    this.#listeners = new ListenerLinks({
      ...common,
      driverOf: (device) => this.#broker.driverOf(device),
      connectTimeoutMs: options.requestTimeoutMs,
    });
    this.#gate = new CommandGate({
      ...common,
      broker: this.#broker,
      orders: new CommandOrders({ ...common, routes: this.#links, broker: this.#broker }),
      switchingPerHourMax: options.switchingPerHourMax,
      policy: options.policy,
      approvalFor: new Set(options.approvalFor),
      readSpan: (device, session, span) => this.#readSpan(device, session, span),
    });
    this.views = viewsOf({
      ...common,
      broker: this.#broker,
      gate: this.#gate,
      links: this.#links,
      clock: world.clock,
      options,
    });
  }

  async start(): Promise<void> {
    await this.refresh();
    await this.#gate.start();
    this.#links.start();
    this.#collector.start();
    this.#listeners.start();
  }

  async stop(): Promise<void> {
    this.#gate.stop();
    await Promise.all([this.#collector.stop(), this.#links.stop(), this.#listeners.stop()]);
  }

  async refresh(): Promise<void> {
    const { registry } = this.#parts;
    const [devices, coverage, concentrators] = await Promise.all([registry.activeDevices(), registry.coverage(), registry.concentrators()]);
    this.#fleet.load(devices, coverage);
    this.#links.refresh(concentrators);
    this.#collector.refresh();
    this.#listeners.refresh();
    await this.#links.retryQuarantine();
  }

  submit(request: CommandRequest): Promise<CommandRecord> {
    return this.#gate.submit(request);
  }

  check(request: CommandRequest): Promise<{ readonly needsApproval: boolean }> {
    return this.#gate.check(request);
  }

  approve(commandId: string, approval: { by: string; note: string }): Promise<CommandRecord | undefined> {
    return this.#gate.approve(commandId, approval);
  }

  cancel(commandId: string, by: string, note = ""): Promise<boolean> {
    return this.#gate.cancel(commandId, by, note);
  }

  async takePush(meterId: MeterId, apdu: Uint8Array): Promise<void> {
    const device = this.#device(meterId);
    const context = { receivedAtMs: this.#parts.world.clock.nowMs(), keys: this.#parts.keys, behind: this.#fleet.behind(meterId) };
    const readings = await this.#broker.driverOf(device).interpretPush(device, apdu, context);
    await this.#committer.commit({ meterId, ...collectedOf(readings), covered: [], health: {} });
  }

  async readNow(meterId: MeterId): Promise<readonly RegisterReading[]> {
    const device = this.#device(meterId);
    return this.#broker.withSession(device, { purpose: "read", urgent: true }, async (session) => {
      const answer = await session.readRegisters();
      if (answer.kind === "refused") throw new UsageError(`meter ${meterId} refuses: ${answer.reason}`, { code: "refused" });
      const batch = { intervals: [], registers: answer.value, events: [], source: "headend" };
      await this.#committer.commit({ meterId, batches: [batch], covered: [], health: seenNow(this.#parts.world.clock.nowMs()) });
      return answer.value;
    });
  }

  subscribe(listener: (notice: HeadEndNotice) => void): Unsubscribe {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  /** Reads one span of the meter's profile, piece by piece on the grid; what is there already is read again and changes nothing. */
  async #readSpan(device: Device, session: MeterSession, span: TimeSpan): Promise<string> {
    const nowMs = this.#parts.world.clock.nowMs();
    const { meterId } = device;
    const profile = this.#fleet.sources(meterId).find(({ kind }) => kind === "intervals");
    if (profile === undefined) return "the meter keeps no profile";
    const untilMs = Math.min(nowMs, span.toMs);
    const source = { ...profile, historyMs: Math.max(0, untilMs - Math.floor(span.fromMs / DAY_MS) * DAY_MS) };
    let intervals = 0;
    for (const piece of piecesOf(source, () => [], untilMs)) {
      const collected = await readPiece(session, { meterId, source, span: piece, nowMs });
      if (collected === undefined) return "the meter refuses its load profile";
      intervals += collected.batches.reduce(
        (sum, batch) => sum + batch.intervals.reduce((count, series) => count + series.values.length, 0),
        0,
      );
      await this.#committer.commit({ ...collected, health: seenNow(nowMs) });
    }
    return `${intervals} intervals read`;
  }

  /** Progress of the back-fill, at most once a machine second, until it is complete. */
  #tellProgress(): void {
    const nowMs = this.#parts.world.timers.elapsedMs();
    if (this.#watchers.size === 0 || nowMs - this.#progressToldMs < 1_000) return;
    this.#progressToldMs = nowMs;
    const progress = this.views.backfill();
    if (progress.fraction === 1 && this.#wasComplete) return;
    this.#wasComplete = progress.fraction === 1;
    this.#notify({ kind: "backfill", progress });
  }

  #driverOf(device: Device): MeterDriver | undefined {
    const { route } = device;
    const protocol = route.kind === "behind" ? this.#fleet.device(route.hostMeterId)?.protocol : device.protocol;
    return this.#parts.drivers.find((driver) => driver.protocol === (protocol ?? device.protocol));
  }

  #device(meterId: MeterId): Device {
    const device = this.#fleet.device(meterId);
    if (device === undefined) throw new UsageError(`meter ${meterId} is not registered here`, { code: "unknown-meter" });
    return device;
  }

  #notify(notice: HeadEndNotice): void {
    for (const listener of this.#watchers) {
      try {
        listener(notice);
      } catch (error) {
        this.#parts.world.log.error("notice.listener", { error: String(error) });
      }
    }
  }
}
