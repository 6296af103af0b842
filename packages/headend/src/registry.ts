import type { Address } from "@amity/runtime";
import type { CommandRequest, CommandState, EndDeviceControl, EndDeviceEvent, MeterId, Unit } from "@amity/model";
import type { Coverage, Delivery } from "@amity/concentrator";
import type { FirmwareShelf } from "./firmware.ts";
import type { Standing } from "./standing.ts";

export type ConcentratorId = string;

/** Channel of a host meter that a meter behind it hangs on: B of its objects, e.g. `0-n:24.2.1`. */
export type HostChannel = 1 | 2 | 3 | 4;

/** How the head-end gets to a meter. */
export type Route =
  | { readonly kind: "direct"; readonly address: Address }
  /** `meterAddress` is what the concentrator calls the meter: the physical device address of the gateway prefix, as text. */
  | { readonly kind: "concentrator"; readonly concentratorId: ConcentratorId; readonly meterAddress: string }
  /**
   * Behind another meter that reads it and forwards it (DLMS M-Bus client, classes 72 to 74; an M-Bus channel of P1): collected
   * in the sessions or telegrams of its host, whichever way that is reached, by the driver of its host.
   */
  | { readonly kind: "behind"; readonly hostMeterId: MeterId; readonly channel: HostChannel }
  /** Speaks unasked behind a gateway to which the head-end connects and listens (SML, P1, IEC 62056-21 mode D, HAN over TCP). */
  | { readonly kind: "listen"; readonly address: Address }
  /** Heard by a wireless concentrator. `address` is the meter's own as text (`addressText` of @amity/mbus), e.g. `KAM-76348799-1b-16`. */
  | { readonly kind: "wireless"; readonly concentratorId: ConcentratorId; readonly address: string };

export type DeviceStatus = "registered" | "active" | "suspended" | "retired";

/** Protocol settings of a device, as its driver understands them: never a secret, only references into the key vault. */
export type DriverSettings = Readonly<Record<string, string | number | boolean>>;

/** A meter as it is registered. */
export interface Device {
  readonly meterId: MeterId;
  /** Name of the driver, e.g. `dlms`. */
  readonly protocol: string;
  readonly route: Route;
  readonly settings: DriverSettings;
  readonly status: DeviceStatus;
}

/** A data concentrator as it is registered. */
export interface ConcentratorEntry {
  readonly concentratorId: ConcentratorId;
  readonly address: Address;
  readonly settings: DriverSettings;
  /** Meter sessions that may run through it at once. */
  readonly sessionsMax: number;
  readonly status: DeviceStatus;
}

/** A register near the end of an interval, of a meter that is only heard: the beginning of the next one. */
export interface RegisterEdge {
  readonly meterId: MeterId;
  readonly channel: string;
  readonly unit: Unit;
  readonly scaler: number;
  /** The end of the interval that it stands for, on the grid. */
  readonly edgeMs: number;
  /** Integer as text: 64 bits do not fit JSON. */
  readonly value: string;
  /** When it was read; the edge itself where nothing is said. */
  readonly readMs?: number;
}

/** What is known of a device beside its registration; every field has a value once the meter was reached. */
export interface DeviceHealth {
  readonly lastSeenMs: number | undefined;
  readonly lastAttemptMs: number | undefined;
  readonly consecutiveFailures: number;
  readonly lastError: { readonly atMs: number; readonly code: string; readonly message: string } | undefined;
  readonly clockOffsetMs: number | undefined;
  readonly supply: "connected" | "disconnected" | "readyForReconnection" | undefined;
  readonly firmware: string | undefined;
  readonly manufacturer: string | undefined;
  /** Of a meter that is listened to, and of those behind it: where the last interval ended. */
  readonly edges: readonly RegisterEdge[] | undefined;
  /** What the meter said is the matter with it. */
  readonly standing: Standing | undefined;
}

export interface DeviceRecord {
  readonly device: Device;
  readonly health: DeviceHealth;
}

export interface ConcentratorRecord {
  readonly entry: ConcentratorEntry;
  readonly lastSeenMs: number | undefined;
  readonly lastError: string | undefined;
}

/** Spans of one profile of one meter that are in the sink: sorted, disjoint, half-open. */
export interface CoverageRecord {
  readonly meterId: MeterId;
  readonly profile: string;
  readonly covered: Coverage;
}

/** One command with its life so far. */
export interface CommandRecord {
  readonly request: CommandRequest;
  readonly state: CommandState;
  readonly changedAtMs: number;
  /** For the person who reads it: what happened, or why not. */
  readonly outcome: string | undefined;
  readonly attempts: number;
  /** Present where the command needs a second person. */
  readonly approval?: CommandApproval;
}

