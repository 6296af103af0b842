/** Address of a station on one medium, 1 to 65,534. The concentrator is 0. */
export type StationAddress = number;
export const CONCENTRATOR_STATION: StationAddress = 0;
export const BROADCAST_STATION: StationAddress = 0xffff;

/** What arrives at a station. The view is the receiver's to keep. */
export type FrameReceiver = (frame: Uint8Array, from: StationAddress, to: StationAddress) => void;

/** One node's access to the medium. */
export interface Station {
  readonly address: StationAddress;
  /** Largest frame (octets). */
  readonly frameOctetsMax: number;
  /** Queues one frame. It may be lost, delayed, duplicated; a full queue drops it. @throws UsageError `too-long`. */
  send(to: StationAddress, frame: Uint8Array): void;
  /** Frames waiting for the channel. */
  readonly queued: number;
  detach(): void;
}

/** A simulated shared medium: everybody on it shares one channel. Runs on machine time (`Timers`), virtual or real. */
export interface Medium {
  /** @throws UsageError `in-use` when the address is taken. */
  attach(address: StationAddress, receive: FrameReceiver): Station;
  /** The feeder is cut (or back): nothing is carried, queues empty. */
  setDown(isDown: boolean): void;
  readonly isDown: boolean;
  /** Noise: takes the place of the chance that one transmission is lost on the way, for everybody. */
  setLoss(loss: number): void;
  /** One station hears nothing and is not heard (or again). */
  setIsolated(address: StationAddress, isIsolated: boolean): void;
  readonly statistics: MediumStatistics;
  /** Largest frame (octets), and how long one is on the air over one hop (machine ms). */
  readonly frameOctetsMax: number;
  readonly frameTimeMs: number;
}

export interface MediumStatistics {
  readonly framesSent: number;
  readonly framesDelivered: number;
  readonly framesLost: number;
  readonly framesDuplicated: number;
  readonly framesDropped: number;
  readonly collisions: number;
  /** Milliseconds that the channel was in use. */
  readonly airTimeMs: number;
}

/** How a medium behaves. */
export interface MediumOptions {
  readonly bitsPerSecond: number;
  /** Preamble and header of each transmission. */
  readonly preambleMs: number;
  readonly frameOctetsMax: number;
  /** Beside the air time: processing and propagation, for each hop. */
  readonly latencyMs: number;
  /** Chance that a frame is lost on one hop. Stations differ: this is the middle of them. */
  readonly loss: number;
  readonly duplication: number;
  /** Contention: length of a back-off slot and the smallest window of slots. */
  readonly slotMs: number;
  readonly windowSlots: number;
  /** Frames that one station may have waiting; past it the newest is dropped. */
  readonly queueFramesMax: number;
  /** The longest path, in hops through repeaters; each repetition takes air time. 1: everybody hears the concentrator. */
  readonly hopsMax: number;
  /** All times divided by this: a demo whose clock runs 300 times as fast wants a medium that keeps up. Default 1. */
  readonly speed?: number;
}

/** Typical figures: engineering values, not taken from one published table. */
export const MEDIA = {
  /** Narrow-band PLC after G3 (ITU-T G.9903), CENELEC A. */
  plc: {
    bitsPerSecond: 20_000,
    preambleMs: 18.5,
    frameOctetsMax: 235,
    latencyMs: 12,
    loss: 0.03,
    duplication: 0.002,
    slotMs: 1.4,
    windowSlots: 16,
    queueFramesMax: 64,
    hopsMax: 4,
  },
  /** Sub-GHz RF mesh (Wi-SUN-like, 50 kbit/s FSK). */
  rf: {
    bitsPerSecond: 50_000,
    preambleMs: 2.5,
    frameOctetsMax: 1_000,
    latencyMs: 5,
    loss: 0.02,
    duplication: 0.004,
    slotMs: 0.6,
    windowSlots: 16,
    queueFramesMax: 64,
    hopsMax: 3,
  },
  /** Wireless M-Bus in modes T and C (EN 13757-4): 100 kchip/s, nobody waits for a slot, nobody repeats. */
  wirelessMbus: {
    bitsPerSecond: 66_667,
    preambleMs: 0.5,
    frameOctetsMax: 300,
    latencyMs: 0,
    loss: 0.05,
    duplication: 0,
    slotMs: 0,
    windowSlots: 16,
    queueFramesMax: 4,
    hopsMax: 1,
  },
} as const satisfies Record<string, MediumOptions>;
