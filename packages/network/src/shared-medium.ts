import { UsageError } from "@amity/bytes";
import type { Random, Timer, Timers } from "@amity/runtime";
import {
  BROADCAST_STATION,
  CONCENTRATOR_STATION,
  type FrameReceiver,
  type Medium,
  type MediumOptions,
  type MediumStatistics,
  type Station,
  type StationAddress,
} from "./medium.ts";

interface QueuedFrame {
  readonly to: StationAddress;
  readonly octets: Uint8Array;
  readonly readyMs: number;
  collisions: number;
}

interface Member {
  readonly address: StationAddress;
  readonly receive: FrameReceiver;
  readonly queue: QueuedFrame[];
  /** This station's share of the medium's loss, and its distance through repeaters. */
  readonly lossFactor: number;
  readonly hops: number;
  isIsolated: boolean;
  isAttached: boolean;
}

/** Who transmits next, drawn when the channel fell free. More than one: they collide. */
interface Transmission {
  readonly atMs: number;
  readonly senders: readonly Member[];
}

/** After this many collisions of one frame it is given up, as MAC layers do. */
const COLLISIONS_MAX = 5;

/** A medium in machine time, virtual or real; the same seed and the same sends give the same losses. */
export function createMedium(parts: { timers: Timers; random: Random }, options: MediumOptions): Medium {
  return new SharedMedium(parts, options);
}

/**
 * One channel for all: who wants to send waits until it is free, draws a back-off slot, and collides with whoever drew the same. Channel time
 * is kept by itself and worked off when a timer rings, so that a fast medium is not held up by a machine's coarse timers.
 */
