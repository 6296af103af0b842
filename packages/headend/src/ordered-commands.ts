import { DecodeError, SecurityError } from "@amity/bytes";
import type { OrderReport } from "@amity/concentrator";
import type { CommandBook } from "./command-book.ts";
import { progressOf, type CommandOrders } from "./command-orders.ts";
import type { CommandRecord, Device } from "./registry.ts";
import { errorText } from "./session-broker.ts";

/** What a contact made of a command: the command as it is afterwards, `again` where nobody was reached. */
export type Attempt = CommandRecord | "again" | undefined;

/** Carries commands out as orders to concentrators: what may have been ordered is asked for, never ordered again. */
export class OrderedCommands {
  readonly #orders: CommandOrders;
  readonly #book: CommandBook;

  constructor(orders: CommandOrders, book: CommandBook) {
    this.#orders = orders;
    this.#book = book;
  }

  /** Gives a command to the meter's concentrator, or asks there what came of it. */
  async attempt(record: CommandRecord, device: Device): Promise<Attempt> {
    const [orders, book] = [this.#orders, this.#book];
    if (!orders.isReachable(device)) return "again";
    let dispatched: CommandRecord | undefined;
    try {
      if (record.state === "unknown") return await this.#ask(record, device);
      const report = await orders.place(device, record, async () => {
        dispatched = await book.move(record, "dispatched", "dispatched");
        return dispatched !== undefined;
      });
      if (report === "taken" || dispatched === undefined) return undefined;
      if (report === undefined) return await book.move(dispatched, "failed", "its concentrator does not listen for this meter");
      return await this.take(dispatched, device, report);
    } catch (error) {
      if (error instanceof SecurityError && dispatched === undefined) return book.move(record, "failed", error.message);
      if (dispatched === undefined) return "again";
      return book.move(dispatched, "unknown", `no answer of its concentrator (${errorText(error)}): asking`);
    }
  }

  /** Takes what a concentrator tells of the order of a command. */
  async take(record: CommandRecord, device: Device, report: OrderReport): Promise<CommandRecord | undefined> {
    const book = this.#book;
    switch (report.state) {
      case "queued":
      case "sent":
        return book.move(record, "dispatched", progressOf(report, device));
      case "expired":
        return book.move(record, "expired", "expired: the meter was not heard in time, nothing was sent");
      case "unanswered":
        if (record.state === "unknown") return record;
        return book.move(record, "unknown", "the meter did not acknowledge it in time: reading back");
      case "answered":
        return this.#takeAnswer(record, device, report);
    }
  }

  /** Takes back an order that its concentrator has not sent yet. */
  async withdraw(record: CommandRecord, device: Device, by: string): Promise<boolean> {
    const orders = this.#orders;
    if (!orders.serves(device) || !orders.isReachable(device)) return false;
    const report = await orders.withdraw(device, record.request.commandId);
    if (report?.state !== "expired") return false;
    return (await this.#book.move(record, "cancelled", `cancelled by ${by} before it was sent`, by)) !== undefined;
  }

  /** Its concentrator knows how an order stands, or the meter is asked. */
  async #ask(record: CommandRecord, device: Device): Promise<Attempt> {
    const orders = this.#orders;
    const known = await orders.status(device, record.request.commandId);
    if (known !== undefined && known.state !== "unanswered") return this.take(record, device, known);
    const asked = await orders.readBack(device, record);
    return asked?.state === "answered" ? this.take(record, device, asked) : "again";
  }

  /** An answer that is not to be believed leaves the outcome unknown: the meter is asked anew. */
  async #takeAnswer(record: CommandRecord, device: Device, report: OrderReport): Promise<CommandRecord | undefined> {
    const book = this.#book;
    try {
      return await book.finish(record, await this.#orders.judge(device, record, report));
    } catch (error) {
      if (!(error instanceof SecurityError || error instanceof DecodeError)) throw error;
      if (record.state === "unknown") return book.move(record, "failed", `the meter's answer is not to be believed: ${error.message}`);
      return book.move(record, "unknown", `the meter's answer is not to be believed (${error.message}): reading back`);
    }
  }
}
