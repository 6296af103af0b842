import type { Clock } from "./clock.ts";
import type { Files } from "./files.ts";
import type { Log } from "./log.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { Timers } from "./timers.ts";

/**
 * Everything that code takes from outside itself. The composition root builds one (real or simulated) and hands its
 * parts down; nobody below reads the wall clock, sets a timer, opens a socket or draws a number any other way.
 */
export interface World {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  readonly files: Files;
  readonly log: Log;
}
