import { UsageError } from "@amity/bytes";
import { checkParameters, DEFAULT_PARAMETERS, type Announcement, type HdlcParameters } from "./parameters.ts";

/** What both stations can be told. Times are machine time. */
export interface HdlcOptions {
  /** What this station can send and take; the negotiation only lowers it. Default 128 octets, window 1. */
  readonly parameters?: Partial<HdlcParameters>;
  /** Send less in a frame, or fewer frames in a row, than was negotiated: for peers that promise more than they stand. */
  readonly segmentOctets?: number;
  /** The same for the first segment of a message, where a peer counts its LLC header twice. */
  readonly firstSegmentOctets?: number;
  readonly windowFrames?: number;
  /** Longest message put together from segments (octets), default 65,538: the longest APDU and its LLC header. */
  readonly messageOctetsMax?: number;
  /** Most that may be queued for sending (octets), default 1 Mi. */
  readonly queueOctetsMax?: number;
}

/** What a primary station (the client) can be told as well. */
export interface PrimaryOptions extends HdlcOptions {
  /** How long to wait for an answer before asking again, default 3,000. */
  readonly responseTimeoutMs?: number;
  /** Attempts without progress before the link is given up, default 3. */
  readonly attemptsMax?: number;
  /** How often a peer that is busy or still thinking is polled, default 200. */
  readonly pollIntervalMs?: number;
  /** How long a peer that answers, but never with what it owes, is polled, default 60,000. */
  readonly stallTimeoutMs?: number;
  readonly announcement?: Announcement;
}

/** What a secondary station (the server) can be told as well. */
export interface SecondaryOptions extends HdlcOptions {
  /** The link is dropped after this long without a frame, default 120,000 (IEC HDLC setup, attribute 8). */
  readonly inactivityTimeoutMs?: number;
  /** How long the turn is held for the application's answer before the client is put off with RR, default 1,000. */
  readonly holdMs?: number;
  /** Answer DISC with the parameters, as some meters do, instead of an empty UA. */
  readonly repeatsParametersOnDisconnect?: boolean;
}

/** Everything said. */
export type Settled<T> = { readonly [K in keyof T]-?: T[K] } & { readonly parameters: HdlcParameters };

/** @throws UsageError for parameters that no station can have. */
export function settlePrimary(options: PrimaryOptions = {}): Settled<PrimaryOptions> {
  const timeouts = { responseTimeoutMs: 3_000, attemptsMax: 3, pollIntervalMs: 200, stallTimeoutMs: 60_000 };
  return { ...settle(options), ...timeouts, announcement: "changed", ...defined(options), parameters: settleParameters(options) };
}

/** @throws UsageError for parameters that no station can have. */
export function settleSecondary(options: SecondaryOptions = {}): Settled<SecondaryOptions> {
  const own = { inactivityTimeoutMs: 120_000, holdMs: 1_000, repeatsParametersOnDisconnect: false };
  return { ...settle(options), ...own, ...defined(options), parameters: settleParameters(options) };
}

function settle(options: HdlcOptions): Settled<HdlcOptions> {
  for (const octets of [options.segmentOctets, options.firstSegmentOctets]) {
    if (octets !== undefined && octets < 4) throw new UsageError(`segments of ${octets} octets hold nothing`, { code: "out-of-range" });
  }
  if (options.windowFrames !== undefined && options.windowFrames < 1)
    throw new UsageError("a window holds a frame", { code: "out-of-range" });
  return {
    parameters: settleParameters(options),
    segmentOctets: Infinity,
    firstSegmentOctets: Infinity,
    windowFrames: 7,
    messageOctetsMax: 65_538,
    queueOctetsMax: 1 << 20,
  };
}

function settleParameters(options: HdlcOptions): HdlcParameters {
  const parameters = { ...DEFAULT_PARAMETERS, ...options.parameters };
  checkParameters(parameters);
  return parameters;
}

/** Without the properties that were handed in as `undefined`, so that spreading keeps the defaults. */
function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
