import { DecodeError } from "@amity/bytes";
import { data, decodeData, encodeData, type DlmsData } from "@amity/dlms";
import { decodeTelegrams, encodeTelegrams, type HeardTelegram } from "./heard-telegram.ts";
import { unixMs, unixMsOf } from "../unix-ms.ts";

/** Object of a delivery that tells what became of an order; its payload is `encodeOrderReport`. */
export const ORDER_OBJECT = "wmbus-order";

/**
 * What is to be said to a meter of wireless M-Bus when it listens: right after one of its own telegrams. The telegrams are made and
 * closed by whoever has the meter's key; each goes out when the meter has answered the one before, and again, octet by octet the same,
 * for as long as its answer does not come.
 */
export interface MeterOrder {
  /** Chosen by the head-end: the same id again is the same order. */
  readonly orderId: string;
  readonly meterId: string;
  readonly expiresAtMs: number;
  /** From the end of the meter's telegram to the beginning of ours (ms): its mode's response window (EN 13757-4, 11.6). */
  readonly answerAfterMs: number;
  readonly telegrams: readonly Uint8Array[];
  /** Ends the exchange (SND-NKE): sent once, nothing answers to it. */
  readonly ending?: Uint8Array;
}

/**
 * `queued`: waits for the meter's next telegram. `sent`: was on the air, no answer yet. `answered`: the meter answered every telegram.
 * `expired`: never was on the air, and never will be. `unanswered`: was on the air, and time is up: what came of it is not known here.
 */
export const ORDER_STATES = ["queued", "sent", "answered", "expired", "unanswered"] as const;
export type OrderState = (typeof ORDER_STATES)[number];

/** What became of an order so far. */
export interface OrderReport {
  readonly orderId: string;
  readonly state: OrderState;
  readonly atMs: number;
  /** How often something of it was sent. */
  readonly sends: number;
  /** What the meter answered, as it came. */
  readonly answers: readonly HeardTelegram[];
}

/** Telegrams of one order. */
export const ORDER_TELEGRAMS_MAX = 4;
const ORDER_ID_MAX = 256;
const TELEGRAM_OCTETS_MAX = 291;

export function isFinished(state: OrderState): boolean {
  return state !== "queued" && state !== "sent";
}

/** A-XDR: structure (id, meter, expiry UTC ms, answer after in tenths of a ms, telegrams, ending or nothing). */
export function orderData(order: MeterOrder): DlmsData {
  return data.structure(
    data.utf8(order.orderId),
    data.utf8(order.meterId),
    unixMs(order.expiresAtMs),
    data.longUnsigned(Math.round(order.answerAfterMs * 10)),
    data.array(...order.telegrams.map((octets) => data.octets(octets))),
    order.ending === undefined ? data.nothing : data.octets(order.ending),
  );
}

/** @throws DecodeError. */
export function orderOfData(value: DlmsData | undefined): MeterOrder {
  const [orderId, meterId, expires, after, telegrams, ending] = value?.type === "structure" ? value.value : [];
  if (orderId?.type !== "utf8-string" || meterId?.type !== "utf8-string") throw malformed("order");
  if (after?.type !== "long-unsigned" || telegrams?.type !== "array") throw malformed("order");
  if (orderId.value === "" || orderId.value.length > ORDER_ID_MAX) throw malformed("order id");
  if (telegrams.value.length === 0 || telegrams.value.length > ORDER_TELEGRAMS_MAX) throw malformed("list of telegrams");
  return {
    orderId: orderId.value,
    meterId: meterId.value,
    expiresAtMs: unixMsOf(expires, "expiry"),
    answerAfterMs: after.value / 10,
    telegrams: telegrams.value.map(telegramOf),
    ...(ending === undefined || ending.type === "null-data" ? {} : { ending: telegramOf(ending) }),
  };
}

function telegramOf(value: DlmsData): Uint8Array {
  if (value.type !== "octet-string" || value.value.length > TELEGRAM_OCTETS_MAX) throw malformed("telegram");
  return value.value.slice();
}

/** A-XDR: structure (id, state as enum, at UTC ms, sends, answers as `encodeTelegrams`). */
export function reportData({ orderId, state, atMs, sends, answers }: OrderReport): DlmsData {
  return data.structure(
    data.utf8(orderId),
    data.enumerated(ORDER_STATES.indexOf(state)),
    unixMs(atMs),
    data.doubleLongUnsigned(sends),
    data.octets(encodeTelegrams(answers)),
  );
}

/** @throws DecodeError. */
export function reportOfData(value: DlmsData): OrderReport {
  const [orderId, state, at, sends, answers] = value.type === "structure" ? value.value : [];
  const name = state?.type === "enum" ? ORDER_STATES[state.value] : undefined;
  if (orderId?.type !== "utf8-string" || name === undefined) throw malformed("report");
  if (sends?.type !== "double-long-unsigned" || answers?.type !== "octet-string") throw malformed("report");
  return { orderId: orderId.value, state: name, atMs: unixMsOf(at, "at"), sends: sends.value, answers: decodeTelegrams(answers.value) };
}

export function encodeOrderReport(report: OrderReport): Uint8Array {
  return encodeData(reportData(report));
}

/** @throws DecodeError. */
export function decodeOrderReport(payload: Uint8Array): OrderReport {
  return reportOfData(decodeData(payload));
}

function malformed(what: string): DecodeError {
  return new DecodeError(`no ${what} of a wireless meter`, { offset: -1, code: "malformed" });
}