class SharedMedium implements Medium {
  readonly frameOctetsMax: number;
  readonly frameTimeMs: number;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #options: MediumOptions;
  readonly #speed: number;
  readonly #members = new Map<StationAddress, Member>();
  readonly #waiting = new Set<Member>();
  readonly #counts = {
    framesSent: 0,
    framesDelivered: 0,
    framesLost: 0,
    framesDuplicated: 0,
    framesDropped: 0,
    collisions: 0,
    airTimeMs: 0,
  };
  #loss: number;
  #isDown = false;
  /** Counts cuts: what was on the air before one is not delivered after it. */
  #epoch = 0;
  #channelFreeMs = 0;
  #next: Transmission | undefined;
  #timer: Timer | undefined;

  constructor(parts: { timers: Timers; random: Random }, options: MediumOptions) {
    this.#timers = parts.timers;
    this.#random = parts.random;
    this.#options = options;
    this.#speed = options.speed ?? 1;
    this.#loss = options.loss;
    this.frameOctetsMax = options.frameOctetsMax;
    this.frameTimeMs = this.#airTimeMs(options.frameOctetsMax);
  }

  get statistics(): MediumStatistics {
    return { ...this.#counts };
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  attach(address: StationAddress, receive: FrameReceiver): Station {
    if (!Number.isInteger(address) || address < 0 || address >= BROADCAST_STATION)
      throw new UsageError(`${address} is no station address`, { code: "out-of-range" });
    if (this.#members.has(address)) throw new UsageError(`station ${address} is already on the medium`, { code: "in-use" });
    const place = this.#random.fork(`station ${address}`);
    const isConcentrator = address === CONCENTRATOR_STATION;
    const member: Member = {
      address,
      receive,
      queue: [],
      lossFactor: isConcentrator ? 0 : 0.3 + 1.4 * place.float(),
      hops: isConcentrator ? 1 : 1 + Math.floor(place.float() ** 1.4 * this.#options.hopsMax),
      isIsolated: false,
      isAttached: true,
    };
    this.#members.set(address, member);
    return {
      address,
      frameOctetsMax: this.frameOctetsMax,
      send: (to, frame) => this.#send(member, to, frame),
      get queued() {
        return member.queue.length;
      },
      detach: () => this.#detach(member),
    };
  }

  setDown(isDown: boolean): void {
    this.#isDown = isDown;
    if (!isDown) return;
    this.#epoch++;
    for (const member of this.#waiting) member.queue.length = 0;
    this.#waiting.clear();
    this.#next = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  setLoss(loss: number): void {
    this.#loss = Math.max(0, Math.min(1, loss));
  }

  setIsolated(address: StationAddress, isIsolated: boolean): void {
    const member = this.#members.get(address);
    if (member !== undefined) member.isIsolated = isIsolated;
  }

  #send(member: Member, to: StationAddress, frame: Uint8Array): void {
    if (frame.length > this.frameOctetsMax)
      throw new UsageError(`a frame of ${frame.length} octets exceeds ${this.frameOctetsMax}`, { code: "too-long" });
    if (this.#isDown || !member.isAttached) return;
    if (member.queue.length >= this.#options.queueFramesMax) {
      this.#counts.framesDropped++;
      return;
    }
    member.queue.push({ to, octets: frame.slice(), readyMs: this.#timers.elapsedMs(), collisions: 0 });
    this.#waiting.add(member);
    if (this.#next === undefined) this.#contend();
  }

  #detach(member: Member): void {
    member.isAttached = false;
    member.queue.length = 0;
    this.#waiting.delete(member);
    if (this.#members.get(member.address) === member) this.#members.delete(member.address);
  }

  /** Draws who goes next, and when; works off what is due already. */
  #contend(): void {
    const nowMs = this.#timers.elapsedMs();
    for (;;) {
      this.#next ??= this.#draw();
      if (this.#next === undefined) return;
      if (this.#next.atMs > nowMs) break;
      const due = this.#next;
      this.#next = undefined;
      this.#transmit(due, nowMs);
    }
    this.#timer?.cancel();
    this.#timer = this.#timers.after(this.#next.atMs - nowMs, () => {
      this.#timer = undefined;
      this.#contend();
    });
  }

  #draw(): Transmission | undefined {
    if (this.#waiting.size === 0) return undefined;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const member of this.#waiting) earliestMs = Math.min(earliestMs, member.queue[0]?.readyMs ?? earliestMs);
    const startMs = Math.max(this.#channelFreeMs, earliestMs);
    const { windowSlots, slotMs } = this.#options;
    let senders: Member[] = [];
    let lowest = Number.POSITIVE_INFINITY;
    for (const member of this.#waiting) {
      const head = member.queue[0];
      if (head === undefined || head.readyMs > startMs) continue;
      const slot = this.#random.below(windowSlots * 2 ** head.collisions);
      if (slot > lowest) continue;
      if (slot < lowest) senders = [];
      lowest = slot;
      senders.push(member);
    }
    return { atMs: startMs + (lowest * slotMs) / this.#speed, senders };
  }

  #transmit({ atMs, senders }: Transmission, nowMs: number): void {
    const heads = senders.flatMap((sender) => {
      const frame = sender.queue[0];
      return frame === undefined ? [] : [{ sender, frame }];
    });
    const only = heads[0];
    if (only === undefined) return;
    const airTimeMs = Math.max(...heads.map(({ sender, frame }) => this.#airTimeMs(frame.octets.length) * this.#hops(sender, frame.to)));
    this.#channelFreeMs = atMs + airTimeMs;
    this.#counts.airTimeMs += airTimeMs;
    this.#counts.framesSent += heads.length;
    if (heads.length > 1) {
      this.#counts.collisions++;
      for (const { sender, frame } of heads) if (++frame.collisions > COLLISIONS_MAX) this.#unqueue(sender, "framesLost");
      return;
    }
    this.#unqueue(only.sender, undefined);
    const arrivesInMs = Math.max(
      0,
      atMs + airTimeMs + (this.#options.latencyMs * this.#hops(only.sender, only.frame.to)) / this.#speed - nowMs,
    );
    this.#carry(only.sender, only.frame, arrivesInMs);
  }

  #carry(sender: Member, frame: QueuedFrame, arrivesInMs: number): void {
    const epoch = this.#epoch;
    const targets =
      frame.to === BROADCAST_STATION ? [...this.#members.values()].filter((member) => member !== sender) : [this.#members.get(frame.to)];
    for (const target of targets) {
      if (target === undefined || sender.isIsolated || target.isIsolated || this.#isLost(sender, target)) {
        this.#counts.framesLost++;
        continue;
      }
      const deliver = (): void => {
        if (epoch !== this.#epoch || !target.isAttached) return;
        this.#counts.framesDelivered++;
        target.receive(frame.octets.slice(), sender.address, frame.to);
      };
      this.#timers.after(arrivesInMs, deliver);
      if (this.#random.float() < this.#options.duplication) {
        this.#counts.framesDuplicated++;
        this.#timers.after(arrivesInMs + (this.#random.float() * 40) / this.#speed, deliver);
      }
    }
  }

  #isLost(sender: Member, target: Member): boolean {
    const factor = Math.max(sender.lossFactor, target.lossFactor);
    const hops = Math.max(sender.hops, target.hops);
    return this.#random.float() >= (1 - Math.min(1, this.#loss >= 1 ? 1 : this.#loss * factor)) ** hops;
  }

  #hops(sender: Member, to: StationAddress): number {
    return Math.max(sender.hops, this.#members.get(to)?.hops ?? 1);
  }

  #unqueue(member: Member, count: "framesLost" | undefined): void {
    member.queue.shift();
    if (member.queue.length === 0) this.#waiting.delete(member);
    if (count !== undefined) this.#counts[count]++;
  }

  #airTimeMs(octets: number): number {
    return (this.#options.preambleMs + (octets * 8_000) / this.#options.bitsPerSecond) / this.#speed;
  }
}
