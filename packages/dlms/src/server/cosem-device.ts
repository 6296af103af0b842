import type { ConformanceBit } from "../acse/conformance.ts";
import type { AccessSelection, AttributeDescriptor, MethodDescriptor } from "../apdu/descriptors.ts";
import type { AssociationChange, AssociationChanges } from "./association-change.ts";
import type { ActionRefusal, DataAccessRefusal, DataAccessResult } from "../apdu/results.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import type { Obis } from "../data/obis.ts";
import type {
  ChallengeTransform,
  InvocationCounter,
  KeyCandidate,
  MechanismName,
  Protection,
  ReceivedCounter,
  SecurityKeys,
  SecuritySuite,
} from "../security/security-options.ts";

/**
 * The server's side of the contract. A model (objects, rights, associations) is static and shared by every meter of a
 * type; a logical device is one meter's state. One process holds 10,000 of them: a device needs no object per COSEM
 * object, it answers `read(attribute)` from whatever it keeps.
 */

/** Access rights as the bits of Association LN version 3 (Blue Book 4.4.4); combine with `|`. */
export const ACCESS = {
  none: 0,
  read: 1,
  write: 2,
  readWrite: 3,
  /** Methods: may be invoked. */
  invoke: 1,
  authenticatedRequest: 4,
  encryptedRequest: 8,
  signedRequest: 16,
  authenticatedResponse: 32,
  encryptedResponse: 64,
  signedResponse: 128,
} as const;

/** Rights by role; a role that is not named has none. */
export type AccessByRole = Readonly<Record<string, number>>;

export interface AttributeDefinition {
  readonly id: number;
  readonly access: AccessByRole;
  /** Selectors offered (profile buffers: 1 range, 2 entry). */
  readonly selectors?: readonly number[];
}

export interface MethodDefinition {
  readonly id: number;
  readonly access: AccessByRole;
}

export interface ObjectDefinition {
  readonly classId: number;
  readonly version: number;
  readonly instanceId: Obis;
  readonly attributes: readonly AttributeDefinition[];
  readonly methods?: readonly MethodDefinition[];
  /** Base name for short-name referencing: a multiple of 8. */
  readonly baseName?: number;
}

/** One association that the logical device offers, by the client that may open it. */
export interface AssociationDefinition {
  readonly clientSap: number;
  /** Key into `AccessByRole`. */
  readonly role: string;
  readonly mechanism: MechanismName;
  /** Ciphered application context required (`true`), refused (`false`) or left to the client (`undefined`). */
  readonly ciphered?: boolean;
  /** The least protection of requests in a ciphered context. */
  readonly protection?: Protection;
  /** Services granted; default: all that the server speaks. */
  readonly conformance?: readonly ConformanceBit[];
  /** The largest APDU that the server takes (octets), default 1,024. */
  readonly maxPduOctets?: number;
  /** The largest APDU that the server sends (octets), default: whatever the client takes. Real meters have small buffers. */
  readonly sendPduOctetsMax?: number;
  /** The client may change its own password or HLS secret; the device must offer `changeSecret`. */
  readonly mayChangeSecret?: boolean;
  /** The client may see the other associations of its logical device, and change their object lists, users and secrets, and its own. */
  readonly administers?: boolean;
  /** Usable without an AARQ. */
  readonly preEstablished?: boolean;
  /** The Association LN object of this association, default 0-0:40.0.n.255 by position (1, 2, ...). */
  readonly instanceId?: Obis;
  readonly securitySetupId?: Obis;
}

/** Static and shared. Pass it through `compileModel` once; every logical device then refers to the compiled one. */
export interface ObjectModel {
  /** Version of the association object: 1 (default) and 2 show rights as modes 0 to 6, 3 as the bits of `ACCESS`; user lists since 2. */
  readonly associationVersion?: 1 | 2 | 3;
  /** Version of the association object by short names: 2 (default) has rights and a security setup, 1 rights, 0 neither. */
  readonly associationSnVersion?: 0 | 1 | 2;
  readonly associations: readonly AssociationDefinition[];
  /** Association objects (class 15, 12) are the server's own: do not list them. */
  readonly objects: readonly ObjectDefinition[];
}

/** Who asks. */
export interface RequestContext {
  readonly clientSap: number;
  readonly role: string;
  readonly association: AssociationDefinition;
  /** What was agreed with the client. */
  readonly conformance: ReadonlySet<ConformanceBit>;
  /** Calling-AE-invocation-id of its AARQ: which user of the client it is. */
  readonly userId?: number;
  /** Of the client, where it named one in its AARQ. */
  readonly clientSystemTitle?: Uint8Array;
}

