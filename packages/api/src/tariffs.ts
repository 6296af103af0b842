import { z } from "zod";
import { Money } from "./bills.ts";
import { pageOf, PageQuery } from "./page.ts";
import { CivilDay, Identifier, Instant } from "./time.ts";

export const TariffVersionInfo = z
  .object({
    version: z.int(),
    effectiveFrom: CivilDay,
    effectiveTo: CivilDay.optional(),
    charges: z.array(z.object({ id: z.string(), label: z.string(), kind: z.string(), price: z.string() })).max(2000),
    publishedBy: z.string().optional(),
    publishedAt: Instant.optional(),
    reason: z.string().optional(),
  })
  .meta({ id: "TariffVersionInfo" });
export type TariffVersionInfo = z.infer<typeof TariffVersionInfo>;

/** A published tariff with its versions. */
export const TariffInfo = z
  .object({
    id: z.string(),
    name: z.string(),
    currency: z.string().length(3),
    zone: z.string(),
    commodity: z.string(),
    versions: z.array(TariffVersionInfo).max(2000),
  })
  .meta({ id: "TariffInfo" });
export type TariffInfo = z.infer<typeof TariffInfo>;
export const TariffsPage = pageOf(TariffInfo, "TariffsPage");
export type TariffsPage = z.infer<typeof TariffsPage>;

/** A tariff with the document that it is. */
export const TariffDetail = z.object({ info: TariffInfo, document: z.unknown() }).meta({ id: "TariffDetail" });
export type TariffDetail = z.infer<typeof TariffDetail>;

/** A tariff that is only tried: it bills nobody. */
export const TariffCandidate = z
  .object({ id: z.string(), tariff: z.string(), name: z.string(), author: z.string(), storedAt: Instant })
  .meta({ id: "TariffCandidate" });
export type TariffCandidate = z.infer<typeof TariffCandidate>;
export const TariffCandidatesPage = pageOf(TariffCandidate, "TariffCandidatesPage");
export type TariffCandidatesPage = z.infer<typeof TariffCandidatesPage>;

/** Keeps a candidate: a tariff document, every field checked; faults come back with JSON pointers into this body. */
export const CandidateDraft = z.object({ document: z.record(z.string(), z.unknown()) }).meta({ id: "CandidateDraft" });
export type CandidateDraft = z.infer<typeof CandidateDraft>;
export const CandidateDetail = z.object({ candidate: TariffCandidate, document: z.unknown() }).meta({ id: "CandidateDetail" });
export type CandidateDetail = z.infer<typeof CandidateDetail>;

/** Publishes a candidate: versions that are published already must be in it unchanged. */
export const TariffPublication = z.object({ reason: z.string().trim().min(1).max(400) }).meta({ id: "TariffPublication" });
export type TariffPublication = z.infer<typeof TariffPublication>;

/** Bills stored usage `[from, to)` (civil days of the tariff's zone) under a tariff and a candidate, side by side. */
export const RehearsalRequest = z
  .object({
    tariff: Identifier,
    candidate: Identifier,
    from: CivilDay,
    to: CivilDay,
    /** A sample of this many usage points, evenly over all; all where absent. */
    usagePoints: z.int().min(1).max(20_000).optional(),
    channelClass: z.string().max(80).optional(),
  })
  .meta({ id: "RehearsalRequest" });
export type RehearsalRequest = z.infer<typeof RehearsalRequest>;

/** Who would pay more and who less. */
export const RehearsalResult = z
  .object({
    tariff: z.string(),
    candidate: z.string(),
    currency: z.string().length(3),
    from: CivilDay,
    to: CivilDay,
    points: z.int(),
    totalCurrent: Money,
    totalCandidate: Money,
    difference: Money,
    more: z.int(),
    less: z.int(),
    same: z.int(),
    medianChangePercent: z.number(),
    /** Usage points by the change of their bill in percent, `[from, to)`; an absent bound is open. */
    distribution: z.array(z.object({ fromPercent: z.number().optional(), toPercent: z.number().optional(), points: z.int() })).max(50),
    failed: z.array(z.object({ usagePoint: z.string(), reason: z.string() })).max(100),
    failedCount: z.int(),
  })
  .meta({ id: "RehearsalResult" });
export type RehearsalResult = z.infer<typeof RehearsalResult>;

export const RehearsalPointsQuery = PageQuery.extend({ order: z.enum(["more", "less"]).default("more") });
export type RehearsalPointsQuery = z.infer<typeof RehearsalPointsQuery>;
export const RehearsalPoint = z
  .object({ usagePoint: z.string(), current: Money, candidate: Money, difference: Money, changePercent: z.number().optional() })
  .meta({ id: "RehearsalPoint" });
export type RehearsalPoint = z.infer<typeof RehearsalPoint>;
export const RehearsalPointsPage = pageOf(RehearsalPoint, "RehearsalPointsPage");
export type RehearsalPointsPage = z.infer<typeof RehearsalPointsPage>;

/** A line as it is on one of the bills; quantity and rate in words with their units. */
const ComparedSide = z.object({ quantity: z.string(), rate: z.string().optional(), amount: Money });

/** One usage point's two bills, line by line: lines of one charge stand side by side. */
export const BillComparison = z
  .object({
    usagePoint: z.string(),
    currency: z.string().length(3),
    from: CivilDay,
    to: CivilDay,
    current: Money,
    candidate: Money,
    difference: Money,
    lines: z
      .array(z.object({ title: z.string(), current: ComparedSide.optional(), candidate: ComparedSide.optional(), difference: Money }))
      .max(1000),
  })
  .meta({ id: "BillComparison" });
export type BillComparison = z.infer<typeof BillComparison>;
