import type { Decision, LiveEvent } from "@amity/api";
import type { HeadEndNotice } from "@amity/headend";
import type { Timer } from "@amity/runtime";
import { commandShape } from "./command-shape.ts";
import { instantText } from "./cursor.ts";
import { backfillOf, feedersOf, overviewOf } from "./overview-views.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** Machine time between two ticks. */
const TICK_MS = 1_000;
const METERS_MAX = 5_000;

const ALARM_TEXTS: Readonly<Record<string, string>> = {
  lastGasp: "lost its supply (last gasp)",
  coverOpened: "reports its cover opened",
  magneticField: "reports a magnetic field",
  replayDetected: "refused a replayed message",
};

/** Turns what happens into the live events of the console: a tick a second, and what changed between. Runs while somebody listens. */
export class LiveFeed {
  readonly #parts: UtilityParts;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #timer: Timer | undefined;
  #lastBackfill = "";

  constructor(parts: UtilityParts) {
    this.#parts = parts;
  }

  subscribe(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#timer === undefined) this.#arm();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  notice(notice: HeadEndNotice): void {
    if (notice.kind === "command") this.#tell({ type: "command", command: commandShape(this.#parts, notice.command) });
    else if (notice.kind === "concentrator") this.#tell({ type: "concentrator", id: notice.concentratorId, online: notice.online });
    else if (notice.kind === "event") {
      const { event } = notice.event;
      const text = ALARM_TEXTS[event.kind];
      if (text === undefined || event.kind === "lastGasp") return;
      this.say("warning", `${event.meterId} ${text}`, event.meterId);
    }
  }

  /** Says something to everybody who looks. */
  say(severity: "notice" | "warning" | "alarm", text: string, meterId?: string): void {
    const at = instantText(this.#parts.world.clock.nowMs());
    this.#tell({ type: "notice", at, severity, text, ...(meterId === undefined ? {} : { meterId }) });
  }

  /** Tells that a decision was made, waits, or ended otherwise. */
  decided(decision: Decision): void {
    this.#tell({ type: "decision", decision });
  }

  feederChanged(feederId: string): void {
    const feeder = feedersOf(this.#parts).find(({ id }) => id === feederId);
    if (feeder !== undefined) this.#tell({ type: "feeder", feeder });
  }

  #arm(): void {
    this.#timer = this.#parts.world.timers.after(TICK_MS, () => {
      void this.#tick()
        .catch(() => undefined)
        .finally(() => {
          if (this.#listeners.size > 0) this.#arm();
          else this.#timer = undefined;
        });
    });
  }

  async #tick(): Promise<void> {
    const { watch } = this.#parts;
    const overview = await overviewOf(this.#parts);
    const { expected, received } = overview.completeness;
    this.#tell({
      type: "tick",
      tick: {
        clock: overview.clock,
        ...overview.load,
        reporting: overview.meters.reporting,
        outage: overview.meters.outage,
        openExceptions: overview.exceptions.open,
        intervalsStored: overview.intervalsStored,
        completeness: expected === 0 ? null : Math.min(1, received / expected),
      },
    });
    const touched = watch.takeTouched().slice(0, METERS_MAX);
    if (touched.length > 0) {
      this.#tell({ type: "meters", ids: touched.map(({ meterId }) => meterId), state: touched.map((meter) => watch.stateIndexOf(meter)) });
    }
    const backfill = backfillOf(this.#parts);
    const told = `${backfill.state} ${backfill.done}/${backfill.total}`;
    if (told !== this.#lastBackfill) this.#tell({ type: "backfill", backfill });
    this.#lastBackfill = told;
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
