import { z } from "zod";
import { ControlKind } from "./commands.ts";
import { Commodity, ExceptionSeverity } from "./exceptions.ts";
import { pageOf, PageQuery } from "./page.ts";
import { Instant, Unit } from "./time.ts";
import { MeterState } from "./topology.ts";

/** A row of the meters list. */
export const MeterSummary = z
  .object({
    id: z.string(),
    commodity: Commodity,
    usagePoint: z.string().optional(),
    /** The electricity meter that reads it and passes it on; absent for meters that are reached themselves. */
    host: z.string().optional(),
    feeder: z.string().optional(),
    transformer: z.string().optional(),
    /** Absent for meters on direct TCP. */
    concentrator: z.string().optional(),
    state: MeterState,
    lastSeen: Instant.optional(),
    /** Last known load; negative while it feeds in. */
    loadW: z.number().optional(),
    /** Gas or water through it over the newest interval, cubic metres an hour. */
    flowM3PerHour: z.number().optional(),
    /** Share of the last 24 hours' intervals received, 0..1. */
    completeness: z.number().min(0).max(1).optional(),
    openExceptions: z.int(),
    firmware: z.string().optional(),
    traits: z.array(z.enum(["solar", "ev", "threePhase"])).max(8),
  })
  .meta({ id: "MeterSummary" });
export type MeterSummary = z.infer<typeof MeterSummary>;

export const MeterSort = z.enum(["id", "lastSeen", "-lastSeen", "loadW", "-loadW", "completeness", "-completeness", "-openExceptions"]);
export type MeterSort = z.infer<typeof MeterSort>;

/** Query of the meters list; `q` matches a part of the meter or usage point id. */
export const MetersQuery = PageQuery.extend({
  q: z.string().max(80).optional(),
  commodity: Commodity.optional(),
  state: MeterState.optional(),
  feeder: z.string().max(80).optional(),
  concentrator: z.string().max(80).optional().describe("`direct` for meters on direct TCP"),
  sort: MeterSort.default("id"),
});
export type MetersQuery = z.infer<typeof MetersQuery>;

export const MetersPage = pageOf(MeterSummary, "MetersPage");
export type MetersPage = z.infer<typeof MetersPage>;

/** A register as last read. `value` is an integer as text (64 bits do not fit JSON numbers); times 10^scaler it is in `unit`. */
export const RegisterValue = z
  .object({ obis: z.string(), name: z.string(), value: z.string().regex(/^-?\d+$/), scaler: z.int(), unit: Unit, at: Instant })
  .meta({ id: "RegisterValue" });
export type RegisterValue = z.infer<typeof RegisterValue>;

/** A load-profile channel that the ledger holds. */
export const ChannelInfo = z
  .object({
    channel: z.string(),
    name: z.string(),
    unit: Unit,
    scaler: z.int(),
    intervalSeconds: z.int(),
    from: Instant.optional(),
    to: Instant.optional(),
  })
  .meta({ id: "ChannelInfo" });
export type ChannelInfo = z.infer<typeof ChannelInfo>;

/** A meter at the same place, of any commodity. */
export const NeighbourMeter = z.object({ id: z.string(), commodity: Commodity, usagePoint: z.string() }).meta({ id: "NeighbourMeter" });
export type NeighbourMeter = z.infer<typeof NeighbourMeter>;

/** What is not as it should be with a meter or its pipes, by its own events. */
export const MeterCondition = z
  .object({ kind: z.string(), title: z.string(), since: Instant, severity: ExceptionSeverity })
  .meta({ id: "MeterCondition" });
export type MeterCondition = z.infer<typeof MeterCondition>;

/** The way to a meter. */
export const MeterReach = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("direct"), address: z.string() }),
    z.object({ kind: z.literal("listen"), address: z.string() }),
    z.object({ kind: z.literal("concentrator"), concentrator: z.string(), address: z.string() }),
    z.object({ kind: z.literal("wireless"), concentrator: z.string(), address: z.string() }),
    z.object({ kind: z.literal("behind"), host: z.string(), channel: z.int() }),
  ])
  .meta({ id: "MeterReach" });
export type MeterReach = z.infer<typeof MeterReach>;

/** Everything about one meter that is not a series. */
export const MeterDetail = z
  .object({
    meter: MeterSummary,
    manufacturer: z.string().optional(),
    model: z.string().optional(),
    /** How it is reached, in words for people. */
    route: z.string(),
    reach: MeterReach,
    /** Protocol and security of the reading association, e.g. `DLMS/COSEM, HLS5-GMAC`. */
    protocol: z.string(),
    installed: Instant.optional(),
    supply: z.enum(["connected", "disconnected", "ready", "unknown"]),
    /** What its events say that has not ended, the worst first. */
    conditions: z.array(MeterCondition).max(16),
    clockOffsetSeconds: z.number().optional(),
    /** The other meters of the same home. */
    samePlace: z.array(NeighbourMeter).max(32),
    /** What can be asked of it as it is reached; its role may still keep somebody from asking. */
    commands: z.array(ControlKind),
    registers: z.array(RegisterValue).max(64),
    channels: z.array(ChannelInfo).max(64),
    watermark: Instant.optional(),
    health: z.object({ sessions: z.int(), failures: z.int(), lastError: z.string().optional() }),
  })
  .meta({ id: "MeterDetail" });
export type MeterDetail = z.infer<typeof MeterDetail>;
