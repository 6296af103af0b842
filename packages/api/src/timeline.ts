import { z } from "zod";
import { pageOf, PageQuery } from "./page.ts";
import { Instant } from "./time.ts";

export const TimelineKind = z.enum(["read", "edit", "command", "event"]);
export type TimelineKind = z.infer<typeof TimelineKind>;

/** One thing that happened to a meter: reads, edits, commands and events share one axis. */
export const TimelineEntry = z
  .object({
    id: z.string(),
    at: Instant,
    /** Where it lasted: e.g. the reach of an edit, the length of an outage. */
    until: Instant.optional(),
    kind: TimelineKind,
    /** Short, e.g. `Load profile read`, `Supply disconnected`. */
    title: z.string(),
    detail: z.string().optional(),
    /** `notice` is ordinary, `warning` asks for a look, `alarm` for action. */
    severity: z.enum(["notice", "warning", "alarm"]),
    /** Who did it, where somebody did. */
    by: z.string().optional(),
    /** State of a command. */
    state: z.string().optional(),
  })
  .meta({ id: "TimelineEntry" });
export type TimelineEntry = z.infer<typeof TimelineEntry>;

/** `[from, to)`; newest first. */
export const TimelineQuery = PageQuery.extend({ from: Instant.optional(), to: Instant.optional(), kind: TimelineKind.optional() });
export type TimelineQuery = z.infer<typeof TimelineQuery>;

export const TimelinePage = pageOf(TimelineEntry, "TimelinePage");
export type TimelinePage = z.infer<typeof TimelinePage>;
