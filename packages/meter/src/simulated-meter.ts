import { UsageError } from "@amity/bytes";
import { DAY_MS, type Zone } from "@amity/intervals";
import type { PlannedMeter } from "./fleet.ts";
import { DayCache, EnergyHistory, REGISTER_COUNT, type Registers } from "./household/energy.ts";
import type { Site } from "./household/site.ts";
import { drawTraits } from "./household/traits.ts";
import type { MeterTypeOptions } from "./meter-type.ts";
import { alarmBitOf } from "./metrology/alarms.ts";
import { disconnected, reconnected, type ControlState } from "./metrology/breaker.ts";
import { dailyGrid, periodicGrid, type CaptureGrid } from "./metrology/capture-grid.ts";
import { CaptureRuns, type RowSpan } from "./metrology/capture-runs.ts";
import { momentaryValues, type MomentaryValues } from "./metrology/electrical.ts";
import { EventLog } from "./metrology/event-log.ts";
import { MeterFunctions } from "./metrology/meter-functions.ts";
import type { MeterBehaviour, Outlook } from "./metrology/own-actions.ts";
import { firstTariffOnly } from "./metrology/tariff-book.ts";
import {
  BREAKER_CODES,
  EVENT_CODES,
  FRAUD_CODES,
  WITHOUT_POWER,
  type ChangeOperation,
  type ControlMode,
  type EventLogName,
  type FunctionOperation,
  type MeterOperation,
} from "./metrology/operations.ts";
import { settled, withTransfer, type KeyTransfer } from "./key-transfer.ts";
import type { PaymentChange } from "./metrology/payment-change.ts";
import { RegisterBook } from "./metrology/register-book.ts";

export type ProfileName = "load" | "daily";

/** What all meters of a fleet share: the place, the model, and one cache of computed days. */
export interface MeterSurroundings {
  readonly site: Site;
  readonly zone: Zone;
  readonly type: MeterTypeOptions;
  readonly days: DayCache;
  readonly grids: Readonly<Record<ProfileName, CaptureGrid>>;
  /** Absent: the meter measures and logs, and does nothing by itself. */
  readonly behaviour?: MeterBehaviour<SimulatedMeter>;
}

