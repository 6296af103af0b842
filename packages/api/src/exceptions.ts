import { z } from "zod";
import { Intervals } from "./intervals.ts";
import { pageOf, PageQuery } from "./page.ts";
import { Instant } from "./time.ts";

export const ExceptionState = z.enum(["open", "accepted", "estimated", "edited", "dismissed"]);
export type ExceptionState = z.infer<typeof ExceptionState>;

/** A finding of validation that waits for a person. */
export const VeeException = z
  .object({
    id: z.string(),
    meterId: z.string(),
    channel: z.string(),
    /** Rule and the version of the rule set it came from. */
    rule: z.string(),
    ruleVersion: z.string(),
    title: z.string(),
    /** Why, in plain words with the numbers that were compared. */
    reason: z.string(),
    severity: z.enum(["notice", "warning", "alarm"]),
    from: Instant,
    to: Instant,
    raisedAt: Instant,
    state: ExceptionState,
    /** The numbers that were compared, for the evidence table. */
    evidence: z.array(z.object({ name: z.string(), value: z.string() })).max(40),
    /** True while a held bill covers its time. */
    holdsBill: z.boolean(),
    assignedTo: z.string().optional(),
    /** The decision that closed it. */
    decision: z.string().optional(),
    /** A decision over it that waits for a second person. */
    waitingDecision: z.string().optional(),
  })
  .meta({ id: "VeeException" });
export type VeeException = z.infer<typeof VeeException>;

export const ExceptionSeverity = z.enum(["notice", "warning", "alarm"]);
export const Commodity = z.enum(["electricity", "gas", "water", "heat"]);

/** Filters that exceptions and their clusters share. */
const ExceptionFilters = {
  state: z.enum([...ExceptionState.options, "all"]).default("open"),
  rule: z.string().max(80).optional(),
  severity: ExceptionSeverity.optional(),
  feeder: z.string().max(80).optional(),
  assignee: z.string().max(80).optional().describe("A name; `-` for what is assigned to nobody"),
  commodity: Commodity.optional(),
};

export const ExceptionsQuery = PageQuery.extend({
  ...ExceptionFilters,
  meterId: z.string().max(80).optional(),
  cluster: z.string().max(80).optional().describe("Only the members of a cluster"),
});
export type ExceptionsQuery = z.infer<typeof ExceptionsQuery>;

export const ExceptionsPage = pageOf(VeeException, "ExceptionsPage");
export type ExceptionsPage = z.infer<typeof ExceptionsPage>;

/** A step in the life of an exception. `settled`: validation closed it by itself, because later readings or events explain it. */
export const ExceptionStep = z
  .object({
    at: Instant,
    kind: z.enum(["raised", "assigned", "decided", "reopened", "settled"]),
    state: ExceptionState,
    by: z.string(),
    note: z.string(),
    decision: z.string().optional(),
  })
  .meta({ id: "ExceptionStep" });
export type ExceptionStep = z.infer<typeof ExceptionStep>;

/** An exception with the curve around it, what an estimate would put there, and its history, oldest first. */
export const ExceptionDetail = z
  .object({
    exception: VeeException,
    around: Intervals,
    proposal: z.object({ method: z.string(), fromIndex: z.int(), v: z.array(z.number().nullable()) }).optional(),
    history: z.array(ExceptionStep).max(500),
  })
  .meta({ id: "ExceptionDetail" });
export type ExceptionDetail = z.infer<typeof ExceptionDetail>;

/** A person's decision: keep the values, put the estimate in their place (a new version), or set the finding aside. */
export const ExceptionResolution = z
  .object({ action: z.enum(["accept", "estimate", "dismiss", "reopen"]), reason: z.string().max(400).optional() })
  .meta({ id: "ExceptionResolution" });
export type ExceptionResolution = z.infer<typeof ExceptionResolution>;

/** Exceptions that have one cause, ranked by the money at stake and the next bill. */
export const ExceptionCluster = z
  .object({
    id: z.string(),
    /** What they have in common: an outage, a place of the network, or a meter. */
    cause: z.enum(["outage", "place", "meter"]),
    /** In words, e.g. `Gap behind concentrator DCU-03`. */
    title: z.string(),
    /** The common place or meter. */
    where: z.string(),
    rules: z.array(z.object({ rule: z.string(), title: z.string(), count: z.int() })).max(50),
    severity: ExceptionSeverity,
    exceptions: z.int(),
    meters: z.int(),
    from: Instant,
    to: Instant,
    /** Energy in question, decimal text; volumes of gas and water are counted apart. */
    kWh: z.string(),
    cubicMetres: z.string(),
    money: z.string(),
    currency: z.string().length(3),
    nextBillAt: Instant,
    holdsBills: z.int().describe("Members whose time a held bill covers"),
    assignees: z.array(z.string()).max(20),
    /** Members over which a decision waits for a second person. */
    waiting: z.int(),
  })
  .meta({ id: "ExceptionCluster" });
export type ExceptionCluster = z.infer<typeof ExceptionCluster>;

export const ClustersQuery = PageQuery.extend(ExceptionFilters);
export type ClustersQuery = z.infer<typeof ClustersQuery>;

export const ClustersPage = pageOf(ExceptionCluster, "ClustersPage");
export type ClustersPage = z.infer<typeof ClustersPage>;

/** Exceptions as somebody names them: the members of a cluster, or one by one. */
export const ExceptionSelection = z
  .union([
    z.object({ cluster: z.string().min(1).max(80) }).strict(),
    z.object({ exceptions: z.array(z.string().min(1).max(80)).min(1).max(1000) }).strict(),
  ])
  .meta({ id: "ExceptionSelection" });
export type ExceptionSelection = z.infer<typeof ExceptionSelection>;

/** Gives exceptions to a person; null takes them back. */
export const Assignment = z.object({ selection: ExceptionSelection, to: z.string().min(1).max(80).nullable() }).meta({ id: "Assignment" });
export type Assignment = z.infer<typeof Assignment>;

export const AssignmentResult = z.object({ changed: z.int() }).meta({ id: "AssignmentResult" });
export type AssignmentResult = z.infer<typeof AssignmentResult>;
