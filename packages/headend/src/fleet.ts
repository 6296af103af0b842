import { addSpan, coveredMs, dropBefore, type CollectedSource, type Coverage, type TimeSpan } from "@amity/concentrator";
import type { MeterId } from "@amity/model";
import type { SourcesOf } from "./device-sources.ts";
import type { BackfillProgress, Completeness } from "./read-models.ts";
import type { CoverageRecord, Device, DeviceHealth, DeviceRecord } from "./registry.ts";

interface FleetMeter {
  device: Device;
  health: DeviceHealth;
  /** What is collected of it by watermark. */
  readonly sources: readonly CollectedSource[];
  readonly coverage: Map<string, Coverage>;
}

/** The devices that this head-end works for, in memory, with what is collected of each: the registry is the truth behind it. */
export class Fleet {
  readonly #meters = new Map<MeterId, FleetMeter>();
  readonly #behind = new Map<MeterId, readonly Device[]>();
  readonly #wireless = new Map<string, { readonly meterId: MeterId; readonly address: string }[]>();
  readonly #sourcesOf: SourcesOf;

  constructor(sourcesOf: SourcesOf) {
    this.#sourcesOf = sourcesOf;
  }

  load(records: readonly DeviceRecord[], coverage: readonly CoverageRecord[]): void {
    this.#behind.clear();
    for (const { device } of records) {
      if (device.route.kind !== "behind") continue;
      const { hostMeterId } = device.route;
      this.#behind.set(hostMeterId, [...this.behind(hostMeterId), device]);
    }
    this.#wireless.clear();
    for (const { device } of records) {
      const { route, meterId } = device;
      if (route.kind !== "wireless") continue;
      const beside = this.#wireless.get(route.concentratorId) ?? [];
      beside.push({ meterId, address: route.address });
      this.#wireless.set(route.concentratorId, beside);
    }
    const known = new Map(this.#meters);
    this.#meters.clear();
    for (const { device, health } of records) {
      const { meterId } = device;
      const sources = this.#sourcesOf(device, this.behind(meterId));
      this.#meters.set(meterId, { device, health, sources, coverage: known.get(meterId)?.coverage ?? new Map<string, Coverage>() });
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

  /** The wireless meters that a concentrator is to hear. */
  wirelessOf(concentratorId: string): { readonly meterId: MeterId; readonly address: string }[] {
    return this.#wireless.get(concentratorId) ?? [];
  }

  health(meterId: MeterId): DeviceHealth | undefined {
    return this.#meters.get(meterId)?.health;
  }

  /** What is collected of a meter by watermark. */
  sources(meterId: MeterId): readonly CollectedSource[] {
    return this.#meters.get(meterId)?.sources ?? [];
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

  /** How far the history is there of the meters that keep one that can be asked for. */
  progress(within: TimeSpan): BackfillProgress {
    const each = Math.max(0, within.toMs - within.fromMs);
    let covered = 0;
    let complete = 0;
    let meters = 0;
    for (const meter of this.#meters.values()) {
      const profile = mainProfile(meter);
      if (profile === undefined || !this.#keepsHistory(meter.device)) continue;
      meters++;
      const ms = coveredMs(meter.coverage.get(profile) ?? [], within);
      covered += ms;
      if (ms >= each) complete++;
    }
    const wantedMs = each * meters;
    return { wantedMs, coveredMs: covered, fraction: wantedMs === 0 ? 1 : covered / wantedMs, metersComplete: complete, meters };
  }

  completeness(within: TimeSpan): Completeness[] {
    const each = Math.max(0, within.toMs - within.fromMs);
    const groups = new Map<string | undefined, { meters: number; metersComplete: number; coveredMs: number }>();
    for (const meter of this.#meters.values()) {
      const profile = mainProfile(meter);
      if (profile === undefined) continue;
      const key = this.#concentratorOf(meter.device);
      const group = groups.get(key) ?? { meters: 0, metersComplete: 0, coveredMs: 0 };
      const ms = coveredMs(meter.coverage.get(profile) ?? [], within);
      group.meters++;
      group.coveredMs += ms;
      if (ms >= each) group.metersComplete++;
      groups.set(key, group);
    }
    return [...groups].map(([concentratorId, group]) => ({ concentratorId, ...group, wantedMs: each * group.meters }));
  }

  /** What only speaks unasked has no past that could be fetched. */
  #keepsHistory({ route }: Device): boolean {
    if (route.kind !== "behind") return route.kind === "direct" || route.kind === "concentrator";
    const host = this.device(route.hostMeterId);
    return host !== undefined && host.route.kind !== "behind" && this.#keepsHistory(host);
  }

  #concentratorOf({ route }: Device): string | undefined {
    if (route.kind === "concentrator" || route.kind === "wireless") return route.concentratorId;
    const host = route.kind === "behind" ? this.device(route.hostMeterId) : undefined;
    return host?.route.kind === "concentrator" ? host.route.concentratorId : undefined;
  }
}

/** The profile by which a meter's completeness is counted: the first of intervals. */
function mainProfile({ sources }: FleetMeter): string | undefined {
  return sources.find(({ kind }) => kind === "intervals")?.profile;
}
