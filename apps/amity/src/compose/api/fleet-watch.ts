import { METER_STATES, type MeterState } from "@amity/api";
import type { DeviceRecord, HeadEndNotice } from "@amity/headend";
import {
  commodityOfChannel,
  isMissing,
  type Commodity,
  type EndDeviceEvent,
  type IntervalSeries,
  type MeterId,
  type ReadingBatch,
} from "@amity/model";
import type { Clock } from "@amity/runtime";

/** What is watched of one meter: only what the map and the lists need at once. */
export interface WatchedMeter {
  readonly meterId: string;
  readonly commodity: Commodity;
  /** The meter that passes it on. */
  readonly hostMeterId: string | undefined;
  lastSeenMs: number;
  isDisconnected: boolean;
  /** Since when it is without power, as far as it could say; 0 while it has it. */
  outageSinceMs: number;
  /** Power over the newest interval that came, W. */
  importW: number;
  exportW: number;
  /** Of gas and water, cubic metres an hour over the newest interval. */
  flowM3PerHour: number;
  loadAtMs: number;
  firmware: string | undefined;
  sessions: number;
  failures: number;
  lastError: string | undefined;
}

const IMPORT = "1-0:1.8.0";
const EXPORT = "1-0:2.8.0";
const HEAT = "6-0:1.0.0";
const VOLUMES: ReadonlySet<string> = new Set(["7-0:3.0.0", "8-0:1.0.0", "9-0:1.0.0"]);
const JOULES_PER_WH = 3600;

/** Keeps the state of every meter up to date from what the head-end says and what the ledger took. Memory only: it is rebuilt at start. */
export class FleetWatch {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #collectEveryMs: number;
  readonly #meters = new Map<string, WatchedMeter>();
  /** Meters whose state may have changed since the last look. */
  readonly #touched = new Set<string>();

  constructor(clock: Pick<Clock, "nowMs">, collectEveryMs: number) {
    this.#clock = clock;
    this.#collectEveryMs = collectEveryMs;
  }

  /** Takes the fleet; meters whose commodity is not told measure electricity. */
  load(records: readonly DeviceRecord[], commodities: ReadonlyMap<MeterId, Commodity> = new Map()): void {
    for (const { device, health } of records) {
      this.#meters.set(device.meterId, {
        meterId: device.meterId,
        commodity: commodities.get(device.meterId) ?? "electricity",
        hostMeterId: device.route.kind === "behind" ? device.route.hostMeterId : undefined,
        lastSeenMs: health.lastSeenMs ?? 0,
        isDisconnected: health.supply === "disconnected" || health.supply === "readyForReconnection",
        outageSinceMs: 0,
        importW: 0,
        exportW: 0,
        flowM3PerHour: 0,
        loadAtMs: 0,
        firmware: health.firmware,
        sessions: 0,
        failures: 0,
        lastError: health.lastError?.message,
      });
    }
  }

  get size(): number {
    return this.#meters.size;
  }

  /** Meters of a commodity, and how many of them report. */
  count(commodity: Commodity): { meters: number; reporting: number } {
    const counts = { meters: 0, reporting: 0 };
    for (const meter of this.#meters.values()) {
      if (meter.commodity !== commodity) continue;
      counts.meters++;
      if (["reporting", "late"].includes(this.stateOf(meter))) counts.reporting++;
    }
    return counts;
  }

  meter(meterId: string): WatchedMeter | undefined {
    return this.#meters.get(meterId);
  }

  all(): Iterable<WatchedMeter> {
    return this.#meters.values();
  }

  notice(notice: HeadEndNotice): void {
    if (notice.kind === "event") this.event(notice.event.event);
    else if (notice.kind === "collected") this.#asked(notice.meterId);
    else if (notice.kind === "registers") this.#seen(notice.meterId);
    else if (notice.kind === "session") {
      const meter = this.#meters.get(notice.meterId);
      if (meter === undefined) return;
      meter.sessions++;
      if (notice.ok) this.#seen(notice.meterId);
      else {
        meter.failures++;
        meter.lastError = notice.error;
      }
    }
  }

  event(event: EndDeviceEvent): void {
    const meter = this.#meters.get(event.meterId);
    if (meter === undefined) return;
    if (event.kind === "supplyDisconnected") meter.isDisconnected = true;
    else if (event.kind === "supplyConnected") meter.isDisconnected = false;
    else if (event.kind === "lastGasp" && event.atMs >= meter.lastSeenMs - this.#collectEveryMs) meter.outageSinceMs = event.atMs;
    else if (event.kind === "powerUp" && event.atMs >= meter.outageSinceMs) meter.outageSinceMs = 0;
    this.#touched.add(event.meterId);
  }

  setDisconnected(meterId: string, isDisconnected: boolean): void {
    const meter = this.#meters.get(meterId);
    if (meter === undefined) return;
    meter.isDisconnected = isDisconnected;
    this.#touched.add(meterId);
  }

  /** Readings that the ledger has committed. */
  readings(batches: readonly ReadingBatch[]): void {
    for (const batch of batches) for (const series of batch.intervals) this.#load(series);
  }

  stateOf(meter: WatchedMeter): MeterState {
    const silentMs = this.#clock.nowMs() - meter.lastSeenMs;
    if (meter.outageSinceMs > 0) return "outage";
    if (silentMs > 6 * this.#collectEveryMs) return "silent";
    if (meter.isDisconnected) return "disconnected";
    return silentMs > 3 * this.#collectEveryMs ? "late" : "reporting";
  }

  stateIndexOf(meter: WatchedMeter): number {
    return METER_STATES.indexOf(this.stateOf(meter));
  }

  /** The meters touched since the last call. */
  takeTouched(): WatchedMeter[] {
    const touched = [...this.#touched].flatMap((meterId) => this.#meters.get(meterId) ?? []);
    this.#touched.clear();
    return touched;
  }

  /** A meter behind another is heard of by what it said, not by its host having been asked. */
  #asked(meterId: string): void {
    if (this.#meters.get(meterId)?.hostMeterId === undefined) this.#seen(meterId);
  }

  #seen(meterId: string): void {
    const meter = this.#meters.get(meterId);
    if (meter === undefined) return;
    meter.lastSeenMs = this.#clock.nowMs();
    // Whoever answers has power again.
    meter.outageSinceMs = 0;
    meter.lastError = undefined;
    this.#touched.add(meterId);
  }

  #load(series: IntervalSeries): void {
    const meter = this.#meters.get(series.meterId);
    const last = series.qualities.findLastIndex((quality) => !isMissing(quality));
    const endMs = series.startMs + (last + 1) * series.intervalSeconds * 1000;
    if (meter === undefined || last < 0 || commodityOfChannel(series.channel) !== meter.commodity) return;
    if (meter.commodity !== "electricity" && endMs > meter.lastSeenMs) meter.lastSeenMs = endMs;
    if (endMs < meter.loadAtMs) return;
    const perHour = ((series.values[last] ?? 0) * 10 ** series.scaler * 3600) / series.intervalSeconds;
    if (series.channel === IMPORT) meter.importW = perHour;
    else if (series.channel === EXPORT) meter.exportW = perHour;
    else if (series.channel === HEAT) meter.importW = series.unit === "J" ? perHour / JOULES_PER_WH : perHour;
    else if (VOLUMES.has(series.channel)) meter.flowM3PerHour = perHour;
    else return;
    meter.loadAtMs = endMs;
    this.#touched.add(series.meterId);
  }
}
