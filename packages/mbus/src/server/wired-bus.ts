import { RubbishLimit } from "@amity/bytes";
import type { Connection, Timers } from "@amity/runtime";
import { FrameAssembler } from "../link/frame-assembler.ts";
import type { WiredFrame } from "../link/wired-frame.ts";
import type { WiredSlave } from "./wired-slave.ts";

/** Meters on one pair of wires. Answers that overlap are garbled as on the real bus: a mark of one meter hides another's. */
export class WiredBus {
  readonly #slaves: WiredSlave[] = [];
  /** Speed of the master: meters set to another one do not hear it. */
  baud: number;

  constructor(slaves: Iterable<WiredSlave> = [], baud = 2400) {
    this.#slaves.push(...slaves);
    this.baud = baud;
  }

  add(slave: WiredSlave): void {
    this.#slaves.push(slave);
  }

  get slaves(): readonly WiredSlave[] {
    return this.#slaves;
  }

  /** What the master sees after sending `frame`; `undefined` is silence. */
  exchange(frame: WiredFrame): Uint8Array | undefined {
    let line: Uint8Array | undefined;
    for (const slave of this.#slaves) {
      if (slave.baud !== this.baud) continue;
      const answer = slave.handle(frame);
      if (answer !== undefined) line = line === undefined ? answer : overlaid(line, answer);
    }
    return line;
  }
}

/**
 * A zero draws more current than a one: overlapping octets come out as their conjunction. Acknowledgements hide in one
 * another; longer answers never start at quite the same moment, so that they tear each other's octets.
 */
function overlaid(first: Uint8Array, second: Uint8Array): Uint8Array {
  const shift = first.length === 1 && second.length === 1 ? 0 : 1;
  const out = new Uint8Array(Math.max(first.length, second.length + shift));
  for (let index = 0; index < out.length; index++) out[index] = (first[index] ?? 0xff) & (second[index - shift] ?? 0xff);
  return out;
}

/** How the bus behaves in time. */
export interface BusTiming {
  readonly timers: Timers;
  /** True: octets take their 11 bits at the bus's speed, both ways, and meters think for 11 bit times. False: at once. */
  readonly isPaced?: boolean;
  /** An unfinished frame is dropped after this silence. */
  readonly silenceMs?: number;
  /** Octets without a frame of a master, in a row, after which the connection is ended. Default 64 KiB; Infinity on a line that others disturb. */
  readonly rubbishOctetsMax?: number;
}

const SILENCE_MS = 1000;
const BITS_PER_OCTET = 11;

/** Serves the bus to one connection (a TCP gateway, a pseudo terminal) until that ends. */
export function serveWiredBus(connection: Connection, bus: WiredBus, timing: BusTiming): void {
  const assembler = new FrameAssembler();
  let silence = timing.timers.after(0, () => {});
  const rubbish = new RubbishLimit(timing.rubbishOctetsMax);
  let freeAtMs = 0;
  const answer = (frame: WiredFrame, octets: number): void => {
    const baud = bus.baud;
    const reply = bus.exchange(frame);
    if (reply === undefined) return;
    if (timing.isPaced !== true) return connection.send(reply);
    const now = timing.timers.elapsedMs();
    const bits = (octets + 1 + reply.length) * BITS_PER_OCTET;
    freeAtMs = Math.max(now, freeAtMs) + (bits * 1000) / baud;
    timing.timers.after(freeAtMs - now, () => connection.send(reply));
  };
  connection.bind({
    data(chunk) {
      silence.cancel();
      let isSound = false;
      for (const part of assembler.push(chunk)) {
        // Acknowledgements are a slave's: nobody asks anything with them.
        if (part.kind !== "frame" || part.frame.kind === "ack") continue;
        isSound = true;
        answer(part.frame, part.octets.length);
      }
      const reason = rubbish.take(chunk.length, isSound, assembler.pending);
      if (reason !== undefined) return connection.abort(reason);
      if (assembler.pending > 0) silence = timing.timers.after(timing.silenceMs ?? SILENCE_MS, () => void assembler.flush());
    },
    closed() {
      silence.cancel();
    },
  });
}
