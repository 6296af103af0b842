import { alarmBitOf } from "./alarms.ts";
import { BillingBook } from "./billing-book.ts";
import { EVENT_CODES, type FunctionOperation } from "./operations.ts";
import { PaymentBook, type PaymentSource } from "./payment-book.ts";
import type { PaymentChange, PaymentTerms } from "./payment-change.ts";
import type { VoltageQuality } from "./voltage-quality.ts";
import { TariffBook, type TariffPlan, type TariffSource } from "./tariff-book.ts";

/** What the functions ask of their meter. */
export type FunctionSource = TariffSource & PaymentSource;

/** Where a monitored value is, since when, and on which side it was when an action last ran: the two differ while a duration runs. */
export interface Crossing {
  readonly isOver: boolean;
  readonly sinceMs: number;
  readonly isSettledOver: boolean;
}

/** A setting that was changed: A-XDR in hex. */
export interface ParameterChange {
  readonly object: string;
  readonly classId: number;
  readonly attributeId: number;
  readonly octets: string;
  readonly clockMs: number;
}

/** Something that the meter sends of itself. */
export interface PendingPush {
  readonly atMs: number;
  /** n of 0-n:25.9.0. */
  readonly setup: number;
}

export type ChangedAssociation = Extract<FunctionOperation, { kind: "changeAssociation" }>;

/** Key pairs by how often one was made. */
export interface KeyGenerations {
  readonly active: number;
  readonly newest: number;
}

/** Pushes that nobody fetched; the oldest make room. */
const PUSHES_MAX = 32;

/** What a meter keeps for its functions beyond measuring. Made when first needed: most meters of a fleet are only read. */
export class MeterFunctions {
  readonly billing = new BillingBook();
  /** Voltages outside their limits, made when first asked for. */
  quality: VoltageQuality | undefined;
  readonly #source: FunctionSource;
  #tariffs: TariffBook | undefined;
  #crossings: Map<string, Crossing> | undefined;
  #pushes: readonly PendingPush[] = NO_PUSHES;
  #payment: PaymentBook | undefined;
  /** How often a key pair was made since the factory: the one that counts, and the newest, which may still wait for its certificate. */
  keyGenerations: Readonly<Record<"digital-signature" | "key-agreement", KeyGenerations>> = FACTORY_KEYS;
  /** Certificates held, DER as hex. */
  certificates: readonly string[] = NO_CERTIFICATES;
  /** Changes of object lists and users, in order. */
  associationChanges: readonly ChangedAssociation[] = NO_CHANGES;
  /** Changed secrets of clients, wrapped, as hex. */
  secrets: ReadonlyMap<number, string> | undefined;
  /** When a push was last confirmed, by setup, as the meter's clock had it. */
  pushConfirmations: ReadonlyMap<number, number> | undefined;
  /** How often a push setup was reset: what was under way before is given up. */
  pushResets: ReadonlyMap<number, number> | undefined;
  /** Failed attempts by port, where there were any. */
  portAttempts: ReadonlyMap<string, { readonly failed: number; readonly cumulative: number; readonly lockedUntilMs: number }> | undefined;
  /** The last change of a parameter that the utility has watched. */
  lastChange: ParameterChange | undefined;
  alarmRegister = 0;
  alarmDescriptor = 0;
  stagedFirmware: string | undefined;

  constructor(source: FunctionSource) {
    this.#source = source;
  }

  /** Absent while no plan was ever set: all energy is in the first tariff. */
  get tariffs(): TariffBook | undefined {
    return this.#tariffs;
  }

  beginTariff(atMs: number, plan: TariffPlan, mask?: string): void {
    this.#tariffs ??= new TariffBook(this.#source);
    this.#tariffs.begin(atMs, plan, mask);
  }

  /** Absent while nobody ever used the account. */
  get payment(): PaymentBook | undefined {
    return this.#payment;
  }

  /** Something happens to the account, under the terms of now. @returns the code for the standard event log. */
  pay(change: PaymentChange, atMs: number, terms: PaymentTerms): number | undefined {
    this.#payment ??= new PaymentBook(this.#source, terms, atMs);
    return this.#payment.apply(change, atMs, terms);
  }

