import { createHash } from "node:crypto";
import type { DeviceRecord, HeadEnd, Registry } from "@amity/headend";
import type { Commodity, MeterId } from "@amity/model";
import type { FleetWatch } from "./api/fleet-watch.ts";

export interface FleetRefreshParts {
  readonly registry: Registry;
  readonly headEnd: Pick<HeadEnd, "refresh">;
  readonly watch: FleetWatch;
  readonly commodities: () => Promise<ReadonlyMap<MeterId, Commodity>>;
}

/** Keeps head-end and watch at the registry: devices may be registered from the command line while the utility runs. */
export class FleetRefresh {
  readonly #parts: FleetRefreshParts;
  #known = "";

  constructor(parts: FleetRefreshParts) {
    this.#parts = parts;
  }

  /** Takes the whole fleet into the watch, before the head-end starts. */
  async load(): Promise<void> {
    const { registry, watch, commodities } = this.#parts;
    const records = await registry.activeDevices();
    this.#known = await this.#digest(records);
    watch.load(records, await commodities());
  }

  /** Takes up what was registered since; nothing happens where nothing was. */
  async refresh(): Promise<void> {
    const { registry, headEnd, watch, commodities } = this.#parts;
    const records = await registry.activeDevices();
    const digest = await this.#digest(records);
    if (digest === this.#known) return;
    this.#known = digest;
    const fresh = records.filter(({ device }) => watch.meter(device.meterId) === undefined);
    watch.load(fresh, await commodities());
    await headEnd.refresh();
  }

  async #digest(records: readonly DeviceRecord[]): Promise<string> {
    const hash = createHash("sha256");
    for (const { device } of records) hash.update(JSON.stringify(device));
    for (const { entry } of await this.#parts.registry.concentrators()) hash.update(JSON.stringify(entry));
    return hash.digest("hex");
  }
}
