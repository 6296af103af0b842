import { z } from "zod";
import { Command } from "./commands.ts";
import { Decision } from "./decisions.ts";
import { Backfill, ClockState, FeederState } from "./overview.ts";
import { Instant } from "./time.ts";

/** The headline numbers that change every second. */
export const LiveTick = z
  .object({
    clock: ClockState,
    importW: z.number(),
    exportW: z.number(),
    reporting: z.int(),
    outage: z.int(),
    openExceptions: z.int(),
    intervalsStored: z.int(),
    completeness: z.number().min(0).max(1).nullable(),
  })
  .meta({ id: "LiveTick" });
export type LiveTick = z.infer<typeof LiveTick>;

/**
 * Events of `GET /api/v1/stream`: the SSE `event` is the `type`, the SSE `data` is the rest as JSON, the SSE `id` resumes
 * with `Last-Event-ID`. `reset` means that the missed part is gone: load everything again.
 */
export const LiveEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("tick"), tick: LiveTick }),
    /** Meters just heard of or changed: parallel arrays; `state` indexes `METER_STATES`. */
    z.object({ type: z.literal("meters"), ids: z.array(z.string()).max(5000), state: z.array(z.int()).max(5000) }),
    z.object({ type: z.literal("feeder"), feeder: FeederState }),
    z.object({ type: z.literal("concentrator"), id: z.string(), online: z.boolean() }),
    z.object({ type: z.literal("command"), command: Command }),
    z.object({ type: z.literal("decision"), decision: Decision }),
    z.object({
      type: z.literal("notice"),
      at: Instant,
      severity: z.enum(["notice", "warning", "alarm"]),
      text: z.string(),
      meterId: z.string().optional(),
    }),
    z.object({ type: z.literal("backfill"), backfill: Backfill }),
    z.object({ type: z.literal("reset") }),
  ])
  .meta({ id: "LiveEvent" });
export type LiveEvent = z.infer<typeof LiveEvent>;
export type LiveEventType = LiveEvent["type"];