  /** Does what an operation asks for. @returns the code for the standard event log, `undefined` where nothing is logged. */
  apply(operation: Exclude<FunctionOperation, { kind: "selectTariff" | "payment" }>, clockMs: number): number | undefined {
    const { atMs } = operation;
    switch (operation.kind) {
      case "stageFirmware":
        this.stagedFirmware = operation.firmware;
        return EVENT_CODES.firmwareReady;
      case "resetBilling":
        this.billing.add(atMs, clockMs);
        return operation.isScheduled ? undefined : EVENT_CODES.billingReset;
      case "crossThreshold":
      case "settleThreshold":
        this.#cross(operation);
        return undefined;
      case "push":
        this.push({ atMs, setup: operation.setup });
        return undefined;
      case "confirmPush":
        this.pushConfirmations = new Map(this.pushConfirmations).set(operation.setup, clockMs);
        return undefined;
      case "resetPush": {
        const resets = (this.pushResets?.get(operation.setup) ?? 0) + 1;
        this.pushResets = new Map(this.pushResets).set(operation.setup, resets);
        this.pushConfirmations = new Map([...(this.pushConfirmations ?? [])].filter(([setup]) => setup !== operation.setup));
        return undefined;
      }
      case "generateKeyPair":
        this.#changeGenerations(operation.usage, ({ active, newest }) => ({ active, newest: newest + 1 }));
        return EVENT_CODES.keysChanged;
      case "keepCertificate":
        if (operation.activates !== undefined) this.#changeGenerations(operation.activates, ({ newest }) => ({ active: newest, newest }));
        this.certificates = [...this.certificates.filter((held) => held !== operation.certificate), operation.certificate];
        return EVENT_CODES.keysChanged;
      case "dropCertificate":
        this.certificates = this.certificates.filter((held) => held !== operation.certificate);
        return EVENT_CODES.keysChanged;
      case "changeSecret":
        this.secrets = new Map(this.secrets).set(operation.clientSap, operation.wrapped);
        return EVENT_CODES.keysChanged;
      case "changeAssociation":
        this.associationChanges = [...this.associationChanges, operation];
        return EVENT_CODES.parametersChanged;
      case "keepAlarms":
        this.alarmRegister = (this.alarmRegister & operation.register) >>> 0;
        this.alarmDescriptor = (this.alarmDescriptor & operation.descriptor) >>> 0;
        return EVENT_CODES.alarmsCleared;
    }
  }

  #changeGenerations(usage: "digital-signature" | "key-agreement", next: (now: KeyGenerations) => KeyGenerations): void {
    this.keyGenerations = { ...this.keyGenerations, [usage]: next(this.keyGenerations[usage]) };
  }

  crossing(monitor: string, threshold: number): Crossing | undefined {
    return this.#crossings?.get(`${monitor}/${threshold}`);
  }

  #cross(operation: Extract<FunctionOperation, { kind: "crossThreshold" | "settleThreshold" }>): void {
    const { atMs, monitor, threshold } = operation;
    const known = this.crossing(monitor, threshold) ?? { isOver: false, sinceMs: atMs, isSettledOver: false };
    const next =
      operation.kind === "crossThreshold"
        ? { ...known, isOver: operation.isOver, sinceMs: atMs }
        : { ...known, isSettledOver: known.isOver };
    this.#crossings ??= new Map();
    this.#crossings.set(`${monitor}/${threshold}`, next);
  }

  /** The settings of a monitor changed: it begins anew. */
  forgetCrossings(monitor: string): void {
    for (const key of this.#crossings?.keys() ?? []) if (key.startsWith(`${monitor}/`)) this.#crossings?.delete(key);
  }

  push(pending: PendingPush): void {
    this.#pushes = [...this.#pushes, pending].slice(-PUSHES_MAX);
  }

  /** What waits to be sent; it waits no longer. */
  takePushes(): readonly PendingPush[] {
    const pushes = this.#pushes;
    this.#pushes = NO_PUSHES;
    return pushes;
  }

  /** An event sets its alarm bit. @returns whether a bit that the filter lets through was not set before. */
  alarm(code: number, filter: number): boolean {
    const bit = alarmBitOf(code);
    if (bit === 0) return false;
    this.alarmRegister = (this.alarmRegister | bit) >>> 0;
    if ((bit & filter) === 0 || (this.alarmDescriptor & bit) !== 0) return false;
    this.alarmDescriptor = (this.alarmDescriptor | bit) >>> 0;
    return true;
  }
}

const NO_PUSHES: readonly PendingPush[] = [];
const NO_CHANGES: readonly ChangedAssociation[] = [];
const NO_CERTIFICATES: readonly string[] = [];
const FACTORY_PAIR: KeyGenerations = { active: 0, newest: 0 };
const FACTORY_KEYS = { "digital-signature": FACTORY_PAIR, "key-agreement": FACTORY_PAIR };