/** A value, its A-XDR octets ready made (tag included: the fast path of load profiles), or a refusal. */
export type ReadOutcome =
  | { readonly kind: "data"; readonly data: DlmsData }
  | { readonly kind: "encoded"; readonly octets: Uint8Array }
  | { readonly kind: "refused"; readonly result: DataAccessRefusal };

export type InvokeOutcome =
  | { readonly kind: "done"; readonly data?: DlmsData }
  | { readonly kind: "refused"; readonly result: ActionRefusal };

/** Secrets of one meter towards one client. */
export interface AssociationSecurity {
  readonly suite: SecuritySuite;
  readonly keys: SecurityKeys;
  /** Outgoing counter. */
  readonly sent: InvocationCounter;
  /** Counter of the client under the global key: must survive a restart of the meter. */
  readonly received: ReceivedCounter;
  /** The same for the broadcast key. */
  readonly receivedBroadcast?: ReceivedCounter;
  /** Told once when an APDU has been authenticated under `keys`. */
  readonly proved?: () => void;
  /**
   * Keys that count beside `keys`, to be tried after them: those of before a change, as long as nobody has shown that it has the new ones. What
   * the first APDU of an association is under holds for all of it.
   */
  readonly others?: readonly KeyCandidate[];
}

/** One logical device of one meter. Calls may answer at once or later; the server handles one request of an association at a time. */
export interface LogicalDevice {
  readonly model: CompiledModel;
  /** Eight octets. */
  readonly systemTitle: Uint8Array;
  /** LLS password or HLS secret (mechanisms 1, 2, 3, 4, 6) for this client. */
  secret?(clientSap: number): Uint8Array | undefined;
  /** Absent or `undefined`: this client cannot cipher. `clientSystemTitle` says whose public keys are wanted, where it is known. */
  security?(clientSap: number, clientSystemTitle?: Uint8Array): AssociationSecurity | undefined;
  /**
   * The security policy of this client's security setup, asked for with each request: bits 2 to 7 of class 64 version 1, which are those
   * of `ACCESS`. It adds to what the association demands. Absent: 0.
   */
  securityPolicy?(clientSap: number): number;
  /** Takes a new password (attribute 7 of the association) or HLS secret (its method 2); false: not a secret that it takes. */
  changeSecret?(clientSap: number, secret: Uint8Array): boolean | Promise<boolean>;
  /** What clients changed of an association's object list and users; `undefined`: nothing. */
  associationChanges?(clientSap: number): AssociationChanges | undefined;
  /** Keeps a change of an association, to be told by `associationChanges` from then on; false: it is not taken. */
  changeAssociation?(clientSap: number, change: AssociationChange): boolean | Promise<boolean>;
  /** Manufacturer's transform for mechanism 2. */
  readonly challengeTransform?: ChallengeTransform;
  /** Existence and rights were checked before. `selection` only where the attribute offers the selector. */
  read(attribute: AttributeDescriptor, selection: AccessSelection | undefined, context: RequestContext): ReadOutcome | Promise<ReadOutcome>;
  write(
    attribute: AttributeDescriptor,
    value: DlmsData,
    selection: AccessSelection | undefined,
    context: RequestContext,
  ): DataAccessResult | Promise<DataAccessResult>;
  invoke(method: MethodDescriptor, parameters: DlmsData | undefined, context: RequestContext): InvokeOutcome | Promise<InvokeOutcome>;
}

/** What answers at one address: a meter or a concentrator with its logical devices. */
export interface CosemDevice {
  /** `undefined`: nothing answers at this SAP. 1 is the management logical device. */
  logicalDevice(serverSap: number): LogicalDevice | undefined;
}

/** A model with its indexes, shared by all devices of a type. */
export interface CompiledModel {
  readonly associationVersion?: 1 | 2 | 3;
  readonly associationSnVersion?: 0 | 1 | 2;
  readonly associations: readonly AssociationDefinition[];
  readonly objects: readonly ObjectDefinition[];
  association(clientSap: number): AssociationDefinition | undefined;
  object(classId: number, instanceId: Obis): ObjectDefinition | undefined;
  /** Whatever its class: tells "object undefined" from "class inconsistent". */
  byName(instanceId: Obis): ObjectDefinition | undefined;
}
