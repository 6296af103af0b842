import type { ExceptionState } from "@amity/api";
import { clustersOf, type ClusterOfExceptions } from "@amity/mdm";
import type { Clock, Timers } from "@amity/runtime";
import type { PlaceBook } from "../api/place-book.ts";
import type { Mdm } from "../mdm.ts";

/** Machine time for which what was put together is shown again. */
const FRESH_MS = 3_000;
/** Decisions that wait for a second person and are looked through. */
const WAITING_MAX = 500;

type State = ExceptionState | "all";

interface Kept<Value> {
  readonly atMs: number;
  readonly value: Promise<Value>;
}

/** Exceptions put together by cause, and the decisions that wait over them: made when asked for, kept a moment. */
export class ClusterBook {
  readonly #parts: { mdm: Mdm; places: PlaceBook; clock: Pick<Clock, "nowMs">; timers: Pick<Timers, "elapsedMs"> };
  readonly #clusters = new Map<State, Kept<ClusterOfExceptions[]>>();
  #waiting: Kept<ReadonlyMap<string, string>> | undefined;

  constructor(parts: { mdm: Mdm; places: PlaceBook; clock: Pick<Clock, "nowMs">; timers: Pick<Timers, "elapsedMs"> }) {
    this.#parts = parts;
  }

  /** The clusters of a state, highest rank first. */
  all(state: State): Promise<readonly ClusterOfExceptions[]> {
    const { mdm, places, clock } = this.#parts;
    const make = (): Promise<ClusterOfExceptions[]> =>
      clustersOf(
        { store: mdm.store, exceptions: mdm.exceptions, clock, policy: mdm.policy, placesOfMeter: (meterId) => places.namesOf(meterId) },
        state === "all" ? undefined : state,
      );
    const kept = this.#fresh(this.#clusters.get(state), make);
    this.#clusters.set(state, kept);
    return kept.value;
  }

  async find(clusterId: string, state: State = "open"): Promise<ClusterOfExceptions | undefined> {
    return (await this.all(state)).find((cluster) => cluster.clusterId === clusterId);
  }

  /** The waiting decision over each exception that one is over. */
  waiting(): Promise<ReadonlyMap<string, string>> {
    this.#waiting = this.#fresh(this.#waiting, () => waitingOver(this.#parts.mdm));
    return this.#waiting.value;
  }

  /** Forgets what is kept: something was decided, assigned or found. */
  changed(): void {
    this.#clusters.clear();
    this.#waiting = undefined;
  }

  #fresh<Value>(kept: Kept<Value> | undefined, make: () => Promise<Value>): Kept<Value> {
    const nowMs = this.#parts.timers.elapsedMs();
    if (kept !== undefined && nowMs - kept.atMs < FRESH_MS) return kept;
    const value = make();
    // What failed is not kept: the next one who asks tries again.
    value.catch(() => this.changed());
    return { atMs: nowMs, value };
  }
}

async function waitingOver(mdm: Mdm): Promise<ReadonlyMap<string, string>> {
  const over = new Map<string, string>();
  for (const { decisionId, ask } of await mdm.decisions.list({ state: "waiting", limit: WAITING_MAX })) {
    if (ask.kind === "exceptions") for (const exceptionId of ask.exceptionIds) over.set(exceptionId, decisionId);
  }
  return over;
}
