import { LinkError } from "@amity/bytes";
import type { MeterOrder, OrderReport } from "@amity/concentrator";
import type { EndDeviceControl } from "@amity/model";
import type { World } from "@amity/runtime";
import { executeRead, isWrite, readBack, type Execution } from "./command-execution.ts";
import { collectedOf, type Committer } from "./committer.ts";
import { seenNow } from "./collector.ts";
import type { OrderingDriver } from "./driver.ts";
import type { InvocationCounters } from "./invocation-counters.ts";
import type { KeyVault } from "./key-vault.ts";
import type { CommandRecord, Device } from "./registry.ts";
import type { SessionBroker } from "./session-broker.ts";

/** The way of orders to concentrators. Each call throws LinkError where the concentrator is not connected, or does not answer. */
export interface OrderRoutes {
  isOnline(concentratorId: string): boolean;
  /** `undefined` where the concentrator does not listen for the meter. */
  placeOrder(concentratorId: string, order: MeterOrder): Promise<OrderReport | undefined>;
  orderStatus(concentratorId: string, orderId: string): Promise<OrderReport | undefined>;
  withdrawOrder(concentratorId: string, orderId: string): Promise<OrderReport | undefined>;
}

export interface CommandOrdersParts {
  readonly world: World;
  readonly routes: OrderRoutes;
  readonly broker: Pick<SessionBroker, "driverOf">;
  readonly keys: KeyVault;
  readonly counters: InvocationCounters;
  readonly committer: Committer;
}

/** Between the command and the number of a read-back in the id of its order. */
const READ_BACK = "~";
/** Read-backs of one command that its concentrator may remember. */
const READ_BACKS_MAX = 100;
/** A read-back waits this long for the meter, civil ms. */
const READ_BACK_LIFE_MS = 86_400_000;

/** The command that an order belongs to. */
export function commandOfOrder(orderId: string): { readonly commandId: string; readonly isReadBack: boolean } {
  const at = orderId.lastIndexOf(READ_BACK);
  return at < 0 ? { commandId: orderId, isReadBack: false } : { commandId: orderId.slice(0, at), isReadBack: true };
}

/**
 * Commands to meters that listen only after they have spoken: each is an order at their concentrator, under the command's own id, so that
 * it is placed once however often it is sent there.
 */
export class CommandOrders {
  readonly #parts: CommandOrdersParts;

  constructor(parts: CommandOrdersParts) {
    this.#parts = parts;
  }

  /** Whether a device is reached by orders. @throws UsageError where it has no driver. */
  serves(device: Device): boolean {
    return this.#driver(device) !== undefined;
  }

  isReachable(device: Device): boolean {
    return this.#parts.routes.isOnline(concentratorOf(device));
  }

  /** Makes the order of a command and gives it to the concentrator. `onReady` is called when it is made, before anything is sent. */
  async place(device: Device, { request }: CommandRecord, onReady: () => Promise<boolean>): Promise<OrderReport | undefined | "taken"> {
    const { commandId, meterId, control, expiresAtMs } = request;
    const content = await this.#content(device, control);
    if (!(await onReady())) return "taken";
    return this.#parts.routes.placeOrder(concentratorOf(device), { orderId: commandId, meterId, expiresAtMs, ...content });
  }

  /** How a command's order stands at the concentrator; `undefined` where it knows none. */
  status(device: Device, commandId: string): Promise<OrderReport | undefined> {
    return this.#parts.routes.orderStatus(concentratorOf(device), commandId);
  }

  withdraw(device: Device, commandId: string): Promise<OrderReport | undefined> {
    return this.#parts.routes.withdrawOrder(concentratorOf(device), commandId);
  }

  /** Asks the meter what came of a command, or how the asking stands. */
  async readBack(device: Device, { request: { commandId, meterId } }: CommandRecord): Promise<OrderReport | undefined> {
    const { world, routes } = this.#parts;
    for (let round = 1; round <= READ_BACKS_MAX; round++) {
      const orderId = `${commandId}${READ_BACK}${round}`;
      const known = await routes.orderStatus(concentratorOf(device), orderId);
      if (known?.state === "expired" || known?.state === "unanswered") continue;
      if (known !== undefined) return known;
      const content = await this.#content(device, "readBack");
      const expiresAtMs = world.clock.nowMs() + READ_BACK_LIFE_MS;
      return routes.placeOrder(concentratorOf(device), { orderId, meterId, expiresAtMs, ...content });
    }
    throw new LinkError(`${meterId} answered none of ${READ_BACKS_MAX} read-backs`, { code: "no-answer" });
  }

  /** What the meter's answers say of a command; their readings go to the sink. @throws DecodeError, SecurityError for answers not to be believed. */
  async judge(
    device: Device,
    { request }: CommandRecord,
    { answers }: OrderReport,
  ): Promise<Extract<Execution, { kind: "done" | "failed" }>> {
    const { world, committer, keys } = this.#parts;
    const driver = this.#driver(device);
    const answer = await driver?.answered(device, answers, { keys });
    if (driver === undefined || answer === undefined) return { kind: "failed", outcome: "its driver gives no orders" };
    if (answer.kind === "refused") return { kind: "failed", outcome: `refused: ${answer.reason}` };
    const session = answer.value;
    const all = await session.readAll?.();
    if (all?.kind === "done") {
      const health = seenNow(world.clock.nowMs());
      await committer.commit({ meterId: device.meterId, ...collectedOf(all.value), covered: [], health });
    }
    // The answer does not change by asking it again.
    const at = { nowMs: () => world.clock.nowMs(), sleep: () => Promise.resolve(), firmware: () => Promise.resolve(undefined) };
    const execution = isWrite(request.control) ? await readBack(session, request.control, at) : await executeRead(session, request);
    return execution.kind === "open" ? { kind: "failed", outcome: execution.outcome } : execution;
  }

  #content(device: Device, control: EndDeviceControl | "readBack") {
    const { keys, counters, world } = this.#parts;
    const content = this.#driver(device)?.orderOf(device, control, { keys, counters, nowMs: world.clock.nowMs() });
    return content ?? Promise.reject(new LinkError(`${device.meterId} takes no orders`, { code: "no-answer" }));
  }

  #driver(device: Device): OrderingDriver | undefined {
    return device.route.kind === "wireless" ? this.#parts.broker.driverOf(device).orders : undefined;
  }
}

function concentratorOf({ route }: Device): string {
  return route.kind === "wireless" ? route.concentratorId : "";
}

/** For the person who follows a command: where its order is. */
export function progressOf({ state, sends }: OrderReport, device: Device): string {
  const where = concentratorOf(device);
  if (state === "queued") return `queued at ${where}: waits for the meter's next telegram`;
  return `sent by ${where} in the meter's window${sends > 1 ? ` (${sends} telegrams)` : ""}: waits for its answer`;
}
