import type { Connection, Random, Timers } from "@amity/runtime";
import type { Medium, StationAddress } from "./medium.ts";

/** Figures of the logical link: segmentation and retransmission over a medium that loses frames. Times in machine ms. */
export interface LogicalLinkOptions {
  /** Segments under way at once, default 8. */
  readonly windowSegments?: number;
  /** Wait for an acknowledgement before the first estimate, default 25 frame times of the medium; adapts afterwards. */
  readonly retransmitMs?: number;
  /** Retransmissions of one segment before the link is given up, default 16. */
  readonly retriesMax?: number;
  /** A link on which nothing arrived for this long is dropped, default 300,000. */
  readonly idleMs?: number;
  /** Octets that may wait to be sent, default 1 Mi; past it the link is aborted. */
  readonly backlogOctetsMax?: number;
  /** Links that one station keeps at once, default 1,024. */
  readonly linksMax?: number;
}

/** A station with links: both ends of the medium use one. A link is a reliable, ordered stream of octets, as TCP is. */
export interface LinkStation {
  readonly address: StationAddress;
  /** @throws LinkError `timeout` where nobody answers, `refused`, `unreachable` while the medium is down. */
  connect(to: StationAddress, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Connection>;
  /** Takes links that others open; without it they are refused. */
  accept(handler: (connection: Connection, from: StationAddress) => void): void;
  /** Sends one unacknowledged message: last gasp, push. Longer than a frame: UsageError. */
  notify(to: StationAddress, message: Uint8Array): void;
  onNotify(handler: (message: Uint8Array, from: StationAddress) => void): void;
  /** Aborts every link and leaves the medium: what a power failure does. */
  close(): void;
}

export interface LinkStationParts {
  readonly timers: Timers;
  readonly random: Random;
  readonly medium: Medium;
  readonly address: StationAddress;
  readonly options?: LogicalLinkOptions;
}
