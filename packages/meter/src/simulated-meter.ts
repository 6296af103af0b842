import { UsageError } from "@amity/bytes";
import type { Zone } from "@amity/intervals";
import type { PlannedMeter } from "./fleet.ts";
import { DayCache, EnergyHistory, REGISTER_COUNT, type Registers } from "./household/energy.ts";
import type { Site } from "./household/site.ts";
import { drawTraits } from "./household/traits.ts";
import type { MeterTypeOptions } from "./meter-type.ts";
import { disconnected, reconnected, type ControlState } from "./metrology/breaker.ts";
import { dailyGrid, periodicGrid, type CaptureGrid } from "./metrology/capture-grid.ts";
import { CaptureRuns, type RowSpan } from "./metrology/capture-runs.ts";
import { momentaryValues, type MomentaryValues } from "./metrology/electrical.ts";
import { EventLog } from "./metrology/event-log.ts";
import { EVENT_CODES, type ControlMode, type EventLogName, type MeterOperation, type WrappedKey } from "./metrology/operations.ts";
import { RegisterBook } from "./metrology/register-book.ts";

export type ProfileName = "load" | "daily";

/** What all meters of a fleet share: the place, the model, and one cache of computed days. */
export interface MeterSurroundings {
  readonly site: Site;
  readonly zone: Zone;
  readonly type: MeterTypeOptions;
  readonly days: DayCache;
  readonly grids: Readonly<Record<ProfileName, CaptureGrid>>;
}

/** Puts together what meters share. */
export function meterSurroundings(site: Site, zone: Zone, type: MeterTypeOptions, days: DayCache = new DayCache()): MeterSurroundings {
  return { site, zone, type, days, grids: { load: periodicGrid(type.loadProfile.periodSeconds), daily: dailyGrid(zone) } };
}

/**
 * One electricity meter: registers, clock, breaker, profiles and logs, at any instant. Its history is computed from the household's seed; only
 * what disturbed it is kept. All state changes go through `apply`, in order of time; replaying them gives the same meter.
 */
export class SimulatedMeter {
  readonly plan: PlannedMeter;
  readonly surroundings: MeterSurroundings;
  readonly #registers: RegisterBook;
  readonly #runs: CaptureRuns;
  readonly #logs: Record<EventLogName, EventLog>;
  #controlState: ControlState = "connected";
  #controlMode: ControlMode;
  #meteredPerMille = 1_000;
  #powerFailures = 0;
  #clearedMs = { load: Number.NEGATIVE_INFINITY, daily: Number.NEGATIVE_INFINITY };
  #lastMs: number;
  #keyTransfers: readonly (readonly WrappedKey[])[] = NO_TRANSFERS;
  #firmware: string | undefined;
  #configured: Map<string, string> | undefined;

