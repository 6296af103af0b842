import { z } from "zod";
import { pageOf, PageQuery } from "./page.ts";
import { Identifier, Instant } from "./time.ts";

/** What can be asked of a meter. `disconnect` and `connect` are critical: they pass the head-end's gate. */
export const Control = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("disconnect") }),
    z.object({ kind: z.literal("connect") }),
    z.object({ kind: z.literal("readRegisters") }),
    z.object({ kind: z.literal("readProfile"), from: Instant, to: Instant }),
    z.object({ kind: z.literal("ping") }),
    z.object({ kind: z.literal("setClock") }),
  ])
  .meta({ id: "Control" });
export type Control = z.infer<typeof Control>;
export type ControlKind = Control["kind"];

/** `unknown` is neither done nor failed: the head-end reads back. */
export const CommandState = z.enum(["waiting", "dispatched", "unknown", "done", "failed", "expired", "cancelled"]);
export type CommandState = z.infer<typeof CommandState>;

/** A command to one meter. The same `commandId` again is the same command. */
export const CommandRequest = z
  .object({
    commandId: Identifier.describe("Chosen by the requester, e.g. a UUID"),
    meterId: Identifier,
    control: Control,
    expiresInSeconds: z.int().min(10).max(86_400).default(900).describe("Civil seconds until it is no longer sent"),
    reason: z.string().max(400).optional(),
    dryRun: z.boolean().default(false).describe("Check only: nothing is sent"),
  })
  .meta({ id: "CommandRequest" });
export type CommandRequest = z.infer<typeof CommandRequest>;

export const CommandStep = z.object({ at: Instant, state: CommandState, text: z.string() }).meta({ id: "CommandStep" });

export const Command = z
  .object({
    commandId: z.string(),
    meterId: z.string(),
    control: Control,
    state: CommandState,
    requestedBy: z.string(),
    requestedAt: Instant,
    expiresAt: Instant,
    /** True once nothing more will happen. */
    final: z.boolean(),
    /** Outcome in words, e.g. `Output state read back: disconnected`. */
    outcome: z.string().optional(),
    steps: z.array(CommandStep).max(100),
    dryRun: z.boolean(),
  })
  .meta({ id: "Command" });
export type Command = z.infer<typeof Command>;

export const CommandsQuery = PageQuery.extend({ meterId: Identifier.optional(), state: CommandState.optional() });
export type CommandsQuery = z.infer<typeof CommandsQuery>;

export const CommandsPage = pageOf(Command, "CommandsPage");
export type CommandsPage = z.infer<typeof CommandsPage>;
