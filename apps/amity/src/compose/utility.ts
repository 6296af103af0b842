import { EndDeviceEventRecorder } from "./event-recorder.ts";
import type { CertificationAuthority, HeadEnd, HeadEndOptions, KeyVault, Registry } from "@amity/headend";
import { zoneOf } from "@amity/intervals";
import {
  commodityByMeter,
  daysToExplain,
  keepStandardRules,
  ReviewQueue,
  type DecisionPolicy,
  type DeliverySummary,
  type TemperatureOf,
} from "@amity/mdm";
import type { FleetPlan } from "@amity/meter";
import type { ReadingSink } from "@amity/model";
import type { World } from "@amity/runtime";
import type { Store } from "@amity/store";
import { ensureSigningKey } from "./authority.ts";
import { composeHeadEnd, headEndDrivers, HEAD_END_SYSTEM_TITLE } from "./head-end.ts";
import { entriesOf } from "./fleet-file.ts";
import { FleetRefresh } from "./fleet-refresh.ts";
import { registerFleet } from "./register-fleet.ts";
import { analysisApi } from "./analysis/analysis-api.ts";
import { ClusterBook } from "./decisions/cluster-book.ts";
import { decisionApi } from "./decisions/decision-api.ts";
import { composeMdm, type Mdm, type MdmOptions } from "./mdm.ts";
import { DayBook } from "./api/day-book.ts";
import { FleetWatch } from "./api/fleet-watch.ts";
import { IntervalMeter } from "./interval-meter.ts";
import { LiveFeed } from "./api/live-feed.ts";
import { PlaceBook } from "./api/place-book.ts";
import { utilityApi } from "./api/utility-api.ts";
import type { DemoControls, UtilityParts } from "./api/utility-parts.ts";
import type { UtilityApi } from "../http/ports.ts";

/** What a utility is built from. */
export interface UtilityOptions {
  readonly world: World;
  readonly store: Store;
  readonly masterKey: Uint8Array;
  /** The utility's certification authority: meters of suites 1 and 2 are managed by signature under it. */
  readonly authority?: CertificationAuthority;
  readonly zone: string;
  readonly name: string;
  readonly version: string;
  readonly plan?: FleetPlan;
  /** The weather where the usage points are. */
  readonly temperatureOf?: TemperatureOf;
  readonly demo?: DemoControls;
  readonly headEnd: HeadEndOptions;
  readonly secondPerson?: SecondPerson;
}

/** What waits for somebody other than its author. */
export interface SecondPerson {
  readonly commands: NonNullable<HeadEndOptions["approvalFor"]>;
  readonly policy: DecisionPolicy;
}

/** Share of the history at which reviews begin: some meters may be dark for long. */
const BACKFILL_ENOUGH = 0.98;
/** Machine time after which they begin in any case. */
const BACKFILL_WAIT_MS = 20 * 60_000;

