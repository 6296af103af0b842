import { join } from "node:path";
import { fromHex, toHex } from "@amity/bytes";
import { digest } from "@amity/crypto";
import { counterStoreOn, InvocationCounters } from "@amity/headend";
import { zoneOf } from "@amity/intervals";
import { createGasParameters } from "@amity/mdm";
import { createFleet, type FleetOptions, type FleetPlan } from "@amity/meter";
import { realFiles, realNetwork, realRandom, realTimers, scaledClock, type Log, type ScaledClock, type World } from "@amity/runtime";
import type { Store } from "@amity/store";
import { composeUtility, type SecondPerson, type Utility } from "../compose/utility.ts";
import { HEAD_END_SYSTEM_TITLE } from "../compose/head-end.ts";
import { listenForPushes, type ListeningForPushes } from "../compose/push-receiver.ts";
import { PushSenders } from "../compose/push-senders.ts";
import { usagePointOf } from "../compose/api/place-book.ts";
import { startField, type FieldLink } from "../field/field-link.ts";
import type { ClockSetting } from "../field/field-messages.ts";
import { BillingRun, type BilledPoint } from "./billing-run.ts";
import { DemoNotes, loadDemoState } from "./demo-state.ts";
import { GasQualityFeed } from "./gas-quality.ts";
import { provisionHeadEnd, provisionMdm } from "./provision.ts";
import { provisionNetwork } from "./provision-network.ts";
import { provisionSubMeters, subUsagePointOf } from "./sub-meter-provision.ts";
import { weatherStation } from "./weather-station.ts";

export interface DemoOptions {
  readonly store: Store;
  readonly folder: string;
  readonly masterKey: Uint8Array;
  readonly meters: number;
  readonly seed: number;
  readonly speed: number;
  readonly historyDays: number;
  readonly version: string;
  readonly log: Log;
  readonly secondPerson?: SecondPerson;
}

/** A running demo. */
export interface DemoUtility {
  readonly utility: Utility;
  readonly plan: FleetPlan;
  readonly world: World;
  /** Settles with the reason if the simulated field ends by itself. */
  readonly fieldEnded: Promise<string>;
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
const COLLECT_EVERY_MS = 3_600_000;
/** What is wanted is counted from now, and days pass while it is read: without these the first billing cycle would slip out of it. */
const BACK_FILL_DAYS = 3;
const FEEDERS = 6;
const CONCENTRATORS = 12;
const ZONE = "Australia/Sydney";
/** Shares of the homes that have gas, district heat, and a water meter that can be heard; in some houses a concentrator in the stairwell hears them. */
const SUB_METERS = { gas: 0.4, water: 0.6, heat: 0.08, wireless: 0.12 };

/**
 * Starts the demo: the simulated field in a process of its own, its fleet registered as a utility would, head-end and MDM over
 * the same store. Everything between meter and ledger goes over TCP and UDP on loopback.
 */
export async function startDemo(options: DemoOptions): Promise<DemoUtility> {
  const { store, folder, seed, speed, log } = options;
  const state = await loadDemoState(folder, options, Date.now());
  const clock = scaledClock(realTimers, { speed, startMs: state.civilMs });
  const world = demoWorld(clock, folder, log);
  const historyMs = (options.historyDays + BACK_FILL_DAYS) * DAY_MS;
  const fleet: FleetOptions = {
    seed,
    meters: state.meters,
    feeders: FEEDERS,
    concentrators: CONCENTRATORS,
    directShare: 0.1,
    startMs: state.foundedMs,
    zone: ZONE,
    climate: "newSouthWales",
    subMeters: SUB_METERS,
  };
  const plan = createFleet(fleet);
  const masterSecret = toHex(digest("sha256", new TextEncoder().encode(`amity demo fleet ${seed}`)));
  const controls = new FeederSwitch();
  const utility = composeUtility({
    world,
    store,
    masterKey: options.masterKey,
    zone: ZONE,
    name: "Demo utility",
    version: options.version,
    plan,
    temperatureOf: weatherStation(plan),
    demo: controls,
    ...(options.secondPerson === undefined ? {} : { secondPerson: options.secondPerson }),
    headEnd: { historyMs, collectEveryMs: COLLECT_EVERY_MS, directSessionsMax: 8, concentratorPollMs: 500, requestTimeoutMs: 20_000 },
  });
  const push = await receivePushes(world, plan, { utility, counters: new InvocationCounters(counterStoreOn(store)) });
  const field = await startField({
    kind: "start",
    fleet,
    masterSecret,
    folder: join(folder, "field"),
    clock: settingOf(clock),
    historyMs,
    collectEveryMs: COLLECT_EVERY_MS,
    pushPort: push.address.port,
  });
  controls.connect(field, clock);
  await provisionMdm(utility.mdm.registry, plan);
  await provisionNetwork(utility.mdm.topology, plan);
  await provisionSubMeters(utility.mdm.registry, createGasParameters(store, clock), plan);
  await provisionHeadEnd({ registry: utility.registry, keys: utility.keys, plan, masterSecret: fromHex(masterSecret) }, field);
  const notes = new DemoNotes({ folder, state, clock, timers: realTimers });
  await notes.start();
  await utility.start();
  const billing = billingRunOf(utility, plan, { clock, foundedMs: state.foundedMs, historyDays: options.historyDays, log });
  await billing.start();
  return {
    utility,
    plan,
    world,
    fieldEnded: field.ended,
    async stop() {
      await push.close();
      await billing.stop();
      await utility.stop();
      await field.stop();
      await notes.stop();
    },
  };
}

/** Bills as a utility would, once the history is read and judged. */
function billingRunOf(
  utility: Utility,
  plan: FleetPlan,
  when: { clock: ScaledClock; foundedMs: number; historyDays: number; log: Log },
): BillingRun {
  const { clock, foundedMs } = when;
  const gas = createGasParameters(utility.mdm.store, clock);
  const quality = new GasQualityFeed({ gas, clock, zone: zoneOf(ZONE), foundedMs });
  return new BillingRun({
    ...when,
    billing: utility.mdm.billing,
    zone: zoneOf(ZONE),
    usagePoints: billedPointsOf(plan),
    prepare: () => quality.publish(),
    onFailed: (error) => when.log.warn("billing-failed", { message: error instanceof Error ? error.message : String(error) }),
    isReady: () => utility.headEnd.views.backfill().fraction >= 0.98 && utility.reviews.due === 0,
  });
}

const TARIFFS = { gas: "home-gas", water: "home-water", heat: "home-heat" } as const;

/** What is billed: each home's electricity, and whatever else it has. A meter that is only heard has no past. */
function billedPointsOf(plan: FleetPlan): BilledPoint[] {
  const homes = new Map(plan.meters.map((meter, group) => [meter.meterId, { meter, group }]));
  return [
    ...plan.meters.map((meter, group) => ({ usagePointId: usagePointOf(meter), tariffId: "home-tou", group, hasHistory: true })),
    ...plan.subMeters.flatMap((meter): BilledPoint[] => {
      const home = homes.get(meter.homeMeterId);
      if (home === undefined) return [];
      const usagePointId = subUsagePointOf(meter, home.meter);
      return [{ usagePointId, tariffId: TARIFFS[meter.medium], group: home.group, hasHistory: meter.reach.kind === "channel" }];
    }),
  ];
}

/** The demo's switches, connected once the field runs. */
class FeederSwitch {
  readonly #out = new Map<string, number>();
  #field: FieldLink | undefined;
  #clock: ScaledClock | undefined;

