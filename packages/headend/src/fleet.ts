import { addSpan, coveredMs, dropBefore, type Coverage, type TimeSpan } from "@amity/concentrator";
import type { MeterId } from "@amity/model";
import type { BackfillProgress, Completeness } from "./read-models.ts";
import type { CoverageRecord, Device, DeviceHealth, DeviceRecord } from "./registry.ts";

interface FleetMeter {
  device: Device;
  health: DeviceHealth;
  readonly coverage: Map<string, Coverage>;
}

/** The devices that this head-end works for, in memory, with what is collected of each: the registry is the truth behind it. */
export class Fleet {
  readonly #meters = new Map<MeterId, FleetMeter>();
  readonly #behind = new Map<MeterId, readonly Device[]>();

  load(records: readonly DeviceRecord[], coverage: readonly CoverageRecord[]): void {
    const known = new Map(this.#meters);
    this.#meters.clear();
    for (const { device, health } of records) {
      this.#meters.set(device.meterId, { device, health, coverage: known.get(device.meterId)?.coverage ?? new Map<string, Coverage>() });
    }
    this.#behind.clear();
    for (const { device } of records) {
      if (device.route.kind !== "behind") continue;
      const { hostMeterId } = device.route;
      this.#behind.set(hostMeterId, [...this.behind(hostMeterId), device]);
    }
    for (const { meterId, profile, covered } of coverage) this.#meters.get(meterId)?.coverage.set(profile, covered);
  }

  get size(): number {
    return this.#meters.size;
  }

  meterIds(): IterableIterator<MeterId> {
    return this.#meters.keys();
  }

  device(meterId: MeterId): Device | undefined {
    return this.#meters.get(meterId)?.device;
  }

  /** The meters behind one. */
  behind(hostMeterId: MeterId): readonly Device[] {
    return this.#behind.get(hostMeterId) ?? [];
  }

  health(meterId: MeterId): DeviceHealth | undefined {
    return this.#meters.get(meterId)?.health;
  }

  coverage(meterId: MeterId, profile: string): Coverage {
    return this.#meters.get(meterId)?.coverage.get(profile) ?? [];
  }

  coverages(meterId: MeterId): CoverageRecord[] {
    return [...(this.#meters.get(meterId)?.coverage ?? [])].map(([profile, covered]) => ({ meterId, profile, covered }));
  }

  /** Adds a collected span; what is older than `keepFromMs` is forgotten. Returns the coverage as it is now. */
  cover(meterId: MeterId, profile: string, span: TimeSpan, keepFromMs: number): CoverageRecord {
    const covered = dropBefore(addSpan(this.coverage(meterId, profile), span), keepFromMs);
    this.#meters.get(meterId)?.coverage.set(profile, covered);
    return { meterId, profile, covered };
  }

  updateHealth(meterId: MeterId, change: Partial<DeviceHealth>): void {
    const meter = this.#meters.get(meterId);
    if (meter !== undefined) meter.health = { ...meter.health, ...change };
  }

  /** Meters seen at or after an instant. */
  seenSince(instantMs: number): number {
    let count = 0;
    for (const { health } of this.#meters.values()) if ((health.lastSeenMs ?? Number.NEGATIVE_INFINITY) >= instantMs) count++;
    return count;
  }

  progress(profile: string, within: TimeSpan): BackfillProgress {
    const each = Math.max(0, within.toMs - within.fromMs);
    let covered = 0;
    let complete = 0;
    for (const meter of this.#meters.values()) {
      const ms = coveredMs(meter.coverage.get(profile) ?? [], within);
      covered += ms;
      if (ms >= each) complete++;
    }
    const wantedMs = each * this.#meters.size;
    return {
      wantedMs,
      coveredMs: covered,
      fraction: wantedMs === 0 ? 1 : covered / wantedMs,
      metersComplete: complete,
      meters: this.#meters.size,
    };
  }

  completeness(profile: string, within: TimeSpan): Completeness[] {
    const each = Math.max(0, within.toMs - within.fromMs);
    const groups = new Map<string | undefined, { meters: number; metersComplete: number; coveredMs: number }>();
    for (const meter of this.#meters.values()) {
      const { route } = meter.device;
      const key = route.kind === "concentrator" || route.kind === "wireless" ? route.concentratorId : undefined;
      const group = groups.get(key) ?? { meters: 0, metersComplete: 0, coveredMs: 0 };
      const ms = coveredMs(meter.coverage.get(profile) ?? [], within);
      group.meters++;
      group.coveredMs += ms;
      if (ms >= each) group.metersComplete++;
      groups.set(key, group);
    }
    return [...groups].map(([concentratorId, group]) => ({ concentratorId, ...group, wantedMs: each * group.meters }));
  }
}
