import { z } from "zod";
import { ExceptionSelection } from "./exceptions.ts";
import { INTERVAL_QUALITIES, Intervals } from "./intervals.ts";
import { pageOf, PageQuery } from "./page.ts";
import { CivilDay, Identifier, Instant, Unit } from "./time.ts";

/** Estimators by their names in plans. */
export const EstimatorKind = z.enum(["linear", "checkMeter", "likeDay", "weatherProxy", "classProfile", "averageDailyLoad"]);
export type EstimatorKind = z.infer<typeof EstimatorKind>;

/** What happens to intervals. Values are integers; times 10^scaler they are in the channel's unit. */
export const IntervalChange = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("set"), value: z.int() }),
    z.object({ kind: z.literal("values"), values: z.array(z.int().nullable()).min(1).max(6000) }),
    z.object({ kind: z.literal("scale"), factor: z.string().regex(/^\d{1,4}(\.\d{1,9})?$/, "a decimal like 0.5") }),
    z.object({ kind: z.literal("copyDay"), day: CivilDay }),
    z.object({ kind: z.literal("estimate"), method: EstimatorKind, scaleToRegisters: z.boolean().default(true) }),
  ])
  .meta({ id: "IntervalChange" });
export type IntervalChange = z.infer<typeof IntervalChange>;

/** What somebody wants done: over exceptions, over a span of one channel, or the undoing of a decision. */
export const DecisionAsk = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("exceptions"),
      selection: ExceptionSelection,
      action: z.enum(["accept", "estimate", "dismiss", "edit"]),
      change: IntervalChange.optional().describe("With `edit`: made over each exception's own time"),
    }),
    z.object({
      kind: z.literal("edit"),
      meterId: Identifier,
      channel: z.string().min(1).max(40),
      from: Instant,
      to: Instant,
      change: IntervalChange,
    }),
    z.object({ kind: z.literal("undo"), decision: Identifier }),
  ])
  .meta({ id: "DecisionAsk" });
export type DecisionAsk = z.infer<typeof DecisionAsk>;

/** What a decision changes. Amounts are decimal text in the unit, transformers' multiplier applied. */
export const DecisionEffect = z
  .object({
    exceptions: z.int(),
    skipped: z.array(z.object({ exception: z.string(), reason: z.string() })).max(100),
    skippedCount: z.int(),
    meters: z.int(),
    channels: z.int(),
    days: z.int(),
    intervals: z.int(),
    amounts: z.array(z.object({ unit: Unit, before: z.string(), after: z.string(), moved: z.string() })).max(20),
    atStake: z.object({ kWh: z.string(), cubicMetres: z.string(), money: z.string(), currency: z.string() }),
    bills: z.object({
      changes: z
        .array(
          z.object({
            bill: z.string(),
            usagePoint: z.string(),
            state: z.enum(["held", "issued"]),
            currency: z.string(),
            before: z.string(),
            after: z.string(),
          }),
        )
        .max(200),
      rated: z.int(),
      notRated: z.int().describe("Bills over the changed time that were too many to rate again"),
      change: z.string(),
    }),
  })
  .meta({ id: "DecisionEffect" });
export type DecisionEffect = z.infer<typeof DecisionEffect>;

/** The present values of an edited span and what they would become, on one grid. */
export const CurveComparison = z
  .object({ present: Intervals, fromIndex: z.int(), proposed: z.array(z.number().nullable()).max(40_000) })
  .meta({ id: "CurveComparison" });
export type CurveComparison = z.infer<typeof CurveComparison>;

export const DecisionPreview = z
  .object({
    /** To be sent with the request: it is refused where what it would do has changed since. */
    fingerprint: z.string(),
    effect: DecisionEffect,
    /** Why another person must approve it; empty where nobody must. */
    secondPerson: z.string(),
    /** With an edit of one channel. */
    curve: CurveComparison.optional(),
  })
  .meta({ id: "DecisionPreview" });
export type DecisionPreview = z.infer<typeof DecisionPreview>;

export const DecisionPreviewRequest = z.object({ ask: DecisionAsk }).meta({ id: "DecisionPreviewRequest" });