  constructor(plan: PlannedMeter, surroundings: MeterSurroundings) {
    const { site, days, type } = surroundings;
    this.plan = plan;
    this.surroundings = surroundings;
    const traits = drawTraits(plan.householdSeed, {
      solar: plan.solar,
      electricVehicle: plan.electricVehicle,
      business: plan.customerClass === "smallCommercial",
    });
    const installedMs = site.startOf(site.dayOf(plan.installedMs));
    this.#registers = new RegisterBook(new EnergyHistory(site, traits, installedMs, days));
    this.#runs = new CaptureRuns(installedMs, type.clockDriftPpm);
    this.#controlMode = type.controlMode;
    this.#logs = {
      standard: new EventLog(type.eventLogDepth),
      fraud: new EventLog(type.eventLogDepth),
      disconnector: new EventLog(type.eventLogDepth),
    };
    this.#lastMs = installedMs;
  }

  get hasPower(): boolean {
    return this.#runs.hasPower;
  }
  get controlState(): ControlState {
    return this.#controlState;
  }
  get controlMode(): ControlMode {
    return this.#controlMode;
  }
  /** Whether the customer has supply: power at the terminals and the breaker closed. */
  get isSupplied(): boolean {
    return this.hasPower && this.#controlState === "connected";
  }
  get isClockInvalid(): boolean {
    return this.#runs.isClockInvalid;
  }
  get powerFailures(): number {
    return this.#powerFailures;
  }

  /** The version that runs. */
  get firmware(): string {
    return this.#firmware ?? this.surroundings.type.firmware;
  }
  /** What an attribute was configured to: A-XDR in hex; `undefined` where it never was. */
  configured(object: string, attributeId: number): string | undefined {
    return this.#configured?.get(`${object}/${attributeId}`);
  }
  /** Keys that were transferred since the factory, in order: those of one transfer together. */
  get keyTransfers(): readonly (readonly WrappedKey[])[] {
    return this.#keyTransfers;
  }

  /** When something last happened: operations come after it. */
  get lastOperationMs(): number {
    return this.#lastMs;
  }

  log(name: EventLogName): EventLog {
    return this.#logs[name];
  }

  /** What the meter's own clock shows. */
  clockAt(trueMs: number): number {
    return this.#runs.clockAt(trueMs);
  }

  /** Cumulative +A, -A (Wh), +R, -R (varh) into `out`. */
  registersAt(trueMs: number, out: Registers = new Float64Array(REGISTER_COUNT)): Registers {
    return this.#registers.at(trueMs, out);
  }

  momentaryAt(trueMs: number): MomentaryValues {
    const powers = this.#registers.powersAt(trueMs, scratch);
    return momentaryValues(this.plan.householdSeed, trueMs, powers, this.plan.phase === "L123" ? 3 : 1);
  }

  /** The rows that a profile holds now, oldest first. */
  rows(profile: ProfileName, nowMs: number): RowSpan[] {
    return this.#runs.rows(this.surroundings.grids[profile], nowMs, this.capacity(profile), this.#clearedMs[profile]);
  }

  /** Rows that fit into a profile's ring buffer. */
  capacity(profile: ProfileName): number {
    const { loadProfile, dailyProfile } = this.surroundings.type;
    return profile === "daily" ? dailyProfile.depthDays : (loadProfile.depthDays * 86_400) / loadProfile.periodSeconds;
  }

  /** The true instant at which a row was captured. */
  capturedAt(span: RowSpan, clockMs: number): number {
    return this.#runs.trueAt(span.run, clockMs);
  }

  /**
   * Lets something happen. @returns false where the meter's state does not allow it (breaker already open, no power ...): nothing changed.
   * @throws UsageError `out-of-order` for an operation before the last one.
   */
  apply(operation: MeterOperation): boolean {
    if (operation.atMs < this.#lastMs)
      throw new UsageError(`operation at ${operation.atMs} comes after one at ${this.#lastMs}`, { code: "out-of-order" });
    if (!this.hasPower && NEEDS_POWER.has(operation.kind)) return false;
    if (!this.#perform(operation)) return false;
    this.#lastMs = operation.atMs;
    return true;
  }

  #perform(operation: MeterOperation): boolean {
    const { atMs } = operation;
    switch (operation.kind) {
      case "powerDown":
      case "powerUp":
        return this.#switchPower(operation.kind, atMs);
      case "setClock":
        return this.#setClock(atMs, operation.toMs);
      case "loseClock":
        this.#runs.setClock(atMs, this.clockAt(atMs), true);
        return this.#note("standard", atMs, EVENT_CODES.clockInvalid);
      case "disconnect":
      case "reconnect":
        return this.#switchSupply(operation.kind, operation.by, atMs);
      case "setControlMode":
        this.#controlMode = operation.mode;
        return this.#note("standard", atMs, EVENT_CODES.parametersChanged);
      case "openCover":
      case "closeCover":
      case "applyMagnet":
      case "removeMagnet":
        return this.#note("fraud", atMs, FRAUD_CODES[operation.kind]);
      case "setMeteredShare":
        this.#meteredPerMille = Math.max(0, Math.min(1_000, Math.round(operation.perMille)));
        return this.#reckon(atMs);
      default:
        return this.#change(operation);
    }
  }

  /** What a client does to memory and settings. */
  #change(operation: Extract<MeterOperation, { kind: ChangeKind }>): boolean {
    const { atMs } = operation;
    switch (operation.kind) {
      case "clearProfile":
        this.#clearedMs[operation.profile] = atMs;
        return this.#note("standard", atMs, EVENT_CODES.profileCleared);
      case "clearLog":
        this.#logs[operation.log].clear();
        return this.#note(operation.log, atMs, EVENT_CODES.logCleared);
      case "logEvent":
        return this.#note(operation.log, atMs, operation.code);
      case "transferKeys":
        this.#keyTransfers = [...this.#keyTransfers, operation.keys];
        return this.#note("standard", atMs, EVENT_CODES.keysChanged);
      case "configure":
        this.#configured ??= new Map();
        for (const { attributeId, octets } of operation.values) this.#configured.set(`${operation.object}/${attributeId}`, octets);
        return this.#note("standard", atMs, EVENT_CODES.parametersChanged);
      case "activateFirmware":
        this.#firmware = operation.firmware;
        return this.#note("standard", atMs, EVENT_CODES.firmwareActivated);
    }
  }

  #switchPower(kind: "powerDown" | "powerUp", atMs: number): boolean {
    if (this.hasPower !== (kind === "powerDown")) return false;
    if (kind === "powerDown") {
      this.#note("standard", atMs, EVENT_CODES.powerDown);
      this.#runs.powerDown(atMs);
      this.#powerFailures++;
    } else {
      this.#runs.powerUp(atMs);
      this.#note("standard", atMs, EVENT_CODES.powerUp);
    }
    return this.#reckon(atMs);
  }

  /** Small corrections leave no trace; others are logged with the old and the new time. */
  #setClock(atMs: number, toMs: number): boolean {
    const before = this.clockAt(atMs);
    const isShift = Math.abs(toMs - before) > CLOCK_SHIFT_LIMIT_MS || this.isClockInvalid;
    if (isShift) this.#note("standard", atMs, EVENT_CODES.clockOld);
    if (toMs !== before || this.isClockInvalid) this.#runs.setClock(atMs, toMs);
    return isShift ? this.#note("standard", atMs, EVENT_CODES.clockNew) : true;
  }

  #switchSupply(kind: "disconnect" | "reconnect", by: "remote" | "manual" | "local", atMs: number): boolean {
    const next = (kind === "disconnect" ? disconnected : reconnected)(this.#controlState, this.#controlMode, by);
    if (next === undefined) return false;
    this.#controlState = next;
    const code = next === "readyForReconnection" && kind === "reconnect" ? EVENT_CODES.readyForReconnection : BREAKER_CODES[kind][by];
    this.#note("disconnector", atMs, code);
    return this.#reckon(atMs);
  }

  #reckon(atMs: number): true {
    this.#registers.setShare(atMs, this.isSupplied ? this.#meteredPerMille : 0);
    return true;
  }

  #note(log: EventLogName, atMs: number, code: number): true {
    this.#logs[log].add(this.clockAt(atMs), code);
    return true;
  }
}

