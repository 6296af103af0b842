import { z } from "zod";
import { CivilDay, Identifier, Instant, Unit } from "./time.ts";
import { pageOf, PageQuery } from "./page.ts";

/** `[from, to)` civil days of the utility. */
export const LossesQuery = PageQuery.extend({ from: CivilDay, to: CivilDay, kind: z.enum(["feeder", "transformer"]).optional() });
export type LossesQuery = z.infer<typeof LossesQuery>;

/** What flowed through a feeder or transformer. Energies in Wh. */
export const NodeLosses = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(["feeder", "transformer"]),
    parent: z.string().optional(),
    points: z.int(),
    importWh: z.number(),
    exportWh: z.number(),
    /** Share of the point-intervals that have a value, 0..1; null where none is expected. */
    coverage: z.number().min(0).max(1).nullable(),
    /** Apparent power against the nameplate. */
    loading: z
      .object({
        nameplateKva: z.number(),
        peakKva: z.number(),
        peakPercent: z.number(),
        peakAt: Instant,
        hoursOver100: z.number(),
        hoursOver130: z.number(),
      })
      .optional(),
    /** Over the intervals that all meters have; absent where no meter measures what flows in. */
    balance: z
      .object({
        suppliedWh: z.number(),
        deliveredWh: z.number(),
        technicalWh: z.number(),
        unaccountedWh: z.number(),
        unaccountedPercent: z.number(),
        intervalsUsed: z.int(),
        intervalsLeftOut: z.int(),
      })
      .optional(),
  })
  .meta({ id: "NodeLosses" });
export type NodeLosses = z.infer<typeof NodeLosses>;
export const LossesPage = pageOf(NodeLosses, "LossesPage");
export type LossesPage = z.infer<typeof LossesPage>;

/** One part of a formula: a channel, times a factor. */
export const VirtualTerm = z
  .object({ meterId: Identifier, channel: z.string().min(1).max(80), factor: z.number() })
  .meta({ id: "VirtualTerm" });
export type VirtualTerm = z.infer<typeof VirtualTerm>;

/** A channel that is computed from others when it is read. The next version replaces it; a kept version never changes. */
export const VirtualChannelDraft = z
  .object({
    id: Identifier,
    name: z.string().trim().min(1).max(120),
    unit: Unit.default("Wh"),
    scaler: z.int().min(-9).max(9).default(0),
    intervalSeconds: z.int().min(60).max(86_400).default(900),
    terms: z.array(VirtualTerm).min(1).max(500),
    reason: z.string().trim().min(1).max(400),
  })
  .meta({ id: "VirtualChannelDraft" });
export type VirtualChannelDraft = z.infer<typeof VirtualChannelDraft>;

export const VirtualChannel = VirtualChannelDraft.extend({ version: z.int(), author: z.string(), storedAt: Instant }).meta({
  id: "VirtualChannel",
});
export type VirtualChannel = z.infer<typeof VirtualChannel>;
export const VirtualChannelsPage = pageOf(VirtualChannel, "VirtualChannelsPage");
export type VirtualChannelsPage = z.infer<typeof VirtualChannelsPage>;

export const VirtualIntervalsQuery = z.object({ from: Instant, to: Instant, as_of: Instant.optional() });
export type VirtualIntervalsQuery = z.infer<typeof VirtualIntervalsQuery>;
