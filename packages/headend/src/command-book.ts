import type { CommandState, RegisterReading } from "@amity/model";
import type { World } from "@amity/runtime";
import type { Execution } from "./command-execution.ts";
import { CommandResults } from "./command-results.ts";
import { seenNow } from "./collector.ts";
import type { Committer } from "./committer.ts";
import type { HeadEndNotice } from "./notices.ts";
import type { CommandAudit, CommandRecord, DeviceHealth, Registry } from "./registry.ts";

export interface CommandBookParts {
  readonly world: World;
  readonly registry: Registry;
  readonly committer: Committer;
  readonly notify: (notice: HeadEndNotice) => void;
}

/** Who writes into the audit trail when no person does. */
const HEAD_END = "head-end";

/** Writes down what becomes of commands: each step durably, with its audit entry, and told to whoever follows. */
export class CommandBook {
  readonly #parts: CommandBookParts;
  readonly #results = new CommandResults();

  constructor(parts: CommandBookParts) {
    this.#parts = parts;
  }

  resultOf(commandId: string): readonly RegisterReading[] | undefined {
    return this.#results.of(commandId);
  }

  /** Moves a command on, durably and with its audit entry; `undefined` when somebody else moved it first. */
  async move(record: CommandRecord, state: CommandState, note: string, by = HEAD_END): Promise<CommandRecord | undefined> {
    const moved: CommandRecord = {
      request: record.request,
      state,
      changedAtMs: this.#parts.world.clock.nowMs(),
      outcome: state === "dispatched" ? undefined : note,
      attempts: record.attempts + (state === "dispatched" && record.state === "waiting" ? 1 : 0),
      ...(record.approval === undefined ? {} : { approval: record.approval }),
    };
    const isOurs = await this.#parts.registry.moveCommand(record.state, moved, this.entry(moved, by, note));
    if (!isOurs) return undefined;
    this.#parts.notify({ kind: "command", command: moved });
    return moved;
  }

  /** Brings a command to its end: what it read goes to the sink, what it says of the meter to the registry. */
  async finish(record: CommandRecord, execution: Extract<Execution, { kind: "done" | "failed" }>): Promise<CommandRecord | undefined> {
    const { world, committer } = this.#parts;
    const { meterId, commandId } = record.request;
    const { supply, firmware } = execution;
    const health: Partial<DeviceHealth> = {
      ...seenNow(world.clock.nowMs()),
      ...(supply === undefined ? {} : { supply }),
      ...(firmware === undefined ? {} : { firmware }),
    };
    const registers = execution.kind === "done" ? (execution.registers ?? []) : [];
    await committer.commit({ meterId, batches: [{ intervals: [], registers, events: [], source: "headend" }], covered: [], health });
    if (registers.length > 0) this.#results.keep(commandId, registers);
    return this.move(record, execution.kind, execution.outcome);
  }

  /** An entry of the audit trail. */
  entry({ request, state }: CommandRecord, by: string, note: string): CommandAudit {
    return { commandId: request.commandId, atMs: this.#parts.world.clock.nowMs(), state, by, note };
  }
}
