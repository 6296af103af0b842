/** What a traced message is of, beside DLMS APDUs; the names are those of `amity decode`. */
export type TracedProtocol = "mbus" | "wmbus" | "sml" | "p1" | "iec62056-21";

/** One protocol message of a session, for the console's decoded trace. Octets are protected as on the wire; keys never appear. */
export interface FrameTrace {
  readonly atMs: number;
  /** Seen from the head-end. */
  readonly direction: "sent" | "received";
  /** As it went over the wire: an APDU without the transport's framing, anything else whole. */
  readonly wire: Uint8Array;
  /** Absent for a DLMS APDU. */
  readonly protocol?: TracedProtocol;
  /** It carried a password in the clear: `wire` is empty. */
  readonly isSecret?: true;
  /** After removal of protection, where there was one. */
  readonly plain?: Uint8Array;
}

/** The last session with one meter. */
export interface SessionTrace {
  readonly meterId: string;
  readonly route: string;
  readonly purpose: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly outcome: "open" | "ok" | "failed";
  readonly error?: string;
  readonly frames: readonly FrameTrace[];
  /** Frames left out because the session passed the trace's limit. */
  readonly framesDropped: number;
}
