import type { MechanismName, Ciphering, SecuritySuite } from "../../security/security-options.ts";
import type { ClockReading } from "../instant.ts";

/**
 * A companion specification as data: what a client must know of its meters before it meets one, and how they depart
 * from the book. Logical names are written out, in the form of `Obis`. Written from public descriptions; conformance
 * to the documents is not claimed.
 */
export interface Companion {
  /** Key, kebab-case. */
  readonly id: string;
  readonly title: string;
  readonly documents: readonly string[];
  readonly transports: readonly CompanionTransport[];
  readonly suites: readonly SecuritySuite[];
  readonly clients: readonly CompanionClient[];
  /** Server SAPs of its logical devices; 1 is the management logical device. */
  readonly logicalDevices: readonly number[];
  readonly profiles: readonly CompanionProfile[];
  readonly eventLogs: readonly { readonly logicalName: string; readonly purpose: string }[];
  /** Further objects by what they are for. */
  readonly objects: Readonly<Partial<Record<CompanionObject, string>>>;
  readonly quirks: Quirks;
}

export type CompanionTransport =
  | "hdlc-optical"
  | "hdlc-rs485"
  | "hdlc-tcp"
  | "wrapper-tcp"
  | "wrapper-udp"
  | "g3-udp"
  | "prime-432"
  | "sfsk-432"
  | "zigbee-tunnel";

export interface CompanionClient {
  readonly sap: number;
  readonly role: string;
  readonly mechanism: MechanismName;
  readonly isCiphered: boolean;
  readonly isPreEstablished?: boolean;
  /** Where this client reads the counter that it has to exceed, by the public client. */
  readonly invocationCounter?: string;
}

export interface CompanionProfile {
  readonly logicalName: string;
  readonly purpose: "load" | "daily" | "billing" | "instantaneous" | "power-quality" | "m-bus" | "name-plate";
  /** As delivered; 0 is on an event. */
  readonly capturePeriodSeconds?: number;
  /** Where its columns' scalers stand, if not in the registers. */
  readonly scalerProfile?: string;
}

export type CompanionObject =
  | "clock"
  | "logical-device-name"
  | "firmware"
  | "disconnector"
  | "limiter"
  | "activity-calendar"
  | "special-days"
  | "image-transfer"
  | "security-setup"
  | "push-interval"
  | "push-alarm"
  | "push-installation"
  | "alarm-register"
  | "alarm-filter"
  | "alarm-descriptor"
  | "error-register"
  | "power-quality-threshold"
  | "account"
  | "billing-reset-script"
  | "m-bus-client";

/** Departures from the book, and choices that it leaves open. */
export interface Quirks {
  readonly clock?: Omit<ClockReading, "localToUtc">;
  /** The form in which these meters cipher. */
  readonly ciphering?: Ciphering;
  /** What a manufacturer's HLS (mechanism 2) computes. */
  readonly manufacturerHls?: "aes-128-ecb";
  /** A dedicated key goes with every association. */
  readonly usesDedicatedKey?: boolean;
  /** Requests go by ACCESS in place of GET, SET and ACTION. */
  readonly usesAccessService?: boolean;
  /** Each protected APDU is signed, inside the ciphering. */
  readonly isSigned?: boolean;
  /** Identifiers come as visible-string where the book has octet-string. */
  readonly hasVisibleStringNames?: boolean;
  /** Rows of profiles leave out what repeats (null-data). */
  readonly hasNullDataCompression?: boolean;
  /** Largest APDU that its meters take (octets). */
  readonly maxPduOctets?: number;
  /** Values and amounts come as compact frames (class 62). */
  readonly pushesCompactData?: boolean;
  /** Deviation that the zone has where stamps carry none, minutes to UTC in winter. */
  readonly standardDeviationMinutes?: number;
}
