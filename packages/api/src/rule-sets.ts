import { z } from "zod";
import { Money } from "./bills.ts";
import { pageOf, PageQuery } from "./page.ts";
import { CivilDay, Identifier, Instant } from "./time.ts";

/** `draft` never ruled; `scheduled` will; `inForce` rules now; `past` ruled before. */
export const VersionState = z.enum(["draft", "scheduled", "inForce", "past"]);
export type VersionState = z.infer<typeof VersionState>;

/** One kept version of a rule set or an estimation plan. A version never changes. */
export const RuleVersion = z
  .object({
    version: z.int().positive(),
    state: VersionState,
    description: z.string().optional(),
    author: z.string(),
    storedAt: Instant,
    /** First day (UTC) of data that it rules; the latest where there were several. */
    effectiveFrom: CivilDay.optional(),
    activatedBy: z.string().optional(),
    activatedAt: Instant.optional(),
    reason: z.string().optional(),
  })
  .meta({ id: "RuleVersion" });
export type RuleVersion = z.infer<typeof RuleVersion>;

export const RuleSetSummary = z.object({ id: z.string(), versions: z.array(RuleVersion).max(1000) }).meta({ id: "RuleSetSummary" });
export type RuleSetSummary = z.infer<typeof RuleSetSummary>;
export const RuleSetsPage = pageOf(RuleSetSummary, "RuleSetsPage");
export type RuleSetsPage = z.infer<typeof RuleSetsPage>;

export const RuleParameter = z.union([z.number(), z.boolean(), z.string().max(400), z.array(z.string().max(200)).max(100)]);
export type RuleParameter = z.infer<typeof RuleParameter>;

/** Which channels a rule judges; an absent list lets all pass. */
export const RuleEligibility = z
  .object({
    channelClasses: z.array(z.string().max(80)).max(50).optional(),
    sources: z.array(z.string().max(80)).max(50).optional(),
    kinds: z.array(z.string().max(80)).max(50).optional(),
    commodities: z.array(z.string().max(80)).max(50).optional(),
  })
  .strict()
  .meta({ id: "RuleEligibility" });
export type RuleEligibility = z.infer<typeof RuleEligibility>;

/** A rule as data. Parameters that are left out have the default of the kind. */
export const Rule = z
  .object({
    id: z.string().min(1).max(80),
    kind: z.string().min(1).max(80),
    severity: z.enum(["info", "issue", "terminate"]),
    order: z.number().optional(),
    enabled: z.boolean().optional(),
    parameters: z.record(z.string().max(80), RuleParameter).optional(),
    eligibility: RuleEligibility.optional(),
  })
  .strict()
  .meta({ id: "Rule" });
export type Rule = z.infer<typeof Rule>;

/** What a kind of rule does, with the defaults of its parameters. */
export const RuleKindInfo = z
  .object({ kind: z.string(), summary: z.string(), defaults: z.record(z.string(), RuleParameter) })
  .meta({ id: "RuleKindInfo" });
export type RuleKindInfo = z.infer<typeof RuleKindInfo>;

/** A version with its rules, in the order in which they run, and the kinds that rules can be of. */
export const RuleSetDetail = z
  .object({ id: z.string(), about: RuleVersion, rules: z.array(Rule).max(200), kinds: z.array(RuleKindInfo).max(100) })
  .meta({ id: "RuleSetDetail" });
export type RuleSetDetail = z.infer<typeof RuleSetDetail>;

/** The next version, kept as a draft: it rules nothing before it is activated. Faults come back with JSON pointers into this body. */
export const RuleSetDraft = z
  .object({ description: z.string().max(400).optional(), rules: z.array(Rule).max(200) })
  .meta({ id: "RuleSetDraft" });
export type RuleSetDraft = z.infer<typeof RuleSetDraft>;

/** Lets a version rule the data from a day (UTC) on. */
export const RuleActivation = z
  .object({ effectiveFrom: CivilDay, reason: z.string().trim().min(1).max(400) })
  .meta({ id: "RuleActivation" });
export type RuleActivation = z.infer<typeof RuleActivation>;

/** Tries a version on stored history `[from, to)` (UTC days), against what rules it now. */
export const DryRunRequest = z
  .object({
    ruleSet: Identifier,
    version: z.int().positive(),
    from: CivilDay,
    to: CivilDay,
    /** A sample of this many meters, evenly over the fleet; all where absent. */
    meters: z.int().min(1).max(100_000).optional(),
  })
  .meta({ id: "DryRunRequest" });
export type DryRunRequest = z.infer<typeof DryRunRequest>;

export const DryRunExample = z
  .object({
    meterId: z.string(),
    channel: z.string(),
    rule: z.string(),
    from: Instant,
    to: Instant,
    reason: z.string(),
    numbers: z.array(z.object({ name: z.string(), value: z.string() })).max(40),
  })
  .meta({ id: "DryRunExample" });
export type DryRunExample = z.infer<typeof DryRunExample>;

/** What the candidate would do: findings that only it has (`new`) and that it has no more (`gone`). */
export const DryRunResult = z
  .object({
    candidate: z.string(),
    /** What it was compared with. */
    current: z.string(),
    from: CivilDay,
    to: CivilDay,
    channels: z.int(),
    intervals: z.int(),
    rules: z.array(z.object({ rule: z.string(), current: z.int(), candidate: z.int(), new: z.int(), gone: z.int() })).max(400),
    newExamples: z.array(DryRunExample).max(50),
    goneExamples: z.array(DryRunExample).max(50),
    channelsChanged: z.int(),
    /** Standing bills wholly within the time: how many were rated again, how many change, by how much together. */
    billsTried: z.int(),
    billsChanged: z.int(),
    billsDifference: Money,
    /** Rows of differences beyond what is kept. */
    leftOut: z.int(),
  })
  .meta({ id: "DryRunResult" });
export type DryRunResult = z.infer<typeof DryRunResult>;

export const DryRunRowsQuery = PageQuery.extend({ rule: z.string().max(80).optional() });
export type DryRunRowsQuery = z.infer<typeof DryRunRowsQuery>;

/** One rule on one channel: findings that only the candidate has, or has no more. */
export const DryRunDifference = z
  .object({ meterId: z.string(), channel: z.string(), rule: z.string(), new: z.int(), gone: z.int() })
  .meta({ id: "DryRunDifference" });
export type DryRunDifference = z.infer<typeof DryRunDifference>;
export const DryRunDifferencesPage = pageOf(DryRunDifference, "DryRunDifferencesPage");
export type DryRunDifferencesPage = z.infer<typeof DryRunDifferencesPage>;

export const DryRunBill = z
  .object({ billId: z.string(), meterId: z.string(), channel: z.string(), current: Money, candidate: Money, difference: Money })
  .meta({ id: "DryRunBill" });
export type DryRunBill = z.infer<typeof DryRunBill>;
export const DryRunBillsPage = pageOf(DryRunBill, "DryRunBillsPage");
export type DryRunBillsPage = z.infer<typeof DryRunBillsPage>;