/** The same `decisionId` again is the same decision. */
export const DecisionRequest = z
  .object({
    decisionId: Identifier.describe("Chosen by the requester, e.g. a UUID"),
    ask: DecisionAsk,
    reason: z.string().trim().min(1).max(400),
    fingerprint: z.string().min(1).max(80).describe("Of the preview that was looked at"),
  })
  .meta({ id: "DecisionRequest" });
export type DecisionRequest = z.infer<typeof DecisionRequest>;

export const DecisionState = z.enum(["running", "waiting", "done", "undone", "rejected", "withdrawn", "superseded", "failed"]);
export type DecisionState = z.infer<typeof DecisionState>;

export const Decision = z
  .object({
    id: z.string(),
    /** In words, e.g. `Accept 12 exceptions`. */
    title: z.string(),
    kind: z.enum(["exceptions", "edit", "undo"]),
    state: DecisionState,
    by: z.string(),
    reason: z.string(),
    at: Instant,
    effect: DecisionEffect,
    secondPerson: z.string(),
    review: z.object({ by: z.string(), at: Instant, note: z.string() }).optional(),
    doneAt: Instant.optional(),
    undoes: z.string().optional(),
    undoneBy: z.string().optional(),
    /** What went wrong. */
    outcome: z.string().optional(),
    /** The meter and time of an edit. */
    edit: z.object({ meterId: z.string(), channel: z.string(), from: Instant, to: Instant }).optional(),
    /** How far a running one is. */
    progress: z.object({ phase: z.enum(["planning", "rating", "writing"]), done: z.int(), total: z.int() }).optional(),
    /** Bills that were cancelled and made again because of it. */
    rebilled: z.int().optional(),
  })
  .meta({ id: "Decision" });
export type Decision = z.infer<typeof Decision>;

export const DecisionsQuery = PageQuery.extend({ state: DecisionState.optional(), by: z.string().max(80).optional() });
export type DecisionsQuery = z.infer<typeof DecisionsQuery>;

export const DecisionsPage = pageOf(Decision, "DecisionsPage");
export type DecisionsPage = z.infer<typeof DecisionsPage>;

/** A second person's word, or the author taking it back. A rejection needs a note. */
export const DecisionReview = z
  .object({ verdict: z.enum(["approve", "reject", "withdraw"]), note: z.string().trim().max(400).default("") })
  .meta({ id: "DecisionReview" });
export type DecisionReview = z.infer<typeof DecisionReview>;

export const DayVersionsQuery = z.object({ channel: z.string().min(1).max(40).default("1-0:1.8.0"), day: CivilDay });
export type DayVersionsQuery = z.infer<typeof DayVersionsQuery>;

/** Every version of one civil day of a channel, newest first: who, why, by which rules, when, and what it changed. */
export const DayVersions = z
  .object({
    meterId: z.string(),
    channel: z.string(),
    day: CivilDay,
    unit: Unit,
    scaler: z.int(),
    start: Instant,
    stepSeconds: z.int(),
    versions: z
      .array(
        z.object({
          /** UTC day and version of the stored block: a civil day may lie in two. */
          block: CivilDay,
          version: z.int(),
          at: Instant,
          by: z.string(),
          reason: z.string(),
          source: z.string(),
          ruleSet: z.string(),
          decision: z.string().optional(),
          approvedBy: z.string().optional(),
          undoes: z.string().optional(),
          changed: z.int().describe("Intervals of the civil day that differ from the version before"),
          /** The civil day's values and qualities as they stood from then on. */
          v: z.array(z.number().nullable()).max(1500),
          q: z
            .array(
              z
                .int()
                .min(0)
                .max(INTERVAL_QUALITIES.length - 1),
            )
            .max(1500),
        }),
      )
      .max(200),
  })
  .meta({ id: "DayVersions" });
export type DayVersions = z.infer<typeof DayVersions>;

/** People who may decide, for assigning. */
export const People = z.object({ people: z.array(z.object({ name: z.string(), role: z.string() })).max(1000) }).meta({ id: "People" });
export type People = z.infer<typeof People>;
