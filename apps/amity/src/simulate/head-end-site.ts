import { LinkError } from "@amity/bytes";
import type { HeadEnd, HeadEndOptions } from "@amity/headend";
import { createGasParameters } from "@amity/mdm";
import type { FleetPlan } from "@amity/meter";
import type { ReadingSink } from "@amity/model";
import type { Random, Simulation, SimNode } from "@amity/runtime";
import type { Store } from "@amity/store";
import { composeHeadEnd } from "../compose/head-end.ts";
import { composeMdm } from "../compose/mdm.ts";
import { provisionHeadEnd, provisionMdm } from "../demo/provision.ts";
import { provisionSubMeters } from "../demo/sub-meter-provision.ts";
import type { AcknowledgedReadings } from "./acknowledged.ts";
import { CONCENTRATOR_PORT } from "./concentrator-site.ts";

/** A program that could not start is started again by whoever watches it. */
const SUPERVISOR_MS = 15_000;

export interface HeadEndSiteParts {
  readonly simulation: Simulation;
  readonly database: Store;
  readonly options: HeadEndOptions;
  readonly zone: string;
  readonly masterKey: Uint8Array;
  readonly acknowledged: AcknowledgedReadings;
  /** Puts something between head-end and ledger: for tests of the checks. */
  readonly sinkThrough: (sink: ReadingSink, database: Store) => ReadingSink;
  readonly note: (happening: string, detail: string) => void;
}

/** The machine that head-end and MDM run on: it may crash and come back; the database is elsewhere and stays. */
export class HeadEndSite {
  readonly node: SimNode;
  readonly #parts: HeadEndSiteParts;
  readonly #random: Random;
  #life = 0;
  #headEnd: HeadEnd | undefined;
  #downMs: number | undefined;
  /** Chance that a store operation fails, while the database is in trouble. */
  #trouble = 0;

  constructor(parts: HeadEndSiteParts) {
    this.#parts = parts;
    this.node = parts.simulation.node("head-end");
    this.#random = parts.simulation.random.fork("database trouble");
  }

  /** The running head-end, if it is up. */
  get running(): HeadEnd | undefined {
    return this.#headEnd;
  }

  /** Registers the fleet, as before a utility's first day. */
  async provision(plan: FleetPlan, parts: { masterSecret: Uint8Array; field: string; meterPorts: Record<string, number> }): Promise<void> {
    const { masterSecret, field, meterPorts } = parts;
    const { registry, keys, mdm } = this.#compose();
    const { world } = this.node;
    const concentratorPorts = Object.fromEntries(
      [...plan.concentrators, ...plan.wirelessConcentrators].map(({ concentratorId }) => [concentratorId, CONCENTRATOR_PORT]),
    );
    await provisionHeadEnd({ registry, keys, plan, masterSecret }, { meterPorts, concentratorPorts });
    // There everything listens on one machine; here every concentrator is a node of its own.
    const concentrators = await registry.concentrators();
    await registry.registerConcentrators(
      concentrators.map(({ entry }) => ({ ...entry, address: { ...entry.address, host: entry.concentratorId } })),
    );
    const devices = await registry.activeDevices();
    await registry.registerDevices(
      devices.map(({ device }) =>
        device.route.kind === "direct"
          ? { ...device, route: { kind: "direct", address: { ...device.route.address, host: field } } }
          : device,
      ),
    );
    await provisionMdm(mdm.registry, plan);
    await provisionSubMeters(mdm.registry, createGasParameters(mdm.store, world.clock), plan);
  }

  /** Starts head-end and MDM on what the database holds. Never rejects: what cannot start now is started again. */
  async boot(): Promise<void> {
    const { note } = this.#parts;
    const { headEnd } = this.#compose();
    const life = this.#life;
    headEnd.subscribe((notice) => {
      if (notice.kind === "session" || notice.kind === "concentrator") {
        const isGood = notice.kind === "session" ? notice.ok : notice.online;
        const id = notice.kind === "session" ? notice.meterId : notice.concentratorId;
        note(`${notice.kind === "session" ? "session" : "link"}-${isGood ? "up" : "failed"}`, `${id} ${notice.error ?? ""}`);
      } else if (notice.kind === "command") note(`command-${notice.command.state}`, notice.command.request.commandId);
      else if (notice.kind === "event") note("event", `${notice.event.event.meterId} ${notice.event.event.log} ${notice.event.event.code}`);
    });
    try {
      await headEnd.start();
      this.#headEnd = headEnd;
      note("head-end-up", "");
    } catch (error) {
      note("head-end-start-failed", error instanceof Error ? error.message : String(error));
      if (life === this.#life) this.crash(SUPERVISOR_MS);
    }
  }

  /** The process dies; it is started again after `downMs`. */
  crash(downMs: number): void {
    const { simulation } = this.#parts;
    const life = ++this.#life;
    this.#headEnd = undefined;
    this.#downMs = undefined;
    this.node.crash();
    simulation.at(simulation.nowMs + downMs, () => {
      if (life === this.#life) void this.boot();
    });
  }

  /** Lets the process die when its next store operation is committed, before it learns of it; `undefined` takes it back. */
  crashAtNextCommit(downMs: number | undefined): void {
    this.#downMs = downMs;
  }

  /** Store operations fail with this chance: half of them before they are done, half after. */
  setDatabaseTrouble(chance: number): void {
    this.#trouble = chance;
  }

  #compose(): ReturnType<typeof composeHeadEnd> & { mdm: ReturnType<typeof composeMdm> } {
    const { database, options, zone, masterKey, sinkThrough } = this.#parts;
    const life = ++this.#life;
    const { world } = this.node;
    const store = database.scheduledBy((operation) => this.#inOrder(life, operation));
    const mdm = composeMdm(store, world.clock, { zone, author: "headend" });
    const sink = this.#noted(sinkThrough(mdm.sink, database));
    return { ...composeHeadEnd({ world, store, sink, masterKey }, options), mdm };
  }

  /** One store operation, in the one serial order of the simulation. */
  #inOrder<T>(life: number, operation: () => Promise<T>): Promise<T> {
    if (life !== this.#life) return new Promise(() => {});
    return this.node.external(async () => {
      const isTroubled = this.#trouble > 0 && this.#random.float() < this.#trouble;
      if (isTroubled && this.#random.float() < 0.5) throw databaseLost("before it was done");
      const value = await operation();
      const downMs = this.#downMs;
      if (downMs !== undefined) this.crash(downMs);
      else if (isTroubled) throw databaseLost("after it was done");
      return value;
    });
  }

  /** The sink as the head-end knows it, with notes of what it said is safe. */
  #noted(sink: ReadingSink): ReadingSink {
    const { acknowledged, note } = this.#parts;
    return {
      async accept(batches) {
        try {
          await sink.accept(batches);
        } catch (error) {
          note("sink-refused", error instanceof Error ? error.message : String(error));
          throw error;
        }
        acknowledged.take(batches);
        let values = 0;
        let digest = 0;
        for (const batch of batches) {
          for (const series of batch.intervals) {
            for (const value of series.values) digest = (Math.imul(digest, 31) + value + 1) | 0;
            values += series.values.length;
          }
        }
        note("committed", `${batches.length} ${values} ${digest}`);
      },
    };
  }
}

function databaseLost(when: string): LinkError {
  return new LinkError(`the database was lost ${when}`, { code: "database-lost" });
}
