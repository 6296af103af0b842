import { UsageError } from "@amity/bytes";
import { createFleet, MeterFleet, type FleetPlan } from "@amity/meter";
import type { ReadingSink } from "@amity/model";
import { MEDIA } from "@amity/network";
import { Simulation, type World } from "@amity/runtime";
import type { Store } from "@amity/store";
import { openStreet, startStreetConcentrator, type FieldOptions } from "../field/field.ts";
import { openRadioStreet, startRadioConcentrator } from "../field/radio-street.ts";
import { AcknowledgedReadings } from "./acknowledged.ts";
import { checkInvariants } from "./checks.ts";
import { ConcentratorSite, type Surroundings } from "./concentrator-site.ts";
import { CALM_NETWORK, playFaults } from "./fault-script.ts";
import { drawFaults, type Fault, type FaultTargets } from "./faults.ts";
import { HeadEndSite } from "./head-end-site.ts";
import { Check, type CheckReport, type RunReport } from "./report.ts";
import { checkSubMeters } from "./sub-meter-checks.ts";
import { drawSubMeterScript, playSubMeterScript, type ValveCommand } from "./sub-meter-script.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A Saturday on which Sydney's clocks go back: the first virtual night has the hour that comes twice. */
const START_MS = Date.UTC(2026, 3, 4);
/** History that is wanted beyond the days of the run. */
const HISTORY_DAYS = 2;
const COLLECT_EVERY_MS = HOUR_MS;
/** The last stretch of a run is without faults: what they kept back must arrive in it. */
const CALM_MS = 8 * HOUR_MS;
/** Readings this young may still be on their way at the end: an interval, its late rows, the next visit and one that failed. */
const LAG_MS = 3 * HOUR_MS;
const FIRST_FAULT_MS = 10 * MINUTE_MS;
const FIELD = "field";
const FIRST_METER_PORT = 5_001;
const METERS_PER_CONCENTRATOR = 40;
const STREETS_MIN = 2;

export interface SimulateRunOptions {
  readonly seed: number;
  readonly days: number;
  readonly meters: number;
  /** Puts something between head-end and ledger: for tests of the checks. */
  readonly sinkThrough?: (sink: ReadingSink, database: Store) => ReadingSink;
  /** Told of every virtual hour that has passed. */
  readonly onHour?: (hour: number, hours: number) => void;
}

/**
 * Runs a whole utility in virtual time from one seed on an empty, migrated database, lets it fail as the seed says, waits until it
 * has settled, and checks the invariants.
 * @throws UsageError for a size that cannot be simulated.
 */
export async function simulateRun(database: Store, options: SimulateRunOptions): Promise<RunReport> {
  const { days, meters } = options;
  if (!(days >= 1) || days > 400) throw new UsageError(`a run has 1 to 400 days, not ${days}`, { code: "days" });
  if (meters < 1 || meters > 10_000) throw new UsageError(`a run has 1 to 10000 meters, not ${meters}`, { code: "meters" });
  const unseen = new UnseenFailures();
  try {
    const run = await SimulatedUtility.open(database, options);
    await run.play();
    return await run.report(unseen);
  } finally {
    unseen.close();
  }
}

class SimulatedUtility {
  readonly #options: SimulateRunOptions;
  readonly #database: Store;
  readonly #simulation: Simulation;
  readonly #fleet: MeterFleet;
  readonly #headEnd: HeadEndSite;
  readonly #sites: readonly ConcentratorSite[];
  readonly #acknowledged: AcknowledgedReadings;
  readonly #counts: Map<string, number>;
  readonly #faults: readonly Fault[];
  readonly #commands: readonly ValveCommand[];

  private constructor(parts: {
    options: SimulateRunOptions;
    database: Store;
    simulation: Simulation;
    fleet: MeterFleet;
    headEnd: HeadEndSite;
    sites: readonly ConcentratorSite[];
    acknowledged: AcknowledgedReadings;
    counts: Map<string, number>;
    faults: readonly Fault[];
    commands: readonly ValveCommand[];
  }) {
    this.#options = parts.options;
    this.#database = parts.database;
    this.#simulation = parts.simulation;
    this.#fleet = parts.fleet;
    this.#headEnd = parts.headEnd;
    this.#sites = parts.sites;
    this.#acknowledged = parts.acknowledged;
    this.#counts = parts.counts;
    this.#faults = parts.faults;
    this.#commands = parts.commands;
  }

  /** Builds everything and registers the fleet; virtual time has begun, nothing is collected yet. */
  static async open(database: Store, options: SimulateRunOptions): Promise<SimulatedUtility> {
    const { seed, days } = options;
    const simulation = new Simulation({ seed, startMs: START_MS, conditions: CALM_NETWORK });
    const counts = new Map<string, number>();
    const note = (happening: string, detail: string): void => {
      counts.set(happening, (counts.get(happening) ?? 0) + 1);
      simulation.record(`${happening} ${detail}`);
    };
    const secrets = simulation.random.fork("secrets");
    const masterSecret = secrets.bytes(32);
    const plan = planOf(options);
    const field = simulation.node(FIELD).world;
    const fleet = await MeterFleet.open({ plan, masterSecret, clock: field.clock });
    const served = await fleet.serve(field, { host: FIELD });
    const meterPorts = Object.fromEntries([...served.addresses].map(([meterId, { port }]) => [meterId, port]));
    const acknowledged = new AcknowledgedReadings();
    const historyMs = (days + HISTORY_DAYS) * DAY_MS;
    const fieldOptions: FieldOptions = { masterSecret, medium: MEDIA.plc, historyMs, collectEveryMs: COLLECT_EVERY_MS };
    const sites = surroundingsOf(field, fleet, fieldOptions).map(
      (surroundings) => new ConcentratorSite({ simulation, surroundings, acknowledged, note }),
    );
    const headEnd = new HeadEndSite({
      simulation,
      database,
      options: { historyMs, collectEveryMs: COLLECT_EVERY_MS, directSessionsMax: 8 },
      zone: plan.zone,
      masterKey: secrets.bytes(32),
      acknowledged,
      sinkThrough: options.sinkThrough ?? ((sink) => sink),
      note,
    });
    const span = { fromMs: START_MS + FIRST_FAULT_MS, toMs: START_MS + days * DAY_MS - CALM_MS };
    const faults = drawFaults(simulation.random.fork("faults"), targetsOf(plan), span);
    const subMeters = drawSubMeterScript(simulation.random.fork("sub-meters"), plan.subMeters, span);
    await simulation.runFor(headEnd.provision(plan, { masterSecret, field: FIELD, meterPorts }));
    playFaults({ simulation, fleet, headEnd, sites, note }, faults);
    const commands = playSubMeterScript({ simulation, fleet, headEnd, note }, subMeters);
    return new SimulatedUtility({ options, database, simulation, fleet, headEnd, sites, acknowledged, counts, faults, commands });
  }

