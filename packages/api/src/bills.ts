import { z } from "zod";
import { pageOf, PageQuery } from "./page.ts";
import { Commodity } from "./exceptions.ts";
import { IntervalQuality } from "./intervals.ts";
import { CivilDay, Instant, Unit } from "./time.ts";

/** Money: a decimal as text, never a float. */
export const Money = z.string().regex(/^-?\d+(\.\d+)?$/);

export const BillSummary = z
  .object({
    id: z.string(),
    usagePoint: z.string(),
    commodity: Commodity,
    meterId: z.string(),
    /** Civil days, `to` exclusive. */
    from: CivilDay,
    to: CivilDay,
    tariff: z.string(),
    currency: z.string().length(3),
    total: Money,
    /** Energy delivered; of gas what its volume holds, of water 0. */
    energyWh: z.number(),
    /** Cubic metres metered, of gas, water and heating water. */
    volumeM3: Money.optional(),
    /** Share of the energy that is estimated, 0..1. */
    estimatedShare: z.number().min(0).max(1),
    state: z.enum(["draft", "held", "issued", "cancelled"]),
    issuedAt: Instant.optional(),
  })
  .meta({ id: "BillSummary" });
export type BillSummary = z.infer<typeof BillSummary>;

/** What a line counts; `percent` lines count the money that the percentage is taken of, `credit` lines money. */
export const BillUnit = z.enum([
  "kWh",
  "MWh",
  "MJ",
  "GJ",
  "m3",
  "kvarh",
  "kW",
  "kVA",
  "day",
  "month",
  "bill",
  "year",
  "percent",
  "credit",
  "each",
]);
export type BillUnit = z.infer<typeof BillUnit>;

/** A line of a bill. `windows` are the `[from, to)` instants of the intervals behind it; absent for standing charges. */
export const BillLine = z
  .object({
    id: z.string(),
    title: z.string(),
    quantity: z.string(),
    unit: BillUnit,
    /** Price of one; of a `percent` line the percentage. Absent where amounts are carried over. */
    rate: Money.optional(),
    amount: Money,
    /** Quantity and rate as people read them, e.g. `312.4 kWh` and `0.5412 per kWh`, `of 123.30` and `10 %`. */
    quantityText: z.string().optional(),
    rateText: z.string().optional(),
    isTax: z.boolean().optional(),
    explanation: z.string().optional(),
    channel: z.string().optional(),
    intervals: z.int().optional().describe("How many intervals are behind the line"),
    /** Which channel of which meter is behind the line, and when: a meter exchange makes two. */
    parts: z
      .array(z.object({ meterId: z.string(), channel: z.string(), from: Instant, to: Instant }))
      .max(50)
      .optional(),
    windows: z
      .array(z.object({ from: Instant, to: Instant }))
      .max(3000)
      .optional(),
  })
  .meta({ id: "BillLine" });
export type BillLine = z.infer<typeof BillLine>;

/** The bills of all commodities that the same customer has for cycles that end with this one, this one among them. */
export const JointBill = z
  .object({
    bills: z.array(BillSummary).max(50),
    total: Money,
    currency: z.string().length(3),
    state: z.enum(["held", "issued"]),
    /** Usage points of the customer that have no bill of the time yet. */
    missing: z.array(z.object({ usagePoint: z.string(), commodity: Commodity })).max(50),
  })
  .meta({ id: "JointBill" });
export type JointBill = z.infer<typeof JointBill>;

/** A bill pins the versions that it used: `knownAt` is the `as_of` under which its intervals are read again. */
export const Bill = z
  .object({
    summary: BillSummary,
    lines: z.array(BillLine).max(500),
    knownAt: Instant,
    zone: z.string(),
    notes: z.array(z.string()).max(50),
    /** Absent where the customer has no other usage point. */
    together: JointBill.optional(),
  })
  .meta({ id: "Bill" });
export type Bill = z.infer<typeof Bill>;

/** Lets a held bill go out; the reason is kept with the bill. */
export const BillRelease = z.object({ reason: z.string().trim().min(1).max(400) }).meta({ id: "BillRelease" });
export type BillRelease = z.infer<typeof BillRelease>;

export const BillsQuery = PageQuery.extend({
  commodity: Commodity.optional(),
  meterId: z.string().max(80).optional(),
  state: z.enum(["draft", "held", "issued", "cancelled"]).optional(),
});
export type BillsQuery = z.infer<typeof BillsQuery>;

export const BillsPage = pageOf(BillSummary, "BillsPage");
export type BillsPage = z.infer<typeof BillsPage>;

/** One interval behind a line. `value` is an integer that times 10^scaler and the multiplier is in `unit`. */
export const BilledInterval = z
  .object({
    meterId: z.string(),
    channel: z.string(),
    from: Instant,
    to: Instant,
    value: z.number(),
    scaler: z.int(),
    unit: Unit,
    multiplier: z.number(),
    quality: IntervalQuality,
    qualityText: z.string(),
    /** Version of the stored day that the bill rests on. */
    version: z.int().optional(),
  })
  .meta({ id: "BilledInterval" });
export type BilledInterval = z.infer<typeof BilledInterval>;

export const BilledIntervalsPage = pageOf(BilledInterval, "BilledIntervalsPage");
export type BilledIntervalsPage = z.infer<typeof BilledIntervalsPage>;
