import type { Registry } from "@amity/headend";
import type { EndDeviceEvent, ReadingSink } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { FleetWatch } from "./api/fleet-watch.ts";
import type { LiveFeed } from "./api/live-feed.ts";

interface Parts {
  readonly registry: Registry;
  readonly sink: ReadingSink;
  readonly watch: FleetWatch;
  readonly live: LiveFeed;
  readonly clock: Pick<Clock, "nowMs">;
}

/** Pushes that may wait to be stored; beyond it the newest are dropped: they are hints, and a storm sends thousands. */
const WAITING_MAX = 20_000;

/** Takes events that meters send of themselves: shown at once, stored together. */
export class EndDeviceEventRecorder {
  readonly #parts: Parts;
  #waiting: EndDeviceEvent[] = [];
  #isWriting = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  take(event: EndDeviceEvent): void {
    this.#parts.watch.event(event);
    if (this.#waiting.length >= WAITING_MAX) return;
    this.#waiting.push(event);
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const events = this.#waiting.splice(0);
      const { registry, sink, clock } = this.#parts;
      try {
        await registry.recordCollection({ coverage: [], health: [], events }, clock.nowMs());
        await sink.accept([{ intervals: [], registers: [], events, source: "push" }]);
      } catch {
        // The event log of the meter holds the outage as well: it comes with the next reading.
      }
    }
    this.#isWriting = false;
  }
}
