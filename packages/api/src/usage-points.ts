import { z } from "zod";
import { BillSummary } from "./bills.ts";
import { VeeException } from "./exceptions.ts";
import { MeterCondition, NeighbourMeter } from "./meters.ts";
import { Instant } from "./time.ts";

/** A meter's stay at a usage point. The multiplier is that of current and voltage transformers; a reversed meter counts import as export. */
export const Installation = z
  .object({ meterId: z.string(), from: Instant, to: Instant.optional(), multiplier: z.string(), isReversed: z.boolean() })
  .meta({ id: "Installation" });
export type Installation = z.infer<typeof Installation>;

/** What is wrong with one meter of a place: what it says itself, and what validation found. */
export const PlaceTrouble = z
  .object({ meter: NeighbourMeter, conditions: z.array(MeterCondition).max(16), exceptions: z.array(VeeException).max(20) })
  .meta({ id: "PlaceTrouble" });
export type PlaceTrouble = z.infer<typeof PlaceTrouble>;

/** Everything the MDM knows of a place where a commodity is delivered. Bills and exceptions are the latest few. */
export const UsagePointDetail = z
  .object({
    id: z.string(),
    commodity: z.string(),
    channelClass: z.string(),
    premises: z.string().optional(),
    customer: z.string().optional(),
    /** Newest first: more than one is a meter exchange. */
    installations: z.array(Installation).max(1000),
    /** What the latest bill was made by. */
    tariff: z.object({ id: z.string(), name: z.string() }).optional(),
    samePlace: z.array(NeighbourMeter).max(32),
    /** Of every meter that stands at the place now, this one's first: those with nothing wrong are left out. */
    trouble: z.array(PlaceTrouble).max(33),
    bills: z.array(BillSummary).max(24),
    exceptions: z.array(VeeException).max(20),
    openExceptions: z.int(),
  })
  .meta({ id: "UsagePointDetail" });
export type UsagePointDetail = z.infer<typeof UsagePointDetail>;
