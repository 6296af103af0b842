import { LinkError, UsageError } from "@amity/bytes";
import { DEFAULT_RETRY_POLICY, RetryBudget } from "@amity/concentrator";
import type { CommandRequest, RegisterReading } from "@amity/model";
import type { World } from "@amity/runtime";
import { CommandBook } from "./command-book.ts";
import { checkRequest, sameRequest, SwitchingQuota } from "./command-checks.ts";
import {
  executeRead,
  isSwitching,
  isWrite,
  purposeOf,
  readBack,
  sendWrite,
  type Execution,
  type ExecutionWorld,
} from "./command-execution.ts";
import { commandOfOrder, type CommandOrders } from "./command-orders.ts";
import { CommandWait } from "./command-wait.ts";
import type { Committer } from "./committer.ts";
import type { MeterSession } from "./driver.ts";
import type { OrderReport, TimeSpan } from "@amity/concentrator";
import type { Fleet } from "./fleet.ts";
import type { HeadEndNotice } from "./notices.ts";
import { OrderedCommands, type Attempt } from "./ordered-commands.ts";
import type { CommandRecord, Device, Registry } from "./registry.ts";
import { errorText, type SessionBroker } from "./session-broker.ts";

export interface CommandGateParts {
  readonly world: World;
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly broker: SessionBroker;
  readonly committer: Committer;
  /** The way to meters that listen only after they have spoken. */
  readonly orders: CommandOrders;
  readonly switchingPerHourMax: number;
  /** The utility's own policy: a reason not to, or `undefined`. */
  readonly policy: (request: CommandRequest) => string | undefined;
  /** Controls that wait for a second person. */
  readonly approvalFor: ReadonlySet<CommandRequest["control"]["kind"]>;
  /** Reads a span of the load profile into the sink; the outcome in words. */
  readonly readSpan: (device: Device, session: MeterSession, span: TimeSpan) => Promise<string>;
  readonly notify: (notice: HeadEndNotice) => void;
}

/** A concentrator tells of an order that has expired within this time, civil ms; then it is asked. */
const REPORT_LATE_MS = 3_600_000;

/**
 * The one gate that every command passes: request, check, quota, approval where asked, dispatch, read-back, audit. `dispatched` is durable
 * before anything is sent, so that after a crash a command that may have gone out is known to be unknown.
 */
export class CommandGate {
  readonly #parts: CommandGateParts;
  readonly #quota: SwitchingQuota;
  readonly #retry: RetryBudget<string>;
  readonly #book: CommandBook;
  readonly #ordered: OrderedCommands;
  readonly #running = new Set<string>();
  /** Commands that wait for a second person, or for their concentrator. */
  readonly #wait: CommandWait;
  #stop = new AbortController();

  constructor(parts: CommandGateParts) {
    this.#parts = parts;
    this.#quota = new SwitchingQuota(parts.switchingPerHourMax);
    this.#wait = new CommandWait(parts);
    this.#book = new CommandBook(parts);
    this.#ordered = new OrderedCommands(parts.orders, this.#book);
    const policy = { ...DEFAULT_RETRY_POLICY, attemptsMax: Number.POSITIVE_INFINITY, budgetMax: 10_000 };
    this.#retry = new RetryBudget(policy, parts.world.random.fork("command retries"));
  }

  get open(): number {
    return this.#running.size;
  }

  resultOf(commandId: string): readonly RegisterReading[] | undefined {
    return this.#book.resultOf(commandId);
  }

  /** Takes up what the last life left: what may have been sent is unknown and will be read back. */
  async start(): Promise<void> {
    this.#stop = new AbortController();
    for (const record of await this.#parts.registry.openCommands()) {
      if (isSwitching(record.request.control)) this.#quota.count(record.request.requestedAtMs);
      const found =
        record.state === "dispatched"
          ? await this.#book.move(record, "unknown", "the head-end restarted after dispatch: reading back")
          : record;
      if (found !== undefined) this.#run(found);
    }
  }