  connect(field: FieldLink, clock: ScaledClock): void {
    this.#field = field;
    this.#clock = clock;
  }

  async setFeeder(feederId: string, hasPower: boolean): Promise<number> {
    if (hasPower) this.#out.delete(feederId);
    else this.#out.set(feederId, this.#clock?.nowMs() ?? 0);
    return (await this.#field?.setFeeder(feederId, hasPower))?.meters ?? 0;
  }

  outSince(feederId: string): number | undefined {
    return this.#out.get(feederId);
  }

  setSpeed(speed: number): void {
    const clock = this.#clock;
    if (clock === undefined) return;
    clock.setSpeed(speed);
    this.#field?.setClock(settingOf(clock));
  }
}

function receivePushes(
  world: World,
  plan: FleetPlan,
  { utility, counters }: { readonly utility: Utility; readonly counters: InvocationCounters },
): Promise<ListeningForPushes> {
  const meters = new Map(plan.meters.map(({ meterId, serial }) => [String(serial).padStart(13, "0"), meterId]));
  const senders = new PushSenders(utility.keys, counters);
  return listenForPushes({
    network: world.network,
    timers: world.timers,
    host: "127.0.0.1",
    port: 0,
    // The logical device name: three letters of the manufacturer, then the serial number.
    meterOf: (logicalDeviceName) => meters.get(logicalDeviceName.slice(3)),
    senderOf: async (systemTitle) => {
      const serial = new DataView(systemTitle.buffer, systemTitle.byteOffset + 4, 4).getUint32(0);
      const meterId = meters.get(String(serial).padStart(13, "0"));
      return meterId === undefined ? undefined : senders.sender(meterId);
    },
    systemTitle: HEAD_END_SYSTEM_TITLE,
    onPush: (meterId, apdu) => utility.headEnd.takePush(meterId, apdu),
    onEvent: (event) => utility.events.take(event),
    onRefused: (reason) => world.log.warn("push-refused", { reason }),
  });
}

function demoWorld(clock: ScaledClock, folder: string, log: Log): World {
  return { clock, timers: realTimers, random: realRandom(), network: realNetwork, files: realFiles(join(folder, "head-end")), log };
}

function settingOf(clock: ScaledClock): ClockSetting {
  return { speed: clock.speed, civilMs: clock.nowMs(), wallMs: Date.now() };
}
