import type { Connection } from "../network.ts";
import type { Random } from "../random.ts";
import type { Timers } from "../timers.ts";

/** What a line does to what is sent on it; shares of sendings from 0 to 1, none where absent. */
export interface LineHarm {
  /** Lost altogether. */
  readonly loss?: number;
  /** One bit of it turned. */
  readonly spoiling?: number;
  /** Bits of an octet that may turn, from the lowest: 7 where the eighth is the parity that the line takes off. Default 8. */
  readonly spoiledBits?: 7 | 8;
  /** Arrives a second time, after a delay of its own. */
  readonly doubling?: number;
  /** Cut in two pieces that arrive one after the other. */
  readonly cutting?: number;
  /** Each sending, and each piece, takes at most so long (ms). */
  readonly delayMsMax?: number;
  /** Delays may let a later sending overtake an earlier one. Default: they wait for one another, as on a wire. */
  readonly reorders?: boolean;
}

/**
 * The near end of a line that harms what is sent through it, by chance that is handed in: the same seed harms the same sendings. For
 * tests of what must finish or report on any line.
 */
export function harmedLine(
  connection: Connection,
  harm: LineHarm,
  world: { readonly timers: Timers; readonly random: Random },
): Connection {
  const { timers, random } = world;
  const { loss = 0, spoiling = 0, spoiledBits = 8, doubling = 0, cutting = 0, delayMsMax = 0, reorders = false } = harm;
  let freeAtMs = 0;
  let isOpen = true;
  const deliver = (octets: Uint8Array): void => {
    const delayMs = random.float() * delayMsMax;
    const atMs = reorders ? timers.elapsedMs() + delayMs : Math.max(freeAtMs, timers.elapsedMs() + delayMs);
    freeAtMs = Math.max(freeAtMs, atMs);
    timers.after(atMs - timers.elapsedMs(), () => {
      if (isOpen) connection.send(octets);
    });
  };
  const end = (how: () => void): void => {
    isOpen = false;
    how();
  };
  return {
    remote: connection.remote,
    bind: (handlers) => connection.bind(handlers),
    send(octets) {
      if (random.float() < loss) return;
      const sent = random.float() < spoiling ? spoiled(octets, spoiledBits, random) : octets.slice();
      const at = random.float() < cutting ? random.below(sent.length + 1) : sent.length;
      if (at > 0) deliver(sent.subarray(0, at));
      if (at < sent.length) deliver(sent.subarray(at));
      if (random.float() < doubling) deliver(sent);
    },
    get backlog() {
      return connection.backlog;
    },
    drained: () => connection.drained(),
    close: () => end(() => connection.close()),
    abort: () => end(() => connection.abort()),
  };
}

function spoiled(octets: Uint8Array, bits: number, random: Random): Uint8Array {
  const copy = octets.slice();
  const at = random.below(Math.max(1, copy.length));
  if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(bits));
  return copy;
}
