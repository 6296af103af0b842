import type { MeterId } from "./identity.ts";

/** What can be asked of a meter (IEC 61968-9 EndDeviceControl). Critical ones pass the one gate of the head-end. */
export type EndDeviceControl =
  | { readonly kind: "disconnect" }
  | { readonly kind: "connect" }
  | { readonly kind: "readRegisters" }
  | { readonly kind: "readProfile"; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: "ping" }
  | { readonly kind: "setClock" }
  /** The supply is limited to so many watts, exceeded for so long, from now on; without `watts` the limit is lifted. */
  | { readonly kind: "limit"; readonly watts?: number; readonly overSeconds: number }
  /** The meter counts by this calendar, at once or from an instant on. */
  | { readonly kind: "tariff"; readonly calendar: TariffCalendar; readonly activateAtMs?: number }
  /** Text for the customer's display. */
  | { readonly kind: "message"; readonly text: string }
  /** The meter ends its billing period now: registers and maxima are stored, and maxima begin anew. */
  | { readonly kind: "resetDemand" }
  /** A prepayment token, as it is printed. */
  | { readonly kind: "token"; readonly token: string }
  /** New encryption and authentication keys: sent under the master key, or agreed on so that nobody else can know them (suites 1 and 2). */
  | { readonly kind: "changeKeys"; readonly by: "transfer" | "agreement" }
  /** The meter makes a new key pair and gets a certificate for it. */
  | { readonly kind: "renewCertificate"; readonly usage: "digital-signature" | "key-agreement" }
  /** The meter takes the firmware image of this identification, and runs it at once or from an instant on. */
  | { readonly kind: "updateFirmware"; readonly image: string; readonly activateAtMs?: number }
  /** The meter says these registers of itself, there and then. */
  | { readonly kind: "setPushSchedule"; readonly schedule: PushSchedule };

/** Controls that change what a meter keeps, and are read back from there. */
export type SettingControl = Extract<EndDeviceControl, { kind: "limit" | "tariff" | "message" | "setPushSchedule" }>;

/** Controls that a meter carries out once, and marks that it has. */
export type OneTimeControl = Extract<EndDeviceControl, { kind: "resetDemand" | "token" }>;

/** Controls that change what a meter proves itself by. */
export type KeyControl = Extract<EndDeviceControl, { kind: "changeKeys" | "renewCertificate" }>;

/** Controls that bring a meter other firmware; what was begun is gone on with, not repeated. */
export type FirmwareControl = Extract<EndDeviceControl, { kind: "updateFirmware" }>;

/** What a meter pushes of itself, where to, and when; times are of its own clock. */
export interface PushSchedule {
  /** n of the push setup 0-n:25.9.0. */
  readonly setup: number;
  /** Cumulative registers, e.g. `1-0:1.8.0`; who says it and when stands before them in each push. */
  readonly registers: readonly string[];
  readonly transport: "tcp" | "udp";
  /** `host:port`, an IPv6 address in brackets. */
  readonly destination: string;
  /** `HH:MM` each day, or `*:MM` each hour; none: the schedule pushes nothing. */
  readonly times: readonly string[];
  /** Nothing is sent outside of it, `HH:MM` each day; absent: always. */
  readonly window?: { readonly from: string; readonly to: string };
  /** Each push waits a random part of this, so that not all meters speak at once. */
  readonly spreadSeconds: number;
}

/** A time-of-use calendar as meters keep one: seasons name weeks, weeks name days, days switch tariffs. */
export interface TariffCalendar {
  readonly name: string;
  /** A season begins each year with a day of a month (1 to 12, 1 to 31). */
  readonly seasons: readonly { readonly name: string; readonly month: number; readonly day: number; readonly week: string }[];
  /** Day numbers, Monday first. */
  readonly weeks: readonly { readonly name: string; readonly days: readonly number[] }[];
  /** A tariff (1 to 4) from a time of day on (`HH:MM`). */
  readonly days: readonly { readonly id: number; readonly switches: readonly { readonly at: string; readonly tariff: number }[] }[];
  /** Days that follow another day's switches, each year (`MM-DD`) or once (`YYYY-MM-DD`). */
  readonly specialDays?: readonly { readonly date: string; readonly day: number }[];
}

/**
 * Life of a command. `unknown` is neither done nor failed: the outcome must be read back.
 * waiting → dispatched → done | failed | unknown → (read-back) done | failed; waiting → expired | cancelled.
 * What can be gone on with (a firmware that is partly in the meter) is dispatched again once it was read back how far it came.
 */
export type CommandState = "waiting" | "dispatched" | "unknown" | "done" | "failed" | "expired" | "cancelled";

export interface CommandRequest {
  /** Chosen by the requester: the same id again is the same command. */
  readonly commandId: string;
  readonly meterId: MeterId;
  readonly control: EndDeviceControl;
  readonly requestedBy: string;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  /** Why, in the requester's words: kept on record, and shown to whoever is to approve it. */
  readonly reason?: string;
}
