import { LinkError } from "@amity/bytes";
import { decodeTelegram, WIRELESS_CONTROL, type Telegram } from "@amity/mbus";
import type { Timer, World } from "@amity/runtime";
import { encodeDelivery } from "../delivery.ts";
import type { DeliveryLog } from "../delivery-log.ts";
import { reportOf, type HeldOrder, type OrderBook } from "./order-book.ts";
import { encodeOrderReport, isFinished, ORDER_OBJECT, type MeterOrder, type OrderReport, type OrderState } from "./meter-order.ts";

export interface OrderDeskParts {
  readonly world: Pick<World, "clock" | "timers" | "log">;
  readonly book: OrderBook;
  readonly log: DeliveryLog;
  /** Whether a meter is on the concentrator's list. */
  readonly knows: (meterId: string) => boolean;
}

/** A telegram for the meter that was just heard: its beginning is due `afterMs` after the end of what was heard. */
export interface RadioReply {
  readonly octets: Uint8Array;
  readonly afterMs: number;
}

/** What is being said to a meter. */
interface Exchange {
  readonly orderId: string;
  /** Which telegram of the order was sent last, and the access number that its answer repeats. */
  readonly index: number;
  readonly accessNumber: number;
  readonly sentMs: number;
}

/** An answer comes within this time of what it answers (machine time): the longest window, and what is on the air meanwhile. */
const ANSWER_WITHIN_MS = 5_000;
/** A repeater's copy of a telegram opens no second window. */
const COPY_WITHIN_MS = 1_000;
const TIMER_MS_MAX = 86_400_000;
/** C fields after which a meter that can listens: SND-NR, SND-IR, ACC-NR, ACC-DMD. */
const OPENING: ReadonlySet<number> = new Set([
  WIRELESS_CONTROL.sndNr,
  WIRELESS_CONTROL.sndIr,
  WIRELESS_CONTROL.accNr,
  WIRELESS_CONTROL.accDmd,
]);
/** ACK, NACK and RSP-UD, whatever their flow control bits. */
const ANSWERS: ReadonlySet<number> = new Set([0x00, 0x01, WIRELESS_CONTROL.rspUd]);
const FUNCTION = 0x4f;

/**
 * Says to meters what it was told to say, in the moments in which they listen. An order is on disk before it is taken, its telegrams are
 * sent again unchanged until each was answered, and how it goes is delivered as a report. A meter's orders go one after another.
 */