type ChangeKind = "clearProfile" | "clearLog" | "logEvent" | "transferKeys" | "configure" | "activateFirmware";
const NEEDS_POWER: ReadonlySet<MeterOperation["kind"]> = new Set([
  "setClock",
  "disconnect",
  "reconnect",
  "setControlMode",
  "clearProfile",
  "clearLog",
  "logEvent",
  "transferKeys",
  "activateFirmware",
  "configure",
]);
/** Most meters keep their factory keys: one empty list for all of them. */
const NO_TRANSFERS: readonly (readonly WrappedKey[])[] = [];
const FRAUD_CODES = {
  openCover: EVENT_CODES.coverOpened,
  closeCover: EVENT_CODES.coverClosed,
  applyMagnet: EVENT_CODES.magnetOn,
  removeMagnet: EVENT_CODES.magnetOff,
} as const;
const BREAKER_CODES = {
  disconnect: { remote: EVENT_CODES.remoteDisconnect, manual: EVENT_CODES.manualDisconnect, local: EVENT_CODES.localDisconnect },
  reconnect: { remote: EVENT_CODES.remoteConnect, manual: EVENT_CODES.manualConnect, local: EVENT_CODES.localConnect },
} as const;
/** Corrections up to this are a synchronisation, not a shift (IEC 62056-6-2 leaves the limit to the meter). */
const CLOCK_SHIFT_LIMIT_MS = 9_000;
const scratch: Registers = new Float64Array(REGISTER_COUNT);
