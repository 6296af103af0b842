import type { ConformanceBit } from "../acse/conformance.ts";
import type { ApplicationContext } from "../acse/acse.ts";
import type { SecureChannel } from "../security/secure-channel.ts";
import type { AssociationDefinition, RequestContext } from "./cosem-device.ts";

/** What an open association holds. One at a time for each pair of service access points. */
export interface OpenAssociation {
  readonly definition: AssociationDefinition;
  readonly context: RequestContext;
  readonly applicationContext: ApplicationContext;
  readonly conformance: ReadonlySet<ConformanceBit>;
  /** Largest APDU that the client takes (octets); 0 is no limit. */
  readonly clientMaxPduOctets: number;
  /** Present in a ciphered application context. */
  readonly channel: SecureChannel | undefined;
  readonly clientSystemTitle: Uint8Array | undefined;
  /** Set until the client has proved itself: nothing but reply_to_HLS is served. */
  hls: HlsChallenges | undefined;
}

export interface HlsChallenges {
  readonly clientToServer: Uint8Array;
  readonly serverToClient: Uint8Array;
}

/** Bounds of one association. */
export interface ServerLimits {
  /** Largest value put together from blocks that a client sends (octets). */
  readonly valueOctetsMax: number;
  /** Most elements of a list. */
  readonly listMax: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = { valueOctetsMax: 1024 * 1024, listMax: 256 };
