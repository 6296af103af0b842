import { silentLog } from "../log.ts";
import type { Random } from "../random.ts";
import { sleepOver } from "../real/real-timers.ts";
import { seededRandom } from "../seeded-random.ts";
import type { Timer } from "../timers.ts";
import type { World } from "../world.ts";
import { EventHash } from "./event-hash.ts";
import { Scheduler } from "./scheduler.ts";
import { SimDisk } from "./sim-files.ts";
import { SimNetwork, type NetworkConditions } from "./sim-network.ts";

/** Virtual time that a store operation takes before it is executed (ms). */
const STORE_LATENCY_MS = 3;

/**
 * A whole utility in virtual time from one seed: named nodes with their own clocks, disks and network, which can crash
 * and come back. Everything that happens is drawn from the seed, so a failing seed replays exactly.
 */
export class Simulation {
  readonly random: Random;
  readonly network: SimNetwork;
  readonly #scheduler: Scheduler;
  readonly #hash = new EventHash();
  readonly #nodes = new Map<string, SimNode>();

  constructor(options: { seed: number; startMs: number; conditions?: Partial<NetworkConditions> }) {
    this.random = seededRandom(options.seed);
    this.#scheduler = new Scheduler(options.startMs);
    this.network = new SimNetwork(this.#scheduler, this.random.fork("network"));
    Object.assign(this.network.conditions, options.conditions);
  }

  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  /** Events executed so far. */
  get executed(): number {
    return this.#scheduler.executed;
  }

  /** Hash over everything `record`ed, with its virtual time. */
  get eventHash(): string {
    return this.#hash.toString();
  }

  /** Adds a happening to the event hash. */
  record(event: string): void {
    this.#hash.add(`${this.#scheduler.nowMs}|${event}`);
  }

  /** The node of that name, made on first use. */
  node(name: string): SimNode {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const node = new SimNode(name, this, this.#scheduler);
    this.#nodes.set(name, node);
    return node;
  }

  /** Calls back at a virtual instant, outside any node: for the faults' script. */
  at(instantMs: number, call: () => void): Timer {
    return this.#scheduler.at(instantMs, call);
  }

  /** Runs until virtual time reaches `untilMs`. */
  runUntil(untilMs: number): Promise<void> {
    return this.#scheduler.run(untilMs);
  }

  /** Runs until the promise settles, at most `limitMs` of virtual time. @throws what the promise rejects with, or Error on the limit. */
  async runFor<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let settled = false;
    const mark = (): void => void (settled = true);
    promise.then(mark, mark);
    await this.#scheduler.run(this.nowMs + limitMs, () => settled);
    if (!settled) throw new Error(`nothing settled within ${limitMs} ms of virtual time`);
    return promise;
  }
}

/** A machine in a simulation. Its disk outlives a crash, nothing else does. */
export class SimNode {
  readonly name: string;
  readonly disk: SimDisk;
  readonly #simulation: Simulation;
  readonly #scheduler: Scheduler;
  #life = 0;
  #world: World;
  #identity: { name: string; isAlive: () => boolean };

  constructor(name: string, simulation: Simulation, scheduler: Scheduler) {
    this.name = name;
    this.#simulation = simulation;
    this.#scheduler = scheduler;
    this.disk = new SimDisk(scheduler, simulation.random.fork(`disk ${name}`));
    [this.#world, this.#identity] = this.#begin();
  }

  /** The world of the node's present life. */
  get world(): World {
    return this.#world;
  }

  /**
   * Ends the present life at once: timers never ring, promises never settle, peers see resets, unsynced writes are lost
   * or torn. Returns the world of the next life, in which nothing runs until the caller starts it.
   */
  crash(): World {
    this.#simulation.record(`crash ${this.name}`);
    this.#life++;
    this.disk.crash();
    this.#simulation.network.dropNode(this.#identity);
    [this.#world, this.#identity] = this.#begin();
    return this.#world;
  }

  /**
   * Runs an operation of the real world (a database statement) in the one serial order of the simulation: virtual time
   * stands still while it runs. If the node crashes first, it is not begun; if after, its result is never delivered.
   */
  external<T>(operation: () => Promise<T>): Promise<T> {
    const life = this.#life;
    return new Promise((resolve, reject) => {
      this.#scheduler.after(STORE_LATENCY_MS, async () => {
        if (life !== this.#life) return;
        try {
          const value = await operation();
          if (life === this.#life) resolve(value);
        } catch (error) {
          if (life === this.#life) reject(error as Error);
        }
      });
    });
  }

  #begin(): [World, { name: string; isAlive: () => boolean }] {
    const life = this.#life;
    const isAlive = (): boolean => life === this.#life;
    const scheduler = this.#scheduler;
    const after = (delayMs: number, callback: () => void): Timer =>
      scheduler.after(delayMs, () => {
        if (isAlive()) callback();
      });
    const identity = { name: this.name, isAlive };
    const world: World = {
      clock: {
        speed: 1,
        nowMs: () => Math.floor(scheduler.nowMs),
        at: (instantMs, alarm) => after(instantMs - scheduler.nowMs, alarm),
      },
      timers: {
        elapsedMs: () => scheduler.nowMs,
        after,
        sleep: (delayMs, signal) => sleepOver({ after }, delayMs, signal),
      },
      random: this.#simulation.random.fork(`${this.name} life ${life}`),
      network: this.#simulation.network.networkFor(identity),
      files: this.disk.filesFor(isAlive),
      log: silentLog,
    };
    return [world, identity];
  }
}
