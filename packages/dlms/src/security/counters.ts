import { SecurityError } from "@amity/bytes";
import type { InvocationCounter, ReceivedCounter } from "./security-options.ts";

const COUNTER_MAX = 0xffff_ffff;

/** A counter in memory that starts at `first`: for tests and for one-off reads whose start value was read from the meter. */
export function memoryCounter(first = 1): InvocationCounter & { readonly upcoming: number } {
  let upcoming = first;
  return {
    get upcoming() {
      return upcoming;
    },
    next() {
      // A counter that wrapped would repeat an IV, which breaks GCM for good.
      if (upcoming > COUNTER_MAX)
        throw new SecurityError("the invocation counter is used up", { code: "counter-exhausted", advice: "change the key" });
      return upcoming++;
    },
  };
}

/** The last counter of a peer, in memory. -1: none seen. */
export function memoryReceivedCounter(last = -1): ReceivedCounter {
  return {
    get last() {
      return last;
    },
    accept(counter) {
      last = counter;
    },
  };
}

/** @throws SecurityError `replay` unless the counter rises. */
export function checkCounter(received: ReceivedCounter, counter: number): void {
  if (counter <= received.last) {
    throw new SecurityError(`invocation counter ${counter} is not greater than ${received.last}`, {
      code: "replay",
      advice: "read the meter's counter (0-0:43.1.n.255) through the public association and start above it",
    });
  }
}