  stop(): void {
    this.#stop.abort(new LinkError("the head-end stops", { code: "stopped" }));
  }

  /** Checks a request as `submit` does and records nothing: whether it would wait for a second person. @throws UsageError as `submit`. */
  async check(request: CommandRequest): Promise<{ readonly needsApproval: boolean }> {
    await this.#checkImage(request);
    return this.#checkNow(request);
  }

  async #checkImage({ control }: CommandRequest): Promise<void> {
    if (control.kind !== "updateFirmware" || (await this.#parts.registry.firmware(control.image)) !== undefined) return;
    throw new UsageError(`there is no firmware image ${control.image}`, { code: "unknown-firmware", advice: "upload it first" });
  }

  #checkNow(request: CommandRequest): { readonly needsApproval: boolean } {
    const { fleet, broker, world, policy, approvalFor } = this.#parts;
    const nowMs = world.clock.nowMs();
    const device = fleet.device(request.meterId);
    checkRequest(request, { nowMs, device, capabilities: device === undefined ? undefined : broker.capabilitiesOf(device) });
    const objection = policy(request);
    if (objection !== undefined) throw new UsageError(objection, { code: "policy" });
    if (isSwitching(request.control)) this.#quota.check(nowMs);
    return { needsApproval: approvalFor.has(request.control.kind) };
  }

