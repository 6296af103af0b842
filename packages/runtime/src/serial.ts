import type { Connection } from "./network.ts";

/** How octets go over a serial line: data bits, parity, stop bits. */
export type SerialFraming = "8N1" | "8E1" | "7E1";

export interface SerialSettings {
  readonly baud: number;
  readonly framing: SerialFraming;
}

/** A serial line as a stream of octets. */
export interface SerialLine extends Connection {
  /** Changes the rate once everything sent has left the line. @throws LinkError where the line cannot have it. */
  setBaud(baud: number): void;
}
