import {
  decodeOrderReport,
  decodeTelegrams,
  ORDER_OBJECT,
  WIRELESS_OBJECT,
  WIRELESS_STATUS_OBJECT,
  type Concentrator,
  type Delivery,
} from "@amity/concentrator";
import type { Medium, Station } from "@amity/network";
import type { Address, Simulation, SimNode, World } from "@amity/runtime";
import type { AcknowledgedReadings } from "./acknowledged.ts";
import { watchedFiles } from "./watched-disk.ts";

export const CONCENTRATOR_PORT = 4059;
/** A concentrator that could not start (its disk was full) is tried again by its watchdog. */
const WATCHDOG_MS = 60_000;
/** A crash at a write falls into the few milliseconds that its sync takes. */
const CRASH_AT_WRITE_MS = 2;

/** A street of electricity meters or the air around a radio concentrator. */
export interface Surroundings {
  readonly concentratorId: string;
  /** The feeder that carries it; what is said by radio needs none. */
  readonly feederId: string | undefined;
  readonly medium: Medium;
  /** Loss of the medium when nothing disturbs it. */
  readonly calmLoss: number;
  /** Starts the concentrator on what its disk holds; `medium` is the one above, as this life of it reaches it. */
  start(world: World, medium: Medium, listen: Address): Promise<Concentrator>;
}

export interface ConcentratorSiteParts {
  readonly simulation: Simulation;
  readonly surroundings: Surroundings;
  readonly acknowledged: AcknowledgedReadings;
  readonly note: (happening: string, detail: string) => void;
}

/** A concentrator's place in the field: the box may crash and come back, its disk and its street stay. */
export class ConcentratorSite {
  readonly concentratorId: string;
  readonly surroundings: Surroundings;
  readonly node: SimNode;
  readonly #parts: ConcentratorSiteParts;
  #stations: Station[] = [];
  #running: Concentrator | undefined;
  #life = 0;
  #noted = 0;
  #downMs: number | undefined;

  constructor(parts: ConcentratorSiteParts) {
    this.#parts = parts;
    this.surroundings = parts.surroundings;
    this.concentratorId = parts.surroundings.concentratorId;
    this.node = parts.simulation.node(this.concentratorId);
  }

  /** The running concentrator, if it is up. */
  get running(): Concentrator | undefined {
    return this.#running;
  }

  /** Starts on what the disk holds. Never rejects: what cannot start now is tried again. */
  async boot(): Promise<void> {
    const { note, simulation } = this.#parts;
    const life = ++this.#life;
    const { world } = this.node;
    const files = watchedFiles(world.files, {
      onWrite: () => this.#beforeWrite(),
      onAcknowledged: (sequence, held) => this.#noteAcknowledged(sequence, held),
    });
    const medium = this.#ownAccess(this.surroundings.medium);
    try {
      const address = { host: this.concentratorId, port: CONCENTRATOR_PORT };
      const concentrator = await this.surroundings.start({ ...world, files }, medium, address);
      if (life !== this.#life) return;
      this.#running = concentrator;
      note("concentrator-up", `${this.concentratorId} ${concentrator.deliveries.acknowledged} ${concentrator.deliveries.newest}`);
    } catch (error) {
      if (life !== this.#life) return;
      note("concentrator-start-failed", `${this.concentratorId} ${error instanceof Error ? error.message : String(error)}`);
      this.#leaveMedium();
      simulation.at(simulation.nowMs + WATCHDOG_MS, () => {
        if (life === this.#life) void this.boot();
      });
    }
  }

  /** Power fails at the box; it boots again after `downMs`. While it is down already nothing happens. */
  crash(downMs: number): void {
    const { simulation } = this.#parts;
    const life = ++this.#life;
    this.#running = undefined;
    this.#downMs = undefined;
    this.#leaveMedium();
    this.node.crash();
    simulation.at(simulation.nowMs + downMs, () => {
      if (life === this.#life) void this.boot();
    });
  }

  /** Lets the power fail in the middle of the next write; `undefined` takes it back. */
  crashAtNextWrite(downMs: number | undefined): void {
    this.#downMs = downMs;
  }

  #beforeWrite(): void {
    const downMs = this.#downMs;
    if (downMs === undefined) return;
    this.#downMs = undefined;
    const { simulation } = this.#parts;
    simulation.at(simulation.nowMs + CRASH_AT_WRITE_MS, () => this.crash(downMs));
  }

  #noteAcknowledged(sequence: number, held: Parameters<Parameters<typeof watchedFiles>[1]["onAcknowledged"]>[1]): void {
    const { acknowledged, note } = this.#parts;
    const { concentratorId } = this;
    for (const { sequence: number, delivery } of held) {
      if (number <= this.#noted || number > sequence) continue;
      const { meterId, object, span } = delivery;
      acknowledged.deliveries.push({ concentratorId, sequence: number, meterId, object, span, heardMs: heardMsOf(delivery) });
    }
    this.#noted = Math.max(this.#noted, sequence);
    note("acknowledged", `${concentratorId} ${sequence}`);
  }

  /** The medium as this life reaches it: when the box dies, its station falls silent. */
  #ownAccess(medium: Medium): Medium {
    const stations: Station[] = [];
    this.#stations = stations;
    return {
      attach(address, receive) {
        const station = medium.attach(address, receive);
        stations.push(station);
        return station;
      },
      setDown: (isDown) => medium.setDown(isDown),
      setLoss: (loss) => medium.setLoss(loss),
      setIsolated: (address, isIsolated) => medium.setIsolated(address, isIsolated),
      get isDown() {
        return medium.isDown;
      },
      get statistics() {
        return medium.statistics;
      },
      frameOctetsMax: medium.frameOctetsMax,
      frameTimeMs: medium.frameTimeMs,
    };
  }

  #leaveMedium(): void {
    for (const station of this.#stations.splice(0)) station.detach();
  }
}

/** When the telegrams of a delivery were heard whose word is the meter's own; of an order the last answer counts. */
function heardMsOf({ object, payload }: Delivery): number[] {
  if (object === WIRELESS_OBJECT || object === WIRELESS_STATUS_OBJECT) return decodeTelegrams(payload).map(({ atMs }) => atMs);
  if (object !== ORDER_OBJECT) return [];
  const { state, answers } = decodeOrderReport(payload);
  return state === "answered" ? answers.slice(-1).map(({ atMs }) => atMs) : [];
}
