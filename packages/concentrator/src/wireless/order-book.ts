import { DecodeError, fromHex, LinkError, toHex } from "@amity/bytes";
import type { Files } from "@amity/runtime";
import { isFinished, ORDER_STATES, type MeterOrder, type OrderReport, type OrderState } from "./meter-order.ts";
import type { HeardTelegram } from "./heard-telegram.ts";

const PATH = "orders.json";
/** Orders that may be open at once, and finished ones that are remembered. */
const OPEN_MAX = 500;
const FINISHED_MAX = 1_000;
/** A finished order is remembered this long after its expiry: nobody may send it again meanwhile. */
const REMEMBERED_MS = 31 * 86_400_000;

/** An order with what became of it. */
export interface HeldOrder {
  readonly order: MeterOrder;
  readonly state: OrderState;
  readonly changedAtMs: number;
  readonly sends: number;
  readonly answers: readonly HeardTelegram[];
}

/** The orders of a concentrator, on disk before anybody is told that they are taken. */
export class OrderBook {
  readonly #files: Files;
  #held = new Map<string, HeldOrder>();
  #saving: Promise<void> = Promise.resolve();

  private constructor(files: Files) {
    this.#files = files;
  }

  /** Opens what the disk holds. Of an order that was queued nobody knows any more whether it went on the air: it counts as sent. */
  static async open(files: Files): Promise<OrderBook> {
    const book = new OrderBook(files);
    const content = await files.read(PATH);
    for (const held of content === undefined ? [] : parse(content))
      book.#held.set(held.order.orderId, held.state === "queued" ? { ...held, state: "sent" } : held);
    return book;
  }

  get(orderId: string): HeldOrder | undefined {
    return this.#held.get(orderId);
  }

  /** Orders that are not at their end, oldest first. */
  get open(): readonly HeldOrder[] {
    return [...this.#held.values()].filter(({ state }) => !isFinished(state));
  }

  /** The oldest open order of a meter: its turn. */
  next(meterId: string): HeldOrder | undefined {
    for (const held of this.#held.values()) if (held.order.meterId === meterId && !isFinished(held.state)) return held;
    return undefined;
  }

  /** Changes an order in memory; `save` makes it last. */
  put(held: HeldOrder): void {
    this.#held.set(held.order.orderId, held);
  }

  /** Takes a new order, durably. @throws LinkError `orders-full`, or what the disk says: it is not taken then. */
  async add(held: HeldOrder): Promise<void> {
    if (this.open.length >= OPEN_MAX)
      throw new LinkError(`${OPEN_MAX} orders wait already`, { code: "orders-full", advice: "they end when they expire" });
    this.put(held);
    try {
      await this.save(held.changedAtMs);
    } catch (error) {
      this.#held.delete(held.order.orderId);
      throw error;
    }
  }

  /** Writes the book down, one writing after another. @throws LinkError when the disk refuses; the old content stays. */
  save(nowMs: number): Promise<void> {
    const writing = this.#saving.then(() => {
      this.#prune(nowMs);
      return this.#files.replace(PATH, new TextEncoder().encode(JSON.stringify([...this.#held.values()].map(entryOf))));
    });
    this.#saving = writing.catch(() => undefined);
    return writing;
  }

  #prune(nowMs: number): void {
    const finished = [...this.#held.values()].filter(({ state }) => isFinished(state));
    for (const [index, { order }] of finished.entries())
      if (index < finished.length - FINISHED_MAX || order.expiresAtMs + REMEMBERED_MS < nowMs) this.#held.delete(order.orderId);
  }
}

/** What a report says of an order. */
export function reportOf({ order, state, changedAtMs, sends, answers }: HeldOrder): OrderReport {
  return { orderId: order.orderId, state, atMs: changedAtMs, sends, answers };
}

function entryOf({ order, state, changedAtMs, sends, answers }: HeldOrder): unknown[] {
  const { orderId, meterId, expiresAtMs, answerAfterMs, telegrams, ending } = order;
  const heard = answers.map(({ atMs, octets }) => [atMs, toHex(octets)]);
  const closing = ending === undefined ? "" : toHex(ending);
  return [
    orderId,
    meterId,
    expiresAtMs,
    answerAfterMs,
    telegrams.map((octets) => toHex(octets)),
    closing,
    state,
    changedAtMs,
    sends,
    heard,
  ];
}

/** A damaged book is an empty one: the head-end asks the meters what they did. */
function parse(content: Uint8Array): HeldOrder[] {
  try {
    const entries: unknown = JSON.parse(new TextDecoder().decode(content));
    return Array.isArray(entries) ? entries.map(parseEntry) : [];
  } catch {
    return [];
  }
}

function parseEntry(entry: unknown): HeldOrder {
  const [orderId, meterId, expiresAtMs, answerAfterMs, telegrams, ending, state, changedAtMs, sends, heard]: unknown[] = Array.isArray(
    entry,
  )
    ? entry
    : [];
  const known = ORDER_STATES.find((name) => name === state);
  if (typeof orderId !== "string" || typeof meterId !== "string" || typeof ending !== "string" || known === undefined) throw noEntry();
  if (!Array.isArray(telegrams) || !Array.isArray(heard)) throw noEntry();
  const order: MeterOrder = {
    orderId,
    meterId,
    expiresAtMs: numberOf(expiresAtMs),
    answerAfterMs: numberOf(answerAfterMs),
    telegrams: telegrams.map(octetsOf),
    ...(ending === "" ? {} : { ending: fromHex(ending) }),
  };
  const answers = heard.map((one: unknown): HeardTelegram => {
    const [atMs, octets]: unknown[] = Array.isArray(one) ? one : [];
    return { atMs: numberOf(atMs), octets: octetsOf(octets) };
  });
  return { order, state: known, changedAtMs: numberOf(changedAtMs), sends: numberOf(sends), answers };
}

function numberOf(value: unknown): number {
  if (typeof value !== "number") throw noEntry();
  return value;
}

function octetsOf(value: unknown): Uint8Array {
  if (typeof value !== "string") throw noEntry();
  return fromHex(value);
}

function noEntry(): DecodeError {
  return new DecodeError("no entry", { offset: -1 });
}
