import { z } from "zod";
import { Commodity } from "./exceptions.ts";
import { Instant, Unit } from "./time.ts";

/** The utility's clock: `speed` civil seconds pass in one machine second. */
export const ClockState = z.object({ now: Instant, speed: z.number().positive(), paused: z.boolean() }).meta({ id: "ClockState" });
export type ClockState = z.infer<typeof ClockState>;

/** Progress of the back-fill of history. */
export const Backfill = z
  .object({
    state: z.enum(["idle", "running", "done"]),
    /** Meter days collected, of how many. */
    done: z.int().min(0),
    total: z.int().min(0),
    /** Intervals stored so far, and how many a machine second lately. */
    intervals: z.int().min(0),
    perSecond: z.number().min(0),
    /** Machine seconds still to go; absent while unknown. */
    etaSeconds: z.number().min(0).optional(),
    /** History is complete from here to now (filled newest first). */
    reachedBack: Instant.optional(),
  })
  .meta({ id: "Backfill" });
export type Backfill = z.infer<typeof Backfill>;

/** Load over time in watts; `exportW` is what flows back from meters that feed in. */
export const LoadSeries = z
  .object({
    start: Instant,
    stepSeconds: z.int().positive(),
    importW: z.array(z.number().nullable()),
    exportW: z.array(z.number().nullable()),
  })
  .meta({ id: "LoadSeries" });
export type LoadSeries = z.infer<typeof LoadSeries>;

/** A feeder in the overview's table. */
export const FeederState = z
  .object({
    id: z.string(),
    name: z.string(),
    state: z.enum(["live", "out"]),
    /** Since when it is out. */
    outSince: Instant.optional(),
    meters: z.int(),
    reporting: z.int(),
    loadW: z.number(),
  })
  .meta({ id: "FeederState" });
export type FeederState = z.infer<typeof FeederState>;

/** One commodity of the utility: its meters, and what of its last 24 hours is held. */
export const CommodityState = z
  .object({
    commodity: Commodity,
    meters: z.int(),
    reporting: z.int(),
    /** Intervals of the last 24 hours that are due. */
    expected: z.int(),
    received: z.int(),
    estimated: z.int(),
    /** Delivered in them, in `unit`: heat and electricity in Wh, gas and water in m3. */
    quantity: z.number(),
    unit: Unit,
  })
  .meta({ id: "CommodityState" });
export type CommodityState = z.infer<typeof CommodityState>;

/** Everything the overview page shows beside the map and the curve. */
export const Overview = z
  .object({
    clock: ClockState,
    load: z.object({ importW: z.number(), exportW: z.number() }),
    meters: z.object({
      total: z.int(),
      /** Heard of in the last expected collection. */
      reporting: z.int(),
      silent: z.int(),
      disconnected: z.int(),
      outage: z.int(),
    }),
    concentrators: z.object({ total: z.int(), online: z.int() }),
    /** Intervals expected and held for the last 24 hours, and how many of these are estimated. */
    completeness: z.object({ expected: z.int(), received: z.int(), estimated: z.int() }),
    /** Share received in each of the last 24 hours, oldest first, 0..1. */
    completenessHourly: z.array(z.number().min(0).max(1).nullable()).max(48),
    exceptions: z.object({ open: z.int(), byRule: z.array(z.object({ rule: z.string(), title: z.string(), count: z.int() })).max(50) }),
    commodities: z.array(CommodityState).max(8),
    commandsPending: z.int(),
    intervalsStored: z.int(),
    feeders: z.array(FeederState).max(1000),
    backfill: Backfill,
  })
  .meta({ id: "Overview" });
export type Overview = z.infer<typeof Overview>;
