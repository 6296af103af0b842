import type { PaymentChange } from "./payment-change.ts";

/** Event logs of the meter, after the groups that European companion specifications share. */
export const EVENT_LOGS = ["standard", "fraud", "disconnector"] as const;
export type EventLogName = (typeof EVENT_LOGS)[number];

/** Who moves the breaker: the head-end, the customer's button, or the meter itself. */
export type BreakerActor = "remote" | "manual" | "local";
export const CONTROL_MODES = [0, 1, 2, 3, 4, 5, 6] as const;
export type ControlMode = (typeof CONTROL_MODES)[number];

/**
 * Everything that can happen to a meter beside the passing of time. A meter's whole state follows from its plan and these, in order: a
 * journal of them is its memory. Times are true civil time (UTC ms), whatever the meter's own clock says.
 */
export type MeterOperation = { readonly atMs: number } & (
  | { readonly kind: "powerDown" | "powerUp" }
  | { readonly kind: "setClock"; readonly toMs: number }
  | { readonly kind: "loseClock" }
  | { readonly kind: "disconnect" | "reconnect"; readonly by: BreakerActor }
  | { readonly kind: "setControlMode"; readonly mode: ControlMode }
  | { readonly kind: "openCover" | "closeCover" | "applyMagnet" | "removeMagnet" }
  /** A by-pass: only this share of the energy is measured from now on, in thousandths; 1,000 ends it. */
  | { readonly kind: "setMeteredShare"; readonly perMille: number }
  | { readonly kind: "clearProfile"; readonly profile: "load" | "daily" }
  | { readonly kind: "clearLog"; readonly log: EventLogName }
  | { readonly kind: "logEvent"; readonly log: EventLogName; readonly code: number }
  /** New keys wrapped by the setup's master key of that moment, so that a journal of them tells nobody. `setup` n is 0-0:43.0.n, default 0. */
  | { readonly kind: "transferKeys"; readonly keys: readonly WrappedKey[]; readonly setup?: number }
  /** Which of those a client has shown to have, by their numbers, and which fell behind them. */
  | { readonly kind: "settleKeys"; readonly setup: number; readonly proved: readonly number[]; readonly dropped: readonly number[] }
  /** Attributes of an object that the meter only keeps, as A-XDR in hex. */
  | { readonly kind: "configure"; readonly object: string; readonly values: readonly ConfiguredValue[] }
  /** The same of what an object keeps of its own doings: no setting changed, nothing is logged. */
  | { readonly kind: "keep"; readonly object: string; readonly values: readonly ConfiguredValue[] }
  /** Another firmware runs from now on. */
  | { readonly kind: "activateFirmware"; readonly firmware: string }
  /** A verified image waits to be activated: the firmware that it will be. */
  | { readonly kind: "stageFirmware"; readonly firmware: string }
  /** A billing period ends: asked for by somebody, or by the schedule. */
  | { readonly kind: "resetBilling"; readonly isScheduled: boolean }
  /** A tariff script ran: this mask (its name in hex) holds until the calendar's next switch. */
  | { readonly kind: "selectTariff"; readonly mask: string }
  /** A monitored value went over a threshold of a limiter or register monitor, or came back under it. */
  | { readonly kind: "crossThreshold"; readonly monitor: string; readonly threshold: number; readonly isOver: boolean }
  /** The crossing lasted as long as it must: its action ran. */
  | { readonly kind: "settleThreshold"; readonly monitor: string; readonly threshold: number }
  /** What push setup `n` (0-n:25.9.0) lists is sent. */
  | { readonly kind: "push"; readonly setup: number }
  /** A push of setup `n` was confirmed by its receiver; or the setup begins anew: no confirmation, no repetitions under way. */
  | { readonly kind: "confirmPush" | "resetPush"; readonly setup: number }
  /** The meter makes its next key pair, which waits for its certificate. */
  | { readonly kind: "generateKeyPair"; readonly usage: "digital-signature" | "key-agreement" }
  /** A certificate (DER as hex) that the meter holds from now on; with `activates`, that of its newest key pair, which counts from now on. */
  | { readonly kind: "keepCertificate"; readonly certificate: string; readonly activates?: "digital-signature" | "key-agreement" }
  /** A certificate that the meter holds no longer. */
  | { readonly kind: "dropCertificate"; readonly certificate: string }
  /** A client changed its password or HLS secret: wrapped by the meter's storage key, as hex. */
  | { readonly kind: "changeSecret"; readonly clientSap: number; readonly wrapped: string }
  /** The object list or the users of a client's association change; `serverSap` names the logical device. */
  | { readonly kind: "changeAssociation"; readonly clientSap: number; readonly serverSap: number; readonly change: KeptAssociationChange }
  /** Something happens to the account. */
  | { readonly kind: "payment"; readonly change: PaymentChange }
  /** Bits of the alarm register and the alarm descriptor that stay set; a client clears the others. */
  | { readonly kind: "keepAlarms"; readonly register: number; readonly descriptor: number }
);
export type MeterOperationKind = MeterOperation["kind"];

