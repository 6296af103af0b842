import type { Random, Timers } from "@amity/runtime";
import type { AccessSelection, AttributeDescriptor, MethodDescriptor } from "../apdu/descriptors.ts";
import type { ActionRefusal, DataAccessRefusal, DataAccessResult } from "../apdu/results.ts";
import type { ConformanceBit } from "../acse/conformance.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import type { Authentication, SecurityOptions } from "../security/security-options.ts";
import type { ApduTrace } from "../trace.ts";

/** What a client asks of an association. */
export interface ClientOptions {
  /** 16 public, 1 management, others by companion specification. */
  readonly clientSap: number;
  /** 1 is the management logical device (default). */
  readonly serverSap?: number;
  readonly authentication: Authentication;
  /** Our system title where nothing is ciphered but the mechanism mixes it in (SHA-256, ECDSA). */
  readonly systemTitle?: Uint8Array;
  /** Which user of the client asks (0 to 255): servers with a user list want to know. */
  readonly userId?: number;
  /** Absent: nothing is ciphered. */
  readonly security?: SecurityOptions;
  /** Short-name referencing instead of logical names. */
  readonly shortNames?: boolean;
  /** Services proposed; default: all that this client speaks. */
  readonly conformance?: readonly ConformanceBit[];
  /** Largest APDU that we take (octets), default 65,535. */
  readonly maxPduOctets?: number;
  /** Blocks that we take before we confirm in general block transfer (1 to 63), default 8. It is used where `conformance` asks for it. */
  readonly blockWindow?: number;
  /** Machine time to wait for each answer, default 10,000. */
  readonly timeoutMs?: number;
  /** Largest attribute value put together from blocks (octets), default 4 Mi. */
  readonly valueOctetsMax?: number;
  /** A pre-established association: no AARQ is sent. */
  readonly preEstablished?: boolean;
  /** Uses this invoke id (0 to 15) for every request: for servers that know only one. Default: 1 to 15 in turn. */
  readonly fixedInvokeId?: number;
  /**
   * Requests on the link at once, 1 (default) to 15: for meters that take the next before they have answered the last. Each value
   * must then fit one APDU. Always 1 with short names and with general block transfer.
   */
  readonly requestsAtATime?: number;
  readonly trace?: ApduTrace;
}

/** What a client takes from the world. */
export interface ClientWorld {
  readonly timers: Timers;
  readonly random: Random;
}

/** What was agreed in the AARE. */
export interface AssociationInfo {
  readonly conformance: ReadonlySet<ConformanceBit>;
  /** Largest APDU that the server takes (octets). */
  readonly serverMaxPduOctets: number;
  readonly serverSystemTitle: Uint8Array | undefined;
}

export type GetOutcome =
  | { readonly kind: "data"; readonly data: DlmsData }
  | { readonly kind: "refused"; readonly result: DataAccessRefusal };
/** The attribute's A-XDR octets, undecoded: feed `decodeProfileTable` or `decodeData`. */
export type RawGetOutcome =
  | { readonly kind: "data"; readonly octets: Uint8Array }
  | { readonly kind: "refused"; readonly result: DataAccessRefusal };
export type ActionOutcome =
  | { readonly kind: "done"; readonly data?: DlmsData }
  | { readonly kind: "refused"; readonly result: ActionRefusal };

export interface GetRequestItem {
  readonly attribute: AttributeDescriptor;
  readonly selection?: AccessSelection | undefined;
}
export interface SetRequestItem extends GetRequestItem {
  readonly value: DlmsData;
}

/** One element of an ACCESS request: several services in one APDU. */
export type AccessItem =
  | { readonly kind: "get"; readonly attribute: AttributeDescriptor; readonly selection?: AccessSelection }
  | { readonly kind: "set"; readonly attribute: AttributeDescriptor; readonly value: DlmsData; readonly selection?: AccessSelection }
  | { readonly kind: "action"; readonly method: MethodDescriptor; readonly parameters?: DlmsData };

export interface AccessOptions {
  /** The client's date-time (12 octets), where the server wants one. */
  readonly dateTime?: Uint8Array;
  /** Nothing behind the first refusal is carried out: the rest comes back refused. */
  readonly breaksOnError?: boolean;
}

/** `data` for a GET, `done` for a SET or an ACTION (with what it returned). */
export type AccessOutcome = GetOutcome | ActionOutcome;

/** What a meter sends of itself: data-notification, event-notification or information-report. */
export interface Notification {
  readonly kind: "data-notification" | "event-notification" | "information-report";
  /** Of a data-notification: the sender's 24-bit number of this one. */
  readonly invokeId?: number;
  /** The sender waits for a data-notification-confirm: a client sends it by itself, a `PushReceiver` hands it out. */
  readonly isConfirmed?: boolean;
  /** Date-time octets as sent (0 or 12), where there are any. */
  readonly dateTime?: Uint8Array;
  readonly attribute?: AttributeDescriptor;
  readonly body: DlmsData;
}

/**
 * One open association. Refusals by the meter are values; a lost link is a LinkError, a broken protocol a PeerError,
 * a bad tag or counter a SecurityError, each rejecting the calls in hand and every later one. Calls queue: one request
 * is on the link at a time unless `requestsAtATime` says otherwise.
 */
export interface DlmsClient {
  readonly association: AssociationInfo;
  readonly isOpen: boolean;
  get(attribute: AttributeDescriptor, selection?: AccessSelection): Promise<GetOutcome>;
  /** As `get` (blocks put together, deciphered) without decoding the value. */
  getRaw(attribute: AttributeDescriptor, selection?: AccessSelection): Promise<RawGetOutcome>;
  /** With-list where it was negotiated, one after another otherwise. */
  getList(items: readonly GetRequestItem[]): Promise<GetOutcome[]>;
  set(attribute: AttributeDescriptor, value: DlmsData, selection?: AccessSelection): Promise<DataAccessResult>;
  setList(items: readonly SetRequestItem[]): Promise<DataAccessResult[]>;
  action(method: MethodDescriptor, parameters?: DlmsData): Promise<ActionOutcome>;
  /** GETs, SETs and ACTIONs in one request (ACCESS). @throws PeerError `not-negotiated` where the server does not offer it. */
  access(items: readonly AccessItem[], options?: AccessOptions): Promise<AccessOutcome[]>;
  /** Called for every notification that arrives on this association's link. */
  onNotification(listener: (notification: Notification) => void): void;
  /** RLRQ/RLRE where the association was opened with an AARQ, then the link is closed. Never rejects. */
  release(): Promise<void>;
  /** Gives up at once: no RLRQ, the link is aborted. */
  abort(): void;
}