  async submit(request: CommandRequest): Promise<CommandRecord> {
    const { registry, world } = this.#parts;
    const known = await registry.command(request.commandId);
    if (known !== undefined) return sameRequest(known, request);
    await this.#checkImage(request);
    // In one go with the count: two requests at once are two.
    const { needsApproval } = this.#checkNow(request);
    const nowMs = world.clock.nowMs();
    if (isSwitching(request.control)) this.#quota.count(nowMs);
    const record: CommandRecord = {
      request,
      state: "waiting",
      changedAtMs: nowMs,
      outcome: undefined,
      attempts: 0,
      ...(needsApproval ? { approval: {} } : {}),
    };
    const why = request.reason === undefined || request.reason === "" ? "" : ` (${request.reason})`;
    const note = `requested: ${request.control.kind}${why}${needsApproval ? "; waits for a second person" : ""}`;
    const isNew = await registry.addCommand(record, this.#book.entry(record, request.requestedBy, note));
    if (!isNew) return sameRequest((await registry.command(request.commandId)) ?? record, request);
    this.#parts.notify({ kind: "command", command: record });
    this.#run(record);
    return record;
  }

  async approve(commandId: string, { by, note }: { by: string; note: string }): Promise<CommandRecord | undefined> {
    const { registry } = this.#parts;
    const record = await registry.command(commandId);
    if (record === undefined) return undefined;
    if (record.approval === undefined) throw new UsageError(`command ${commandId} needs no second person`, { code: "approval-not-needed" });
    if (record.request.requestedBy === by)
      throw new UsageError("nobody approves his own command", { code: "approval-own", advice: "ask somebody else" });
    const approved: CommandRecord = { ...record, approval: { by, note } };
    const said = note.trim() === "" ? `approved by ${by}` : `approved by ${by}: ${note}`;
    if (!(await registry.approveCommand(commandId, { by, note }, this.#book.entry(record, by, said)))) return undefined;
    this.#parts.notify({ kind: "command", command: approved });
    this.#wait.wake(commandId);
    this.#run(approved);
    return approved;
  }

  async cancel(commandId: string, by: string, note = ""): Promise<boolean> {
    const record = await this.#parts.registry.command(commandId);
    if (record === undefined) return false;
    const isCancelled = await this.#cancelled(record, by, note.trim() === "" ? `cancelled by ${by}` : `cancelled by ${by}: ${note}`);
    if (isCancelled) this.#wait.wake(commandId);
    return isCancelled;
  }

  async #cancelled(record: CommandRecord, by: string, said: string): Promise<boolean> {
    if (record.state === "waiting") return (await this.#book.move(record, "cancelled", said, by)) !== undefined;
    const device = this.#parts.fleet.device(record.request.meterId);
    return record.state === "dispatched" && device !== undefined && this.#ordered.withdraw(record, device, by);
  }

  /**
   * Takes what a concentrator tells of an order. Resolves when it is recorded: only then may the concentrator forget it. What is told twice,
   * or of a command that is at its end, changes nothing.
   */
  async takeReport(concentratorId: string, report: OrderReport): Promise<void> {
    const { registry, fleet } = this.#parts;
    const { commandId, isReadBack } = commandOfOrder(report.orderId);
    const record = await registry.command(commandId);
    const device = record === undefined ? undefined : fleet.device(record.request.meterId);
    if (record === undefined || device?.route.kind !== "wireless" || device.route.concentratorId !== concentratorId) return;
    if (record.state !== "dispatched" && record.state !== "unknown") return;
    if (!isReadBack || report.state === "answered") await this.#ordered.take(record, device, report);
    this.#wait.wake(commandId);
  }

  #run(record: CommandRecord): void {
    const { commandId } = record.request;
    if (this.#stop.signal.aborted || this.#running.has(commandId)) return;
    this.#running.add(commandId);
    void this.#drive(record).then(
      () => this.#running.delete(commandId),
      (error: unknown) => {
        this.#running.delete(commandId);
        this.#parts.world.log.error("command.stuck", { commandId, error: errorText(error) });
      },
    );
  }

  /** Drives a command to its end. Every turn moves it on or waits; the expiry bounds the waiting, the read-back has no other way out. */
  async #drive(first: CommandRecord): Promise<void> {
    const { world } = this.#parts;
    const { signal } = this.#stop;
    let record: CommandRecord | undefined = first;
    while (record !== undefined && !signal.aborted) {
      if (record.state === "waiting" && world.clock.nowMs() >= record.request.expiresAtMs) {
        await this.#book.move(
          record,
          "expired",
          record.outcome === undefined ? "expired before it could be sent" : `expired; last: ${record.outcome}`,
        );
        return;
      }
      if (lacksApproval(record)) {
        record = await this.#untilApproved(record);
        continue;
      }
      if (record.state === "dispatched") {
        record = await this.#untilReported(record);
        continue;
      }
      const before: CommandRecord = record;
      const next: CommandRecord | "again" | undefined = await this.#attempt(before);
      if (next !== "again") {
        this.#retry.succeeded(before.request.commandId);
        record = next;
        if (record?.state === "dispatched") continue;
        if (record === undefined || (record.state !== "waiting" && record.state !== "unknown")) return;
      }
      const delayMs = this.#retry.failed(before.request.commandId) ?? DEFAULT_RETRY_POLICY.delayMsMax;
      const toExpiryMs = (before.request.expiresAtMs - world.clock.nowMs()) / world.clock.speed;
      const waitMs = before.state === "waiting" ? Math.min(delayMs, Math.max(0, toExpiryMs)) : delayMs;
      await world.timers.sleep(waitMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      record = await this.#parts.registry.command(before.request.commandId);
      if (record !== undefined && record.state !== "waiting" && record.state !== "unknown") return;
    }
  }

  /** The command once somebody approved it, cancelled it, or it is time to look again; `undefined` where it no longer waits. */
  async #untilApproved({ request }: CommandRecord): Promise<CommandRecord | undefined> {
    const record = await this.#wait.lookAgain(request.commandId, {
      untilMs: request.expiresAtMs,
      mustWait: lacksApproval,
      signal: this.#stop.signal,
    });
    return record?.state === "waiting" ? record : undefined;
  }

  /** The command once its concentrator told of it; unknown, to be asked for, where it tells nothing; `undefined` where it is at its end. */
  async #untilReported({ request }: CommandRecord): Promise<CommandRecord | undefined> {
    const untilMs = request.expiresAtMs + REPORT_LATE_MS;
    const record = await this.#wait.lookAgain(request.commandId, { untilMs, mustWait: isDispatched, signal: this.#stop.signal });
    if (record?.state !== "dispatched") return record?.state === "unknown" ? record : undefined;
    if (this.#parts.world.clock.nowMs() < untilMs) return record;
    return this.#book.move(record, "unknown", "its concentrator tells nothing of it: asking");
  }

  /** One contact with the meter: the command as it is afterwards, `again` when the meter could not be reached. */
  async #attempt(record: CommandRecord): Promise<Attempt> {
    const { fleet, broker } = this.#parts;
    const { request } = record;
    const device = fleet.device(request.meterId);
    if (device === undefined) return this.#book.move(record, "failed", "the meter is no longer registered");
    if (this.#parts.orders.serves(device)) return this.#ordered.attempt(record, device);
    const wish = { purpose: purposeOf(request.control), urgent: true };
    let dispatched: CommandRecord | undefined;
    try {
      return await broker.withSession(device, wish, async (session) => {
        const found = record.state === "unknown" ? await readBack(session, request.control, this.#world()) : undefined;
        if (found !== undefined && !(found.kind === "open" && found.canGoOn && !this.#isLate(request)))
          return this.#settle(record, device, found);
        dispatched = await this.#book.move(record, "dispatched", found === undefined ? "dispatched" : `${found.outcome}: going on`);
        if (dispatched === undefined) return undefined;
        return this.#settle(dispatched, device, await this.#execute(device, session, dispatched));
      });
    } catch (error) {
      if (dispatched === undefined) return "again";
      const text = errorText(error);
      // A read can be asked again at any time; a write may have happened.
      if (isWrite(request.control)) return this.#book.move(dispatched, "unknown", `no answer (${text}): reading back`);
      return this.#book.move(dispatched, "waiting", `not completed: ${text}`);
    }
  }

  async #execute(device: Device, session: MeterSession, record: CommandRecord): Promise<Execution> {
    const { request } = record;
    const { control } = request;
    if (control.kind === "readProfile") return { kind: "done", outcome: await this.#parts.readSpan(device, session, control) };
    if (!isWrite(control)) return executeRead(session, request);
    const answer = await sendWrite(session, control, this.#world(), async (step) => {
      if ((await this.#book.move(record, "dispatched", step)) === undefined)
        throw new LinkError("somebody else moved the command", { code: "stopped" });
    });
    if (answer.kind === "refused") return { kind: "failed", outcome: `refused: ${answer.reason}` };
    return readBack(session, control, this.#world());
  }

  /**
   * What a host has taken for a meter behind it comes with that meter's next window, what a meter is at with time: looked at again until
   * the command expires.
   */
  async #settle(record: CommandRecord, device: Device, execution: Execution): Promise<Attempt> {
    const isLate = this.#isLate(record.request);
    if (execution.kind === "open") {
      if (isLate) return this.#book.finish(record, { kind: "failed", outcome: `expired; ${execution.outcome}` });
      return record.state === "unknown" ? "again" : this.#book.move(record, "unknown", execution.outcome);
    }
    const mayCome = execution.kind === "failed" && execution.mayCome === true && device.route.kind === "behind" && !isLate;
    if (!mayCome) return this.#book.finish(record, execution);
    if (record.state === "unknown") return "again";
    return this.#book.move(record, "unknown", "its host has taken it for the meter's next window: looking again");
  }

  #isLate({ expiresAtMs }: CommandRequest): boolean {
    return this.#parts.world.clock.nowMs() >= expiresAtMs;
  }

  #world(): ExecutionWorld {
    const { registry, world } = this.#parts;
    const { clock, timers } = world;
    return {
      nowMs: () => clock.nowMs(),
      sleep: (delayMs) => timers.sleep(delayMs),
      firmware: (identification) => registry.firmware(identification),
    };
  }
}

function lacksApproval({ state, approval }: CommandRecord): boolean {
  return state === "waiting" && approval !== undefined && approval.by === undefined;
}

function isDispatched({ state }: CommandRecord): boolean {
  return state === "dispatched";
}