export class OrderDesk {
  readonly #parts: OrderDeskParts;
  readonly #exchanges = new Map<string, Exchange>();
  readonly #openedMs = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(parts: OrderDeskParts) {
    this.#parts = parts;
    this.#watchExpiry();
  }

  /**
   * Takes an order; one that is known already is left as it is. @throws LinkError where it cannot be kept, DecodeError for what is no telegram.
   * @returns how it stands; `undefined` for a meter that is not on the list.
   */
  async place(order: MeterOrder): Promise<OrderReport | undefined> {
    const { world, book, knows } = this.#parts;
    const known = book.get(order.orderId);
    if (known !== undefined) return reportOf(known);
    if (!knows(order.meterId)) return undefined;
    for (const octets of order.telegrams) decodeTelegram(octets);
    const held: HeldOrder = { order, state: "queued", changedAtMs: world.clock.nowMs(), sends: 0, answers: [] };
    await book.add(held);
    this.#watchExpiry();
    return reportOf(held);
  }

  /** Orders that are not at their end. */
  get open(): readonly OrderReport[] {
    return this.#parts.book.open.map(reportOf);
  }

  /** How an order stands; `undefined` where it is not known. */
  status(orderId: string): OrderReport | undefined {
    const held = this.#parts.book.get(orderId);
    return held === undefined ? undefined : reportOf(held);
  }

  /** Takes back an order that was not sent yet. @returns how it stands then. */
  async withdraw(orderId: string): Promise<OrderReport | undefined> {
    const held = this.#parts.book.get(orderId);
    if (held?.state === "queued") await this.#change(held, { state: "expired" });
    return this.status(orderId);
  }

  /** A telegram of a meter was heard: what is to be sent to it now, if anything. Decided at once, written down afterwards. */
  heard(meterId: string, telegram: Telegram, octets: Uint8Array): RadioReply | undefined {
    const { control } = telegram;
    if (OPENING.has(control)) return this.#open(meterId);
    return ANSWERS.has(control & FUNCTION) ? this.#answered(meterId, telegram, octets) : undefined;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** The meter listens: the first telegram of its order that was not answered. */
  #open(meterId: string): RadioReply | undefined {
    const { world, book } = this.#parts;
    const nowMs = world.timers.elapsedMs();
    const isCopy = nowMs - (this.#openedMs.get(meterId) ?? Number.NEGATIVE_INFINITY) < COPY_WITHIN_MS;
    this.#openedMs.set(meterId, nowMs);
    const held = book.next(meterId);
    if (held === undefined || isCopy || held.order.expiresAtMs <= world.clock.nowMs()) return undefined;
    return this.#send(held, held.answers.length);
  }

  #send(held: HeldOrder, index: number): RadioReply | undefined {
    const { world } = this.#parts;
    const { order } = held;
    const octets = order.telegrams[index];
    if (octets === undefined) return undefined;
    const accessNumber = decodeTelegram(octets).application.header?.accessNumber ?? 0;
    this.#exchanges.set(order.meterId, { orderId: order.orderId, index, accessNumber, sentMs: world.timers.elapsedMs() });
    this.#keep(held, { state: "sent", sends: held.sends + 1 }, held.state !== "sent");
    return { octets, afterMs: order.answerAfterMs };
  }

  /** The meter answered what was sent: on to the next telegram, or the order is carried out. */
  #answered(meterId: string, telegram: Telegram, octets: Uint8Array): RadioReply | undefined {
    const { world, book } = this.#parts;
    const exchange = this.#exchanges.get(meterId);
    const held = exchange === undefined ? undefined : book.get(exchange.orderId);
    if (exchange === undefined || held === undefined || isFinished(held.state)) return undefined;
    const isLate = world.timers.elapsedMs() - exchange.sentMs > ANSWER_WITHIN_MS;
    if (isLate || telegram.application.header?.accessNumber !== exchange.accessNumber) return undefined;
    const answers = [...held.answers.slice(0, exchange.index), { atMs: world.clock.nowMs(), octets: octets.slice() }];
    const isRefused = (telegram.control & FUNCTION) === 1 || telegram.application.applicationError !== undefined;
    const isLast = isRefused || exchange.index + 1 >= held.order.telegrams.length;
    if (!isLast) {
      const answered: HeldOrder = { ...held, answers };
      return this.#send(answered, exchange.index + 1);
    }
    this.#exchanges.delete(meterId);
    this.#keep(held, { state: "answered", answers }, true);
    const { ending, answerAfterMs } = held.order;
    return ending === undefined ? undefined : { octets: ending, afterMs: answerAfterMs };
  }

  /** Changes an order at once, and on disk as soon as that is possible: a window waits for no disk. */
  #keep(held: HeldOrder, change: Partial<HeldOrder>, isTold: boolean): void {
    const { world, book } = this.#parts;
    const changed: HeldOrder = { ...held, ...change, changedAtMs: world.clock.nowMs() };
    book.put(changed);
    if (isTold)
      this.#tell(changed).catch((error: unknown) => {
        // A full disk: the head-end asks how the order stands when it hears nothing of it.
        if (!(error instanceof LinkError)) world.log.error("concentrator.order", { error: String(error) });
      });
  }

  async #change(held: HeldOrder, change: { readonly state: OrderState }): Promise<void> {
    const changed: HeldOrder = { ...held, ...change, changedAtMs: this.#parts.world.clock.nowMs() };
    this.#parts.book.put(changed);
    await this.#tell(changed);
  }

  /** The report is in the log before the book says so: a crash in between tells it twice, never not at all. */
  async #tell(held: HeldOrder): Promise<void> {
    const { log, book, world } = this.#parts;
    const { meterId } = held.order;
    const span = { fromMs: held.changedAtMs, toMs: held.changedAtMs };
    const payload = encodeOrderReport(reportOf(held));
    await log.append(encodeDelivery({ meterId, object: ORDER_OBJECT, collectedAtMs: held.changedAtMs, span, payload }));
    await book.save(world.clock.nowMs());
  }

  /** Ends what has expired, and looks again when the next one does. */
  #watchExpiry(): void {
    const { world, book } = this.#parts;
    this.#timer?.cancel();
    const nowMs = world.clock.nowMs();
    let nextMs = nowMs + TIMER_MS_MAX;
    for (const held of book.open) {
      if (held.order.expiresAtMs > nowMs) nextMs = Math.min(nextMs, held.order.expiresAtMs);
      else this.#keep(held, { state: held.state === "queued" ? "expired" : "unanswered" }, true);
    }
    if (book.open.length > 0) this.#timer = world.clock.at(nextMs, () => this.#watchExpiry());
  }
}
