import { z } from "zod";
import { pageOf, PageQuery } from "./page.ts";
import { Identifier, Instant } from "./time.ts";

const Name = z.string().min(1).max(16);

/** A time-of-use calendar: seasons name weeks, weeks name days, days switch tariffs 1 to 4. */
export const TariffCalendar = z
  .object({
    name: Name,
    seasons: z.array(z.object({ name: Name, month: z.int().min(1).max(12), day: z.int().min(1).max(31), week: Name })).max(24),
    weeks: z.array(z.object({ name: Name, days: z.array(z.int().min(0).max(255)).length(7).describe("Monday first") })).max(24),
    days: z
      .array(
        z.object({
          id: z.int().min(0).max(255),
          switches: z.array(z.object({ at: z.string().describe("HH:MM"), tariff: z.int().min(1).max(4) })).max(24),
        }),
      )
      .max(24),
    specialDays: z
      .array(z.object({ date: z.string().describe("MM-DD each year, or YYYY-MM-DD"), day: z.int().min(0).max(255) }))
      .max(100)
      .optional(),
  })
  .meta({ id: "TariffCalendar" });

const DayTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "HH:MM");

/** What a meter pushes of itself, where to, and when; times are of its own clock. */
export const PushSchedule = z
  .object({
    setup: z.int().min(0).max(4).default(0).describe("n of the push setup 0-n:25.9.0"),
    registers: z.array(z.string().max(30)).min(1).max(8).describe("Cumulative registers, e.g. 1-0:1.8.0"),
    transport: z.enum(["tcp", "udp"]).default("tcp"),
    destination: z.string().min(3).max(260).describe("host:port, IPv6 in brackets"),
    times: z.array(z.string().regex(/^(\*|[01]\d|2[0-3]):[0-5]\d$/, "HH:MM each day, or *:MM each hour")).max(24),
    window: z.object({ from: DayTime, to: DayTime }).optional().describe("Nothing is sent outside of it, each day"),
    spreadSeconds: z.int().min(0).max(3_600).default(0).describe("Each push waits a random part of this"),
  })
  .meta({ id: "PushSchedule" });
export type PushSchedule = z.infer<typeof PushSchedule>;

/** What can be asked of a meter. `disconnect` and `connect` are critical: they pass the head-end's gate. */
export const Control = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("disconnect") }),
    z.object({ kind: z.literal("connect") }),
    z.object({ kind: z.literal("readRegisters") }),
    z.object({ kind: z.literal("readProfile"), from: Instant, to: Instant }),
    z.object({ kind: z.literal("ping") }),
    z.object({ kind: z.literal("setClock") }),
    z.object({
      kind: z.literal("limit"),
      watts: z.int().min(1).max(1_000_000).optional().describe("Absent: the limit is lifted"),
      overSeconds: z.int().min(0).max(86_400).default(60).describe("How long it may be exceeded"),
    }),
    z.object({ kind: z.literal("tariff"), calendar: TariffCalendar, activateAt: Instant.optional().describe("Absent: at once") }),
    z.object({ kind: z.literal("message"), text: z.string().max(512).describe("For the customer's display") }),
    z.object({ kind: z.literal("resetDemand") }),
    z.object({ kind: z.literal("token"), token: z.string().min(1).max(64).describe("A prepayment token, as it is printed") }),
    z.object({
      kind: z.literal("changeKeys"),
      by: z.enum(["transfer", "agreement"]).default("transfer").describe("Sent under the master key, or agreed on (suites 1 and 2)"),
    }),
    z.object({
      kind: z.literal("renewCertificate"),
      usage: z.enum(["digital-signature", "key-agreement"]).default("digital-signature"),
    }),
    z.object({
      kind: z.literal("updateFirmware"),
      image: Identifier.describe("Identification of an uploaded image"),
      activateAt: Instant.optional().describe("Absent: as soon as it is verified"),
    }),
    z.object({ kind: z.literal("setPushSchedule"), schedule: PushSchedule }),
  ])
  .meta({ id: "Control" });
export type Control = z.infer<typeof Control>;

/** The kinds of `Control`. */
export const ControlKind = z.enum(Control.options.map((option) => option.shape.kind.value));
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
    reason: z.string().trim().max(400).optional().describe("Why; kept on record, and shown to a second person"),
    dryRun: z.boolean().default(false).describe("Check only, as the command would be checked: nothing is recorded, nothing is sent"),
  })
  .meta({ id: "CommandRequest" });
export type CommandRequest = z.infer<typeof CommandRequest>;

export const CommandStep = z.object({ at: Instant, state: CommandState, text: z.string() }).meta({ id: "CommandStep" });

export const Command = z
  .object({
    commandId: z.string(),
    meterId: z.string(),
    control: Control,
    /** What it asks of the meter, in a sentence. */
    summary: z.string(),
    state: CommandState,
    reason: z.string().optional(),
    requestedBy: z.string(),
    requestedAt: Instant,
    expiresAt: Instant,
    /** True once nothing more will happen. */
    final: z.boolean(),
    /** Outcome in words, e.g. `Output state read back: disconnected`. */
    outcome: z.string().optional(),
    /** Present where the command needs a second person; without `by` it still waits for one. */
    approval: z.object({ by: z.string().optional(), note: z.string().optional() }).optional(),
    steps: z.array(CommandStep).max(100),
    dryRun: z.boolean(),
  })
  .meta({ id: "Command" });
export type Command = z.infer<typeof Command>;

/** A second person's yes; his no is the command's cancellation. */
export const CommandApproval = z.object({ note: z.string().trim().max(400).default("") }).meta({ id: "CommandApproval" });
export type CommandApproval = z.infer<typeof CommandApproval>;

/** Why a command is refused or withdrawn. */
export const CommandCancellation = z.object({ note: z.string().trim().max(400).default("") }).meta({ id: "CommandCancellation" });
export type CommandCancellation = z.infer<typeof CommandCancellation>;

export const CommandsQuery = PageQuery.extend({
  meterId: Identifier.optional(),
  state: CommandState.optional(),
  kind: ControlKind.optional(),
  from: Instant.optional().describe("Asked for at this instant or later"),
  to: Instant.optional().describe("Asked for before this instant"),
});
export type CommandsQuery = z.infer<typeof CommandsQuery>;

export const CommandsPage = pageOf(Command, "CommandsPage");
export type CommandsPage = z.infer<typeof CommandsPage>;