  /** Starts all nodes and lets the days pass. */
  async play(): Promise<void> {
    const { days, onHour } = this.#options;
    for (const site of this.#sites) void site.boot();
    void this.#headEnd.boot();
    const hours = Math.round(days * 24);
    for (let hour = 1; hour <= hours; hour++) {
      await this.#simulation.runUntil(START_MS + hour * HOUR_MS);
      onHour?.(hour, hours);
    }
  }

  async report(unseen: UnseenFailures): Promise<RunReport> {
    const { seed, days, meters } = this.#options;
    const nowMs = this.#simulation.nowMs;
    const wantedFromMs = Math.ceil((nowMs - (days + HISTORY_DAYS) * DAY_MS) / DAY_MS) * DAY_MS;
    const parts = { database: this.#database, fleet: this.#fleet, acknowledged: this.#acknowledged };
    const settledMs = nowMs - LAG_MS;
    const checks = [
      ...(await checkInvariants({ ...parts, nowMs, wantedFromMs, settledMs })),
      ...(await checkSubMeters({ ...parts, commands: this.#commands, startMs: START_MS, settledMs })),
    ];
    this.#simulation.record(`end ${this.#simulation.executed}`);
    return {
      seed,
      eventHash: this.#simulation.eventHash,
      events: this.#simulation.executed,
      virtualDays: days,
      meters,
      faults: this.#faults.map(({ kind, target, atMs, untilMs }) => ({ kind, target, atMs, untilMs })),
      happenings: Object.fromEntries([...this.#counts].toSorted(([left], [right]) => (left < right ? -1 : 1))),
      checks: [...checks, unseen.check()],
    };
  }
}

function planOf({ seed, meters }: SimulateRunOptions): FleetPlan {
  const concentrators = Math.max(STREETS_MIN, Math.ceil(meters / METERS_PER_CONCENTRATOR));
  return createFleet({
    seed,
    meters,
    feeders: Math.min(concentrators, 6),
    concentrators,
    directShare: 0.25,
    firstPort: FIRST_METER_PORT,
    startMs: START_MS,
    installedDays: [5, 30],
    zone: "Australia/Sydney",
    climate: "newSouthWales",
    subMeters: { gas: 0.4, water: 0.8, heat: 0.2, wireless: 0.5, valve: 0.7 },
  });
}

/** The streets of the electricity meters, and the air in which the other half of the gas, water and heat meters speak. */
function surroundingsOf(field: World, fleet: MeterFleet, options: FieldOptions): Surroundings[] {
  const { plan } = fleet;
  const streets = plan.concentrators.map((concentrator): Surroundings => {
    const street = openStreet(field, fleet, concentrator, MEDIA.plc);
    const { concentratorId, feederId } = concentrator;
    return {
      concentratorId,
      feederId,
      medium: street.medium,
      calmLoss: MEDIA.plc.loss,
      start: (world, medium, listen) => startStreetConcentrator(world, { ...street, medium }, fleet, listen, options),
    };
  });
  const airs = plan.wirelessConcentrators.map((concentrator): Surroundings => {
    const street = openRadioStreet(field, fleet, concentrator);
    return {
      concentratorId: concentrator.concentratorId,
      feederId: undefined,
      medium: street.medium,
      calmLoss: MEDIA.wirelessMbus.loss,
      start: (world, medium, listen) => startRadioConcentrator(world, { ...street, medium }, listen, options),
    };
  });
  return [...streets, ...airs];
}

function targetsOf({ concentrators, wirelessConcentrators, feeders, meters, subMeters }: FleetPlan): FaultTargets {
  const wired = meters.filter(({ address }) => address.kind === "medium");
  const wireless = subMeters.filter(({ reach }) => reach.kind === "wireless");
  return {
    concentrators: [...concentrators, ...wirelessConcentrators].map(({ concentratorId }) => concentratorId),
    feeders: feeders.map(({ feederId }) => feederId),
    stations: [...wired, ...wireless].map(({ meterId }) => meterId),
    field: FIELD,
  };
}

/** Promises that failed while nobody listened: in the field they would end the program. */
class UnseenFailures {
  readonly #check = new Check("no failure goes unseen");
  readonly #hear = (reason: unknown): void => {
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    this.#check.expect(false, () => text.split("\n").slice(0, 4).join(" | "));
  };

  constructor() {
    process.on("unhandledRejection", this.#hear);
  }

  check(): CheckReport {
    return this.#check.finish();
  }

  close(): void {
    process.off("unhandledRejection", this.#hear);
  }
}
