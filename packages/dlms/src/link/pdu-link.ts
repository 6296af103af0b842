import type { LinkError } from "@amity/bytes";

/** The two service access points of an association (wrapper ports, HDLC upper addresses). */
export interface SapPair {
  readonly clientSap: number;
  readonly serverSap: number;
}

/** What the owner of a link is told. */
export interface PduLinkHandlers {
  /** One whole APDU; the view is the receiver's to keep. */
  apdu(apdu: Uint8Array, saps: SapPair): void;
  /** The data link of this pair was released (HDLC DISC): its association is gone, the link itself goes on. */
  released?(saps: SapPair): void;
  /** The link ended: orderly (`undefined`) or with the error. Called once; nothing follows. */
  closed(error: LinkError | undefined): void;
}

/**
 * Carries whole APDUs over whatever is below (wrapper over TCP or UDP, HDLC, gateway prefix, PLC): framing,
 * segmentation and retransmission are the link's. Both sides use the same interface; an HDLC client link is handed
 * out once its SNRM was answered.
 */
export interface PduLink {
  /** APDUs may be lost, doubled or forged by third parties (UDP): what does not fit is dropped instead of ending the association. */
  readonly isUnreliable?: boolean;
  /** Must be called once; until then arriving APDUs wait. */
  bind(handlers: PduLinkHandlers): void;
  /** Queues one APDU for the other side of this pair. */
  send(apdu: Uint8Array, saps: SapPair): void;
  /** Orderly end (HDLC: DISC first), after what is queued. */
  close(): void;
  /** Immediate end. */
  abort(): void;
  /** Octets queued and not yet taken by the link; block transfers wait on `drained` when it grows. */
  readonly backlog: number;
  drained(): Promise<void>;
}