/** Puts together what meters share. */
export function meterSurroundings(
  site: Site,
  zone: Zone,
  type: MeterTypeOptions,
  days: DayCache = new DayCache(),
  behaviour?: MeterBehaviour<SimulatedMeter>,
): MeterSurroundings {
  const grids = { load: periodicGrid(type.loadProfile.periodSeconds), daily: dailyGrid(zone) };
  return { site, zone, type, days, grids, ...(behaviour === undefined ? {} : { behaviour }) };
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
  #keyTransfers: readonly KeyTransfer[] = NO_TRANSFERS;
  #firmware: string | undefined;
  #configured: Map<string, string> | undefined;
  #functions: MeterFunctions | undefined;
  /** Up to here the meter has done by itself what was due, and what its clock showed then. */
  #advanced: { readonly atMs: number; readonly clockMs: number };

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
    this.#advanced = { atMs: installedMs, clockMs: this.clockAt(installedMs) };
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
  /** Keys that were transferred or agreed on since the factory, in order: those of one transfer together. */
  get keyTransfers(): readonly KeyTransfer[] {
    return this.#keyTransfers;
  }

  get isConfigured(): boolean {
    return this.#configured !== undefined;
  }
  get functionsIfAny(): MeterFunctions | undefined {
    return this.#functions;
  }
  get functions(): MeterFunctions {
    return (this.#functions ??= new MeterFunctions(this));
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

  /** Energy by tariff (Wh): import T1 to T4, export T1 to T4. */
  tariffsAt(trueMs: number): Float64Array {
    return this.#functions?.tariffs?.at(trueMs) ?? firstTariffOnly(this.registersAt(trueMs, scratch));
  }

  momentaryAt(trueMs: number): MomentaryValues {
    const powers = this.#registers.powersAt(trueMs, scratch);
    return momentaryValues(this.plan.householdSeed, trueMs, powers, this.plan.phase === "L123" ? 3 : 1);
  }

  /** The rows that a profile holds now, oldest first. */
  rows(profile: ProfileName, nowMs: number): RowSpan[] {
    return this.#runs.rows(this.surroundings.grids[profile], nowMs, this.capacity(profile), this.#clearedMs[profile]);
  }

  /** The captures of any grid: at most `capacity` of them, none from before `sinceMs`. */
  captureSpans(grid: CaptureGrid, nowMs: number, capacity: number, sinceMs = Number.NEGATIVE_INFINITY): RowSpan[] {
    return this.#runs.rows(grid, nowMs, capacity, sinceMs);
  }

  stretchAt(trueMs: number): ReturnType<CaptureRuns["stretchAt"]> {
    return this.#runs.stretchAt(trueMs);
  }

  /** Power failures that are over, oldest first. */
  outages(): ReturnType<CaptureRuns["outages"]> {
    return this.#runs.outages();
  }

  trueAt(clockMs: number): number {
    return this.#runs.trueAtNow(clockMs);
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
    this.advance(operation.atMs);
    if (!this.hasPower && !WITHOUT_POWER.has(operation.kind)) return false;
    if (!this.#perform(operation)) return false;
    this.#lastMs = operation.atMs;
    return true;
  }

  /**
   * Lets the meter do by itself what was due until `toMs`: schedules, monitors, the calendar, the account. Nothing of it is
   * journalled: the same operations and the same time lead to the same actions.
   */
  advance(toMs: number): void {
    const { behaviour } = this.surroundings;
    if (behaviour === undefined || !this.hasPower) return;
    for (let step = 0; step < OWN_ACTIONS_MAX && this.#advanced.atMs < toMs; step++) {
      const due = behaviour.next(this, this.#outlook(toMs));
      const atMs = due === undefined ? toMs : Math.max(due.atMs, this.#lastMs, this.#advanced.atMs);
      for (const operation of due?.operations ?? []) {
        if (this.hasPower && this.#perform({ ...operation, atMs })) this.#lastMs = atMs;
      }
      this.#advanced = { atMs, clockMs: Math.max(this.#outlook(atMs).afterClockMs, this.clockAt(atMs)) };
    }
  }

  /** When the meter will next do something by itself, not after `toMs`; the past must be done. */
  nextOwnActionMs(toMs: number): number | undefined {
    return this.hasPower ? this.surroundings.behaviour?.next(this, this.#outlook(toMs))?.atMs : undefined;
  }

  /** A clock that was set back a little does not make the meter do things twice; one set back by days begins anew. */
  #outlook(toMs: number): Outlook {
    const { atMs, clockMs } = this.#advanced;
    const shownMs = this.clockAt(atMs);
    return { afterMs: atMs, afterClockMs: clockMs - shownMs > DAY_MS ? shownMs : clockMs, toMs };
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
  #change(operation: ChangeOperation): boolean {
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
        this.#keyTransfers = withTransfer(this.#keyTransfers, operation.setup ?? 0, operation.keys);
        return this.#note("standard", atMs, EVENT_CODES.keysChanged);
      case "settleKeys":
        this.#keyTransfers = settled(this.#keyTransfers, operation);
        return true;
      case "configure":
        this.#keep(operation);
        this.#reconfigured(operation);
        return this.#note("standard", atMs, EVENT_CODES.parametersChanged);
      case "keep":
        this.#keep(operation);
        return true;
      case "activateFirmware":
        this.#firmware = operation.firmware;
        if (this.#functions !== undefined) this.#functions.stagedFirmware = undefined;
        return this.#note("standard", atMs, EVENT_CODES.firmwareActivated);
      default:
        return this.#act(operation);
    }
  }

  /** What the functions beyond measuring do. */
  #act(operation: FunctionOperation): boolean {
    if (operation.kind === "selectTariff") return this.#replan(operation.atMs, operation.mask);
    if (operation.kind === "payment") return this.#pay(operation.atMs, operation.change);
    const code = this.functions.apply(operation, this.clockAt(operation.atMs));
    return code === undefined || this.#note("standard", operation.atMs, code);
  }

  #keep({ object, values }: Extract<MeterOperation, { kind: "configure" | "keep" }>): void {
    this.#configured ??= new Map();
    for (const { attributeId, octets } of values) this.#configured.set(`${object}/${attributeId}`, octets);
  }

  #reconfigured({ atMs, object, values }: Extract<MeterOperation, { kind: "configure" }>): void {
    const { behaviour } = this.surroundings;
    if (behaviour === undefined) return;
    const ids = values.map(({ attributeId }) => attributeId);
    if (behaviour.isTariffSetting(object, ids)) this.#replan(atMs);
    this.#functions?.forgetCrossings(object);
    for (const { attributeId, octets } of values) {
      const classId = behaviour.monitoredClass(this, object, attributeId);
      if (classId !== undefined) this.functions.lastChange = { object, classId, attributeId, octets, clockMs: this.clockAt(atMs) };
    }
    if (this.#functions?.payment !== undefined && behaviour.isPaymentSetting(object)) this.#pay(atMs, { what: "newTerms" });
  }

  #pay(atMs: number, change: PaymentChange): boolean {
    const { behaviour } = this.surroundings;
    if (behaviour === undefined) return false;
    const code = this.functions.pay(change, atMs, behaviour.paymentTerms(this));
    return code === undefined || this.#note("standard", atMs, code);
  }

  #replan(atMs: number, mask?: string): boolean {
    const { behaviour } = this.surroundings;
    if (behaviour === undefined) return false;
    this.functions.beginTariff(atMs, behaviour.tariffPlan(this), mask);
    return true;
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
    // Without credit the supply stays off, whoever asks.
    const isOutOfCredit = kind === "reconnect" && this.#functions?.payment?.isConsumedAt(atMs) === true;
    if (next === undefined || isOutOfCredit) return false;
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
    if (alarmBitOf(code) !== 0 && this.functions.alarm(code, this.surroundings.behaviour?.alarmFilter(this) ?? 0))
      this.functions.push({ atMs, setup: ALARM_PUSH_SETUP });
    return true;
  }
}

/** Things that a meter does by itself in one go: schedules may ask for one a second, an hour of them is enough to catch up with. */
const OWN_ACTIONS_MAX = 3_600;
/** 0-4:25.9.0: push setup, on alarm. */
const ALARM_PUSH_SETUP = 4;
/** Most meters keep their factory keys: one empty list for all of them. */
const NO_TRANSFERS: readonly KeyTransfer[] = [];
/** Corrections up to this are a synchronisation, not a shift (IEC 62056-6-2 leaves the limit to the meter). */
const CLOCK_SHIFT_LIMIT_MS = 9_000;
const scratch: Registers = new Float64Array(REGISTER_COUNT);