/** The running utility: head-end and MDM joined by the sink, with what watches them. */
export interface Utility {
  readonly mdm: Mdm;
  readonly headEnd: HeadEnd;
  readonly registry: Registry;
  readonly keys: KeyVault;
  readonly reviews: ReviewQueue;
  readonly watch: FleetWatch;
  readonly live: LiveFeed;
  readonly events: EndDeviceEventRecorder;
  readonly parts: UtilityParts;
  readonly api: UtilityApi;
  /** Loads what is known and begins to collect and to review. */
  start(): Promise<void>;
  /** Takes up devices that were registered since, whoever registered them; cheap where none were. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/** Joins head-end and MDM: readings go to the ledger, what the ledger took is watched, reviewed and shown. */
export function composeUtility(options: UtilityOptions): Utility {
  const { world, store, masterKey, authority, name, version, demo } = options;
  const reasons = new Set(["head-end: starting"]);
  const places = new PlaceBook(options.plan);
  const intervals = new IntervalMeter(world.timers);
  const watch = new FleetWatch(world.clock, options.headEnd.collectEveryMs ?? 3_600_000);
  const stored = (summary: DeliverySummary): void => {
    for (const { dayStartMs } of summary.changed) days.changed(dayStartMs);
    reviews.add(summary.changed);
    explain(summary, { store, reviews, log: world.log });
  };
  const mdm = composeMdm(store, world.clock, mdmOptionsOf(options, stored));
  const sink = watchedSink(mdm.sink, watch, intervals);
  const headEndOptions = { approvalFor: options.secondPerson?.commands ?? [], ...options.headEnd };
  const { headEnd, registry, keys } = composeHeadEnd({ world, store, sink, masterKey, authority }, headEndOptions);
  const days = new DayBook({ store, ledger: mdm.ledger, timers: world.timers, groupOf: (meterId) => places.groupOf(meterId) });
  const reviews = composeReviews(mdm, headEnd, world);
  const parts: UtilityParts = {
    world,
    headEnd,
    registry,
    keys,
    mdm,
    clusters: new ClusterBook({ mdm, places, clock: world.clock, timers: world.timers }),
    days,
    watch,
    places,
    zone: zoneOf(options.zone),
    intervals,
    demo,
    approvalFor: headEndOptions.approvalFor,
    name,
    version,
  };
  const live = new LiveFeed(parts);
  const fleet = new FleetRefresh({ registry, headEnd, watch, commodities: () => commodityByMeter(store) });
  const decisions = decisionApi(parts, (decision) => live.decided(decision));
  const analysis = analysisApi(parts, world.random.fork("analysis"));
  watchNotices(headEnd, watch, live);
  const own = { notReady: () => [...reasons], registerFleet: registrationOf(parts, keys, fleet) };
  return {
    mdm,
    headEnd,
    registry,
    keys,
    reviews,
    watch,
    live,
    events: new EndDeviceEventRecorder({ registry, sink, watch, live, clock: world.clock }),
    parts,
    refresh: () => fleet.refresh(),
    api: { ...utilityApi(parts, live, own), decisions: decisions.api, analysis: analysis.api },
    async start() {
      await keepStandardRules(mdm.rules, "amity");
      if (authority !== undefined) await ensureSigningKey(keys, authority, HEAD_END_SYSTEM_TITLE);
      await fleet.load();
      await intervals.load(store);
      await headEnd.start();
      await reviews.start();
      await mdm.decisions.endInterrupted();
      reasons.clear();
    },
    async stop() {
      reasons.add("head-end: stopping");
      await headEnd.stop();
      await reviews.stop();
      await Promise.all([decisions.stop(), analysis.stop()]);
    },
  };
}

/** What the head-end notices is watched and told live. */
function watchNotices(headEnd: HeadEnd, watch: FleetWatch, live: LiveFeed): void {
  headEnd.subscribe((notice) => {
    watch.notice(notice);
    live.notice(notice);
  });
}

/** Registers what a person sends, and begins to collect it. */
function registrationOf({ registry, mdm, world, zone }: UtilityParts, keys: KeyVault, fleet: FleetRefresh): UtilityApi["registerFleet"] {
  const where = { registry, keys, drivers: headEndDrivers(), mdm: mdm.registry, clock: world.clock, zone: zone.name };
  return async (registration) => {
    const report = await registerFleet(where, entriesOf(registration));
    await fleet.refresh();
    return report;
  };
}

function mdmOptionsOf({ zone, temperatureOf, secondPerson }: UtilityOptions, onStored: (summary: DeliverySummary) => void): MdmOptions {
  return {
    zone,
    author: "headend",
    onStored,
    ...(temperatureOf === undefined ? {} : { temperatureOf }),
    ...(secondPerson === undefined ? {} : { policy: secondPerson.policy }),
  };
}

/** Events may explain what waits for a person: those days are judged again. */
function explain({ events }: DeliverySummary, { store, reviews, log }: { store: Store; reviews: ReviewQueue; log: World["log"] }): void {
  if (events.length === 0) return;
  void daysToExplain(store, events).then(
    (found) => reviews.add(found),
    (error: unknown) => log.error("explain-failed", { message: error instanceof Error ? error.message : String(error) }),
  );
}

/** The ledger's sink; what it has committed is watched and counted. */
function watchedSink(ledger: ReadingSink, watch: FleetWatch, intervals: IntervalMeter): ReadingSink {
  return {
    async accept(batches) {
      await ledger.accept(batches);
      watch.readings(batches);
      intervals.add(batches);
    },
  };
}

/** Reviews what changed, once the history and its events are there. */
function composeReviews(mdm: Mdm, headEnd: HeadEnd, world: World): ReviewQueue {
  const startedMs = world.timers.elapsedMs();
  return new ReviewQueue(mdm.review, {
    isHeld: () => headEnd.views.backfill().fraction < BACKFILL_ENOUGH && world.timers.elapsedMs() - startedMs < BACKFILL_WAIT_MS,
    onReviewed: (summary) => world.log.debug("reviewed", { ...summary }),
    onFailed: (error) => world.log.error("review-failed", { message: error instanceof Error ? error.message : String(error) }),
  });
}