/** A second person's yes; `by` is absent while nobody has given it, and nothing is sent until then. */
export interface CommandApproval {
  readonly by?: string;
  readonly note?: string;
}

/** An entry of the audit trail of one command. */
export interface CommandAudit {
  readonly commandId: string;
  readonly atMs: number;
  readonly state: CommandState;
  readonly by: string;
  readonly note: string;
}

/** An event with its place in the head-end's own order. */
export interface StoredEvent {
  readonly cursor: number;
  readonly receivedAtMs: number;
  readonly event: EndDeviceEvent;
}

/** A delivery that could not be taken: from a meter that is not registered here, or unreadable. Kept until somebody decides. */
export interface QuarantinedDelivery {
  readonly concentratorId: ConcentratorId;
  readonly sequence: number;
  readonly delivery: Delivery;
  readonly reason: string;
  readonly atMs: number;
}

export type DeviceSort = "meterId" | "lastSeen" | "-lastSeen";

export interface DeviceQuery {
  readonly limit: number;
  /** Opaque: the `next` of the page before. */
  readonly cursor?: string;
  readonly sort?: DeviceSort;
  readonly concentratorId?: ConcentratorId;
  /** Only meters behind this one. */
  readonly hostMeterId?: MeterId;
  readonly status?: DeviceStatus;
  /** Part of the meter id. */
  readonly text?: string;
  /** Only meters whose last attempt failed. */
  readonly failing?: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** What one round of collection changed, recorded together after the sink committed. */
export interface CollectionRecord {
  readonly coverage: readonly CoverageRecord[];
  readonly health: readonly { readonly meterId: MeterId; readonly change: Partial<DeviceHealth> }[];
  readonly events: readonly EndDeviceEvent[];
}

/**
 * The head-end's memory. Writes resolve after commit. Two implementations pass the same tests: PostgreSQL (schema
 * `headend`) and memory (for simulations and for reading a meter once).
 */
export interface Registry extends FirmwareShelf {
  registerDevices(devices: readonly Device[]): Promise<void>;
  registerConcentrators(entries: readonly ConcentratorEntry[]): Promise<void>;
  device(meterId: MeterId): Promise<DeviceRecord | undefined>;
  devices(query: DeviceQuery): Promise<Page<DeviceRecord>>;
  /** Every device that is to be collected, in one go (some hundred octets each). */
  activeDevices(): Promise<readonly DeviceRecord[]>;
  concentrators(): Promise<readonly ConcentratorRecord[]>;
  setDeviceStatus(meterId: MeterId, status: DeviceStatus): Promise<boolean>;

  coverage(meterId?: MeterId): Promise<readonly CoverageRecord[]>;
  /** Idempotent: coverage replaces, events already known (same meter, log, code, instant) are passed over. Returns the new events. */
  recordCollection(record: CollectionRecord, nowMs: number): Promise<readonly StoredEvent[]>;
  recordConcentrator(concentratorId: ConcentratorId, change: { lastSeenMs?: number; lastError?: string | undefined }): Promise<void>;
  events(query: { afterCursor?: number; meterId?: MeterId; limit: number }): Promise<readonly StoredEvent[]>;

  /** Puts deliveries aside, durably; the same one again changes nothing. */
  quarantine(deliveries: readonly QuarantinedDelivery[]): Promise<void>;
  /** What was put aside, oldest first, at most 10,000. */
  quarantined(): Promise<readonly QuarantinedDelivery[]>;
  /** Takes deliveries out of quarantine. */
  release(deliveries: readonly QuarantinedDelivery[]): Promise<void>;

  /** Adds a command with its first audit entry; `false` when the id is already there. */
  addCommand(record: CommandRecord, audit: CommandAudit): Promise<boolean>;
  command(commandId: string): Promise<CommandRecord | undefined>;
  /**
   * Moves a command on, with its audit entry, only if it is still in `from`; `false` when somebody else moved it.
   */
  moveCommand(from: CommandState, record: CommandRecord, audit: CommandAudit): Promise<boolean>;
  /** Records a second person's yes, with its audit entry; `false` where the command waits for none any more. */
  approveCommand(commandId: string, approval: Required<CommandApproval>, audit: CommandAudit): Promise<boolean>;
  commands(query: CommandQuery): Promise<Page<CommandRecord>>;
  /** Commands that are not at their end. */
  openCommands(): Promise<readonly CommandRecord[]>;
  audit(commandId: string): Promise<readonly CommandAudit[]>;
}

export interface CommandQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly meterId?: MeterId;
  readonly state?: CommandState;
  readonly kind?: EndDeviceControl["kind"];
  /** Asked for within `[fromMs, toMs)`. */
  readonly fromMs?: number;
  readonly toMs?: number;
}
