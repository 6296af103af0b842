import type {
  Backfill,
  Bill,
  BillRelease,
  BillSummary,
  BillsQuery,
  Command,
  CommandApproval,
  CommandCancellation,
  CommandRequest,
  CommandsQuery,
  Completeness,
  ExceptionDetail,
  ExceptionResolution,
  ExceptionsQuery,
  ExportFormat,
  FeederState,
  Firmware,
  Firmwares,
  FirmwareUploadQuery,
  FleetRegistration,
  Granularity,
  Intervals,
  LiveEvent,
  LoadSeries,
  MeterDetail,
  MeterSummary,
  MetersQuery,
  Overview,
  Page,
  RegistrationReport,
  SessionTrace,
  TimelineEntry,
  TimelineKind,
  Topology,
  VeeException,
  WirelessStrangers,
} from "@amity/api";
import type { AnalysisApi } from "./analysis-ports.ts";
import type { DecisionApi } from "./decision-ports.ts";
import type { Principal, WriteOutcome } from "./write-outcome.ts";

export type { Fault, Principal, WriteOutcome } from "./write-outcome.ts";

/** `[fromMs, toMs)` of one channel, as known at `asOfMs` (now where absent). */
export interface IntervalsAsk {
  readonly meterId: string;
  readonly channel: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly granularity: Granularity;
  readonly asOfMs?: number | undefined;
}

/** Readings of one usage point over `[fromMs, toMs)`, as known at `asOfMs` (now where absent). */
export interface ExportAsk {
  readonly usagePointId: string;
  readonly format: ExportFormat;
  readonly fromMs: number;
  readonly toMs: number;
  readonly asOfMs?: number | undefined;
  readonly channel?: string | undefined;
  readonly sender?: string | undefined;
  readonly receiver?: string | undefined;
}

/** A file as it is written: nothing is read before the first piece is taken. */
export interface ExportedFile {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly mediaType: string;
  readonly fileName: string;
}

/** Newest first; an open end is an absent bound. */
export interface TimelineAsk {
  readonly meterId: string;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly kind?: TimelineKind | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** What the page needs to know about the installation. */
export interface UtilityFacts {
  readonly name: string;
  /** IANA zone. */
  readonly zone: string;
  readonly simulated: boolean;
  /** Commands that wait for a second person before anything is sent. */
  readonly approvalFor: readonly string[];
  readonly version: string;
}

/** Reads behind the console's pages. `undefined` is "no such thing". Shapes are the resources of `@amity/api`. */
export interface UtilityReads {
  facts(): UtilityFacts;
  overview(): Promise<Overview>;
  topology(): Promise<Topology>;
  /** Load of the whole utility, or of one feeder, over `[fromMs, toMs)`, at most 2,000 steps. */
  load(ask: { fromMs: number; toMs: number; feeder?: string | undefined }): Promise<LoadSeries>;
  /** @throws UsageError code `bad-cursor` for a cursor that this list did not give out. The same holds for every list. */
  meters(query: MetersQuery): Promise<Page<MeterSummary>>;
  meter(meterId: string): Promise<MeterDetail | undefined>;
  intervals(ask: IntervalsAsk): Promise<Intervals | undefined>;
  /** @throws UsageError for what the format cannot say, as late as when the file is read. */
  exportReadings(ask: ExportAsk): Promise<ExportedFile | undefined>;
  timeline(ask: TimelineAsk): Promise<Page<TimelineEntry> | undefined>;
  lastSession(meterId: string): Promise<SessionTrace | undefined>;
  commands(query: CommandsQuery): Promise<Page<Command>>;
  command(commandId: string): Promise<Command | undefined>;
  exceptions(query: ExceptionsQuery): Promise<Page<VeeException>>;
  exception(id: string): Promise<ExceptionDetail | undefined>;
  bills(query: BillsQuery): Promise<Page<BillSummary>>;
  bill(id: string): Promise<Bill | undefined>;
  completeness(days: number): Promise<Completeness>;
  backfill(): Promise<Backfill>;
  /** Wireless meters that concentrators hear and nobody registered. */
  wirelessStrangers(): Promise<WirelessStrangers>;
  /** Firmware images for meters, newest first. */
  firmwares(): Promise<Firmwares>;
}

/** Writes. Each is idempotent by its own identity (command id, exception id and action, feeder and state). */
export interface UtilityWrites {
  /** Puts the command before the head-end's gate. The same `commandId` again gives the same command back. */
  requestCommand(request: CommandRequest, by: Principal): Promise<WriteOutcome<Command>>;
  /** A second person's yes to a command that waits for one. */
  approveCommand(commandId: string, approval: CommandApproval, by: Principal): Promise<WriteOutcome<Command>>;
  /** A second person's no, or the requester's own change of mind. */
  cancelCommand(commandId: string, cancellation: CommandCancellation, by: Principal): Promise<WriteOutcome<Command>>;
  resolveException(id: string, resolution: ExceptionResolution, by: Principal): Promise<WriteOutcome<VeeException>>;
  /** Registers meters and concentrators, and begins to collect them. */
  registerFleet(fleet: FleetRegistration): Promise<RegistrationReport>;
  /** Keeps a firmware image; its identification is never given to other octets. */
  addFirmware(upload: FirmwareUploadQuery, octets: Uint8Array, by: Principal): Promise<WriteOutcome<Firmware>>;
  releaseBill(id: string, release: BillRelease, by: Principal): Promise<WriteOutcome<BillSummary>>;
  /** Demo only: cuts or restores a feeder of the simulated network. */
  switchFeeder(feederId: string, state: "live" | "out", by: Principal): Promise<WriteOutcome<FeederState>>;
  /** Demo only: civil seconds in a machine second. */
  setSpeed(speed: number, by: Principal): Promise<WriteOutcome<{ speed: number }>>;
}

/** The utility as the HTTP edge sees it. The composition root implements it over head-end and MDM. */
export interface UtilityApi extends UtilityReads, UtilityWrites {
  readonly decisions: DecisionApi;
  /** What an analyst works with; absent where the utility keeps no ledger of its own. */
  readonly analysis?: AnalysisApi;
  /** Calls `listener` for each live event until the returned function is called. Never called inside `subscribe` itself. */
  subscribe(listener: (event: LiveEvent) => void): () => void;
  /** What keeps the service from being ready, empty when it is: each a short reason, e.g. `store: starting`. */
  notReady(): readonly string[];
}
