/** 0: AES-GCM-128. 1: + ECDSA, ECDH P-256. 2: AES-GCM-256, P-384 (IEC 62056-5-3, table 9). */
export type SecuritySuite = 0 | 1 | 2;

/** Which of authentication and encryption an APDU gets (security control bits 4 and 5). */
export type Protection = "authenticated" | "encrypted" | "authenticated-encrypted";

/**
 * How ciphered APDUs travel. `global`/`dedicated`: service-specific glo-/ded- forms; `general-global`/`general-dedicated`:
 * one form for all services, with the sender's system title in it. `general-ciphering`: the same with the key named,
 * wrapped or agreed in each APDU.
 */
export type Ciphering = "global" | "dedicated" | "general-global" | "general-dedicated" | "general-ciphering";

/** Where the key of a general-ciphering APDU comes from: known, wrapped by the master key, or agreed (suites 1 and 2). */
export type KeyInfoKind = "identified" | "wrapped" | "one-pass" | "static-unified";

/**
 * Where outgoing invocation counters come from. They never repeat under one key: an implementation that persists
 * reserves ahead before a session and throws a SecurityError when the reserve is used up.
 */
export interface InvocationCounter {
  next(): number;
}

/** The last invocation counter taken from the peer under one key; the next must be greater. */
export interface ReceivedCounter {
  readonly last: number;
  /** Called after the tag was verified. */
  accept(counter: number): void;
}

/** Elliptic-curve material of suites 1 and 2: private scalars of our side, public points X || Y of the peer. */
export interface EllipticKeys {
  readonly signingPrivate?: Uint8Array;
  /** Signs a message (ECDSA, r || s) where our signing key does not leave its holder: a secure element, an HSM. Goes before `signingPrivate`. */
  readonly sign?: (message: Uint8Array) => Uint8Array;
  readonly agreementPrivate?: Uint8Array;
  readonly peerSigningPublic?: Uint8Array;
  readonly peerAgreementPublic?: Uint8Array;
}

/** Keys of one security context. 16 octets in suites 0 and 1, 32 in suite 2. Never logged. */
export interface SecurityKeys {
  /** Global unicast encryption key (GUEK). */
  readonly encryptionKey: Uint8Array;
  /** Authentication key (GAK). */
  readonly authenticationKey: Uint8Array;
  /** Global broadcast encryption key (GBEK). */
  readonly broadcastKey?: Uint8Array;
  /** Master key (KEK) that wraps others. */
  readonly masterKey?: Uint8Array;
  readonly elliptic?: EllipticKeys;
}

/** A set of keys that counts beside others, with the counter that belongs to it. */
export interface KeyCandidate {
  readonly keys: SecurityKeys;
  /** Counter of the peer under these keys. */
  readonly received: ReceivedCounter;
  /** Told once when an APDU has been authenticated under them. */
  readonly proved?: () => void;
}

/** The client's side of a ciphered association. */
export interface SecurityOptions {
  readonly suite: SecuritySuite;
  /** Our system title, eight octets. */
  readonly systemTitle: Uint8Array;
  /** Of the meter, where it must be known before the AARE: pre-established associations, mechanism 7. */
  readonly peerSystemTitle?: Uint8Array;
  readonly keys: SecurityKeys;
  readonly protection: Protection;
  readonly ciphering: Ciphering;
  /** Key for this association only; required by the two dedicated cipherings, sent in the AARQ. */
  readonly dedicatedKey?: Uint8Array;
  readonly sent: InvocationCounter;
  /** Counter of the meter under the global key; without it, strictness starts with the first APDU of the session. */
  readonly received?: ReceivedCounter;
  /** For `general-ciphering`, default `identified`. */
  readonly keyInfo?: KeyInfoKind;
  /**
   * How the client's proof of HLS travels with `general-global`: as `global` (default) or already as the rest. Servers answer in
   * the form of the request; some know only one.
   */
  readonly proofCiphering?: "global" | "general-global";
  /**
   * `general-ciphering` whose tags are those of the Green Book's annex C: over the initialization vector too, which the book's text leaves
   * out. Default: as in the text. Either is taken; a server answers in that of the request.
   */
  readonly authenticatesIv?: boolean;
  /** Wraps each protected APDU in general-signing (suites 1 and 2). */
  readonly signing?: boolean;
}

/** How the client proves who it is (mechanisms 2.16.756.5.8.2.n). GMAC and ECDSA take their keys from the security options. */
export type Authentication =
  | { readonly mechanism: "none" }
  | { readonly mechanism: "lls"; readonly password: Uint8Array }
  | { readonly mechanism: "hls-manufacturer"; readonly secret: Uint8Array; readonly transform?: ChallengeTransform }
  | { readonly mechanism: "hls-md5" | "hls-sha1" | "hls-sha256"; readonly secret: Uint8Array }
  | { readonly mechanism: "hls-gmac" }
  | { readonly mechanism: "hls-ecdsa" };

export type MechanismName = Authentication["mechanism"];

/** A manufacturer's own answer to a challenge (mechanism 2); the default is AES-128-ECB, as in India and Gurux. */
export type ChallengeTransform = (challenge: Uint8Array, secret: Uint8Array) => Uint8Array;

/** Mechanism ids: the last arc of the mechanism name. */
export const MECHANISM_IDS = {
  none: 0,
  lls: 1,
  "hls-manufacturer": 2,
  "hls-md5": 3,
  "hls-sha1": 4,
  "hls-gmac": 5,
  "hls-sha256": 6,
  "hls-ecdsa": 7,
} as const satisfies Record<MechanismName, number>;
