import { METER_STATES, type MeterState } from "@amity/api";
import type { DeviceRecord, HeadEndNotice } from "@amity/headend";
import type { EndDeviceEvent, IntervalSeries, ReadingBatch } from "@amity/model";
import type { Clock } from "@amity/runtime";

/** What is watched of one meter: only what the map and the lists need at once. */
export interface WatchedMeter {
  readonly meterId: string;
  lastSeenMs: number;
  isDisconnected: boolean;
  /** Since when it is without power, as far as it could say; 0 while it has it. */
  outageSinceMs: number;
  /** Power over the newest quarter-hour that came, W. */
  importW: number;
  exportW: number;
  loadAtMs: number;
  firmware: string | undefined;
  sessions: number;
  failures: number;
  lastError: string | undefined;
}

const IMPORT = "1-0:1.8.0";
const EXPORT = "1-0:2.8.0";

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

  load(records: readonly DeviceRecord[]): void {
    for (const { device, health } of records) {
      this.#meters.set(device.meterId, {
        meterId: device.meterId,
        lastSeenMs: health.lastSeenMs ?? 0,
        isDisconnected: health.supply === "disconnected" || health.supply === "readyForReconnection",
        outageSinceMs: 0,
        importW: 0,
        exportW: 0,
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

  meter(meterId: string): WatchedMeter | undefined {
    return this.#meters.get(meterId);
  }

  all(): Iterable<WatchedMeter> {
    return this.#meters.values();
  }

  notice(notice: HeadEndNotice): void {
    if (notice.kind === "event") this.event(notice.event.event);
    else if (notice.kind === "collected") this.#seen(notice.meterId);
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
    if (series.channel !== IMPORT && series.channel !== EXPORT) return;
    const meter = this.#meters.get(series.meterId);
    const last = series.values.length - 1;
    const endMs = series.startMs + series.values.length * series.intervalSeconds * 1000;
    if (meter === undefined || last < 0 || endMs < meter.loadAtMs) return;
    meter.loadAtMs = endMs;
    const powerW = ((series.values[last] ?? 0) * 10 ** series.scaler * 3600) / series.intervalSeconds;
    if (series.channel === IMPORT) meter.importW = powerW;
    else meter.exportW = powerW;
    this.#touched.add(series.meterId);
  }
}
