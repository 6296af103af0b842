import { z } from "zod";
import { Identifier, CivilDay, Unit } from "./time.ts";
import { RuleEligibility, RuleParameter, RuleVersion } from "./rule-sets.ts";

/** A step of a plan: the first that applies fills the hole. */
export const EstimationStep = z
  .object({
    kind: z.string().max(80),
    summary: z.string(),
    parameters: z.record(z.string(), RuleParameter),
    eligibility: RuleEligibility.optional(),
  })
  .meta({ id: "EstimationStep" });
export type EstimationStep = z.infer<typeof EstimationStep>;

/** An estimation plan: its versions, and the steps of the one that rules now. */
export const EstimationPlanDetail = z
  .object({
    id: z.string(),
    versions: z.array(RuleVersion).max(1000),
    inForce: z.int(),
    scaleToRegisters: z.boolean(),
    steps: z.array(EstimationStep).max(1000),
  })
  .meta({ id: "EstimationPlanDetail" });
export type EstimationPlanDetail = z.infer<typeof EstimationPlanDetail>;

/** Hides measured values of `[from, to)` (UTC days) and scores each estimator on them. */
export const BackTestRequest = z
  .object({
    plan: Identifier,
    from: CivilDay,
    to: CivilDay,
    /** A sample of this many meters, evenly over the fleet. */
    meters: z.int().min(1).max(20_000).default(200),
    holeMinutes: z
      .array(
        z
          .int()
          .min(1)
          .max(14 * 1440),
      )
      .min(1)
      .max(12)
      .default([15, 60, 240, 720, 1440]),
    holesEach: z.int().min(1).max(50).default(3),
  })
  .meta({ id: "BackTestRequest" });
export type BackTestRequest = z.infer<typeof BackTestRequest>;

/** How one estimator did on holes of one length. Errors are in `unit` of the class, an interval. */
export const BackTestScore = z
  .object({
    estimator: z.string(),
    holeMinutes: z.number(),
    filled: z.int(),
    notApplicable: z.int(),
    meanAbsoluteError: z.number().nullable(),
    bias: z.number().nullable(),
    /** Mean absolute error as a share of the mean true value. */
    relativeError: z.number().nullable(),
    /** Share of true values within the stated 90 % bar. */
    coverage90: z.number().nullable(),
    isBest: z.boolean(),
  })
  .meta({ id: "BackTestScore" });
export type BackTestScore = z.infer<typeof BackTestScore>;

export const BackTestClass = z
  .object({
    channelClass: z.string(),
    commodity: z.string(),
    unit: Unit,
    intervalSeconds: z.int(),
    channels: z.int(),
    scores: z.array(BackTestScore).max(200),
  })
  .meta({ id: "BackTestClass" });
export type BackTestClass = z.infer<typeof BackTestClass>;

/** The scores by class, and the plan that follows from them; classes of fewer than four channels do not change it. */
export const BackTestResult = z
  .object({
    plan: z.string(),
    from: CivilDay,
    to: CivilDay,
    classes: z.array(BackTestClass).max(200),
    recommended: z.array(EstimationStep).max(1000),
  })
  .meta({ id: "BackTestResult" });
export type BackTestResult = z.infer<typeof BackTestResult>;

/** Takes over what a back-test recommends as the next version, which rules the data from a day (UTC) on. */
export const PlanAdoption = z
  .object({ jobId: Identifier, effectiveFrom: CivilDay, reason: z.string().trim().min(1).max(400) })
  .meta({ id: "PlanAdoption" });
export type PlanAdoption = z.infer<typeof PlanAdoption>;