/** Of the functions beyond measuring. */
export type FunctionOperation = Extract<
  MeterOperation,
  {
    kind:
      | "stageFirmware"
      | "resetBilling"
      | "selectTariff"
      | "crossThreshold"
      | "settleThreshold"
      | "push"
      | "confirmPush"
      | "resetPush"
      | "payment"
      | "keepAlarms"
      | "generateKeyPair"
      | "keepCertificate"
      | "dropCertificate"
      | "changeSecret"
      | "changeAssociation";
  }
>;

/** What a client does to memory and settings, or to those functions. */
export type ChangeOperation =
  | FunctionOperation
  | Extract<
      MeterOperation,
      { kind: "clearProfile" | "clearLog" | "logEvent" | "transferKeys" | "settleKeys" | "configure" | "keep" | "activateFirmware" }
    >;

/** What happens to a meter whether it has power or not; everything else needs it. */
export const WITHOUT_POWER: ReadonlySet<MeterOperationKind> = new Set([
  "powerDown",
  "powerUp",
  "loseClock",
  "openCover",
  "closeCover",
  "applyMagnet",
  "removeMagnet",
  "setMeteredShare",
]);

/** A key by its number in the security setup (0 unicast, 1 broadcast, 2 authentication, 3 master), wrapped (RFC 3394), as hex. */
export interface WrappedKey {
  readonly keyId: 0 | 1 | 2 | 3;
  readonly wrapped: string;
}

/** A change of an association as a journal keeps it: rights as `[number, bits]`, names of users as hex. */
export type KeptAssociationChange =
  | {
      readonly what: "addObject";
      readonly object: string;
      readonly attributes: readonly RightBits[];
      readonly methods: readonly RightBits[];
    }
  | { readonly what: "removeObject"; readonly object: string }
  | { readonly what: "addUser"; readonly id: number; readonly name: string }
  | { readonly what: "removeUser"; readonly id: number };

export type RightBits = readonly [id: number, rights: number];

export interface ConfiguredValue {
  readonly attributeId: number;
  readonly octets: string;
}

/** Event codes by log (DSMR/IDIS numbering, which most European meters share). */
export const EVENT_CODES = {
  powerDown: 1,
  powerUp: 2,
  clockOld: 4,
  clockNew: 5,
  clockInvalid: 6,
  batteryLow: 8,
  tariffActivated: 9,
  alarmsCleared: 11,
  firmwareReady: 17,
  firmwareActivated: 18,
  billingReset: 21,
  coverOpened: 44,
  coverClosed: 45,
  magnetOn: 42,
  magnetOff: 43,
  associationFailed: 46,
  parametersChanged: 47,
  keysChanged: 48,
  decryptionFailed: 49,
  replayDetected: 50,
  readyForReconnection: 59,
  manualDisconnect: 60,
  manualConnect: 61,
  remoteDisconnect: 62,
  remoteConnect: 63,
  localDisconnect: 64,
  limitExceeded: 65,
  limitKept: 66,
  localConnect: 69,
  creditLow: 210,
  creditConsumed: 211,
  creditAdded: 212,
  tokenRefused: 213,
  emergencyCredit: 214,
  profileCleared: 254,
  logCleared: 255,
} as const;

/** Codes of the fraud log. */
export const FRAUD_CODES = {
  openCover: EVENT_CODES.coverOpened,
  closeCover: EVENT_CODES.coverClosed,
  applyMagnet: EVENT_CODES.magnetOn,
  removeMagnet: EVENT_CODES.magnetOff,
} as const;

/** Codes of the disconnector log, by who moved it. */
export const BREAKER_CODES = {
  disconnect: { remote: EVENT_CODES.remoteDisconnect, manual: EVENT_CODES.manualDisconnect, local: EVENT_CODES.localDisconnect },
  reconnect: { remote: EVENT_CODES.remoteConnect, manual: EVENT_CODES.manualConnect, local: EVENT_CODES.localConnect },
} as const;
