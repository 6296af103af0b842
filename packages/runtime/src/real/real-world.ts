import type { Clock } from "../clock.ts";
import { silentLog, type Log } from "../log.ts";
import type { World } from "../world.ts";
import { realFiles } from "./real-files.ts";
import { realNetwork } from "./real-network.ts";
import { realRandom } from "./real-random.ts";
import { realTimers } from "./real-timers.ts";
import { scaledClock } from "./scaled-clock.ts";

/** The machine's own clock, timers, sockets and disk. */
export function realWorld(options: { filesRoot: string; log?: Log; clock?: Clock }): World {
  return {
    clock: options.clock ?? scaledClock(realTimers, { speed: 1 }),
    timers: realTimers,
    random: realRandom(),
    network: realNetwork,
    files: realFiles(options.filesRoot),
    log: options.log ?? silentLog,
  };
}

export { realFiles, realNetwork, realRandom, realTimers, scaledClock };
