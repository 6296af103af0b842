import type { WirelessStranger } from "./wireless-stranger.ts";
import type { EndDeviceControl, MeterId, RegisterReading } from "@amity/model";
import type {
  CommandAudit,
  CommandQuery,
  CommandRecord,
  ConcentratorRecord,
  CoverageRecord,
  DeviceQuery,
  DeviceRecord,
  Page,
  StoredEvent,
} from "./registry.ts";
import type { SessionTrace } from "./session-trace.ts";

/** How far the history of the fleet is in the sink, counted in meter-days of the load profile. */
export interface BackfillProgress {
  readonly wantedMs: number;
  readonly coveredMs: number;
  /** 0 to 1. */
  readonly fraction: number;
  readonly metersComplete: number;
  readonly meters: number;
}

/** Share of a span that is collected, by concentrator; meters on direct routes are under `undefined`. */
export interface Completeness {
  readonly concentratorId: string | undefined;
  readonly meters: number;
  readonly metersComplete: number;
  readonly coveredMs: number;
  readonly wantedMs: number;
}

export interface MeterDetail extends DeviceRecord {
  readonly coverage: readonly CoverageRecord[];
  readonly commands: readonly CommandRecord[];
  readonly events: readonly StoredEvent[];
  readonly hasTrace: boolean;
}

export interface CommandDetail extends CommandRecord {
  readonly audit: readonly CommandAudit[];
  /** What an on-demand read brought. */
  readonly registers?: readonly RegisterReading[];
}

/** What the API reads. Everything is a copy: nothing in it changes under the reader. */
export interface HeadEndViews {
  meters(query: DeviceQuery): Promise<Page<DeviceRecord>>;
  meter(meterId: MeterId): Promise<MeterDetail | undefined>;
  concentrators(): Promise<readonly ConcentratorRecord[]>;
  /** The controls that a registered meter takes; none where it is unknown, or nobody can speak to it. */
  controlsOffered(meterId: MeterId): readonly EndDeviceControl["kind"][];
  /** Wireless meters that concentrators hear and that are registered nowhere there, as last looked at. */
  strangers(): readonly WirelessStranger[];
  commands(query: CommandQuery): Promise<Page<CommandRecord>>;
  command(commandId: string): Promise<CommandDetail | undefined>;
  eventsSince(cursor: number, limit: number): Promise<readonly StoredEvent[]>;
  /** Load-profile completeness of the span `[fromMs, toMs)`. */
  completeness(fromMs: number, toMs: number): readonly Completeness[];
  backfill(): BackfillProgress;
  sessionTrace(meterId: MeterId): SessionTrace | undefined;
  counts(): HeadEndCounts;
}

export interface HeadEndCounts {
  readonly meters: number;
  /** Reached within the last two collection periods. */
  readonly metersOnline: number;
  readonly concentrators: number;
  readonly concentratorsOnline: number;
  readonly sessionsOpen: number;
  readonly sessionsOk: number;
  readonly sessionsFailed: number;
  readonly commandsOpen: number;
  /** Interval values handed to the sink since the start of this process. */
  readonly intervalsTaken: number;
}
