import type { CommandRequest, EndDeviceControl, MeterId, ReadingSink, RegisterReading } from "@amity/model";
import type { World } from "@amity/runtime";
import type { MeterDriver } from "./driver.ts";
import type { InvocationCounters } from "./invocation-counters.ts";
import type { KeyVault } from "./key-vault.ts";
import type { HeadEndNotice, Unsubscribe } from "./notices.ts";
import type { HeadEndViews } from "./read-models.ts";
import type { CommandRecord, Registry } from "./registry.ts";

/** What the program hands the head-end. */
export interface HeadEndParts {
  readonly world: World;
  readonly registry: Registry;
  readonly keys: KeyVault;
  readonly counters: InvocationCounters;
  readonly sink: ReadingSink;
  readonly drivers: readonly MeterDriver[];
}

/** Figures that shape collection; every one has a default that is right for a fleet of residential meters. */
export interface HeadEndOptions {
  /** How far back the load profile is wanted, civil ms. Default 30 days. */
  readonly historyMs?: number;
  /** Civil ms between two collections of a meter. Default one hour. */
  readonly collectEveryMs?: number;
  /** One request for history asks for at most this much, civil ms. Default one day. */
  readonly chunkMs?: number;
  /** Capture period of the load profile: collection ends on this grid. Default 15 minutes. */
  readonly captureMs?: number;
  /** Rows this young may still appear (a slow clock, a late capture). Default 30 minutes. */
  readonly lateMs?: number;
  /** Pieces of history that one visit takes before other meters have their turn. Default 8. */
  readonly piecesPerVisit?: number;
  /** Sessions over direct TCP at once. Default 32. */
  readonly directSessionsMax?: number;
  /** Machine ms that one request to a meter may take. Default 10 s. */
  readonly requestTimeoutMs?: number;
  /** The same for a request that a concentrator relays over its medium. Default 60 s. */
  readonly relayTimeoutMs?: number;
  /** Load profile, OBIS. Default `1-0:99.1.0`. */
  readonly loadProfile?: string;
  /** Event logs, OBIS. */
  readonly eventLogs?: readonly string[];
  /** System title of the head-end, eight octets: the driver and the links to concentrators use one. */
  readonly systemTitle?: Uint8Array;
  /** Machine ms between two looks at a concentrator that does not call. Default 60 s. */
  readonly concentratorPollMs?: number;
  /** Supply switching commands accepted in one civil hour over the whole fleet. Default 100. */
  readonly switchingPerHourMax?: number;
  /** The utility's own policy on commands: why not, or `undefined`. Default: no objection. */
  readonly policy?: (request: CommandRequest) => string | undefined;
  /** Controls that wait for somebody other than their requester before anything is sent. Default: none. */
  readonly approvalFor?: readonly EndDeviceControl["kind"][];
}

/** The head-end: reaches meters, collects, commands. Critical controls pass its one gate. */
export interface HeadEnd {
  /** Loads the registry, takes up open commands (dispatched ones as unknown), begins to collect. */
  start(): Promise<void>;
  /** Stops beginning anything, ends sessions in order; nothing is lost by not calling it. */
  stop(): Promise<void>;
  /** Tells a running head-end that the registry has new or changed devices. */
  refresh(): Promise<void>;
  /**
   * Takes a command. The same id with the same content is the same command; it resolves when the command is recorded.
   * @throws UsageError `unknown-meter`, `expired`, `id-conflict`, `quota`, `unsupported`.
   */
  submit(request: CommandRequest): Promise<CommandRecord>;
  /** Checks a request as `submit` does and records nothing. @throws as `submit`. */
  check(request: CommandRequest): Promise<{ readonly needsApproval: boolean }>;
  /**
   * A second person's yes to a command that waits for one: it is sent now. `undefined` where there is no such command, or it
   * waits for nobody any more. @throws UsageError `approval-own` for the requester himself, `approval-not-needed`.
   */
  approve(commandId: string, approval: { by: string; note: string }): Promise<CommandRecord | undefined>;
  /** Cancels a command that still waits, with a note for the record; `false` when it does not. */
  cancel(commandId: string, by: string, note?: string): Promise<boolean>;
  /** Reads the cumulative registers now. @throws by blame. */
  readNow(meterId: MeterId): Promise<readonly RegisterReading[]>;
  /**
   * Takes what a meter sent of itself (last gasp, alarm, a list of values); resolves when it is in the sink.
   * @throws DecodeError, SecurityError, UsageError `unknown-meter`.
   */
  takePush(meterId: MeterId, apdu: Uint8Array): Promise<void>;
  subscribe(listener: (notice: HeadEndNotice) => void): Unsubscribe;
  readonly views: HeadEndViews;
}
