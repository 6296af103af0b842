import { randomBytes } from "node:crypto";
import type { Random } from "../random.ts";
import { seededRandom } from "../seeded-random.ts";

/** The platform's generator for octets; numbers come from a stream that it seeds. */
export function realRandom(): Random {
  const stream = seededRandom(randomBytes(8).toString("hex"));
  return {
    u32: () => stream.u32(),
    float: () => stream.float(),
    below: (below) => stream.below(below),
    normal: () => stream.normal(),
    bytes: (length) => new Uint8Array(randomBytes(length)),
    fork: () => realRandom(),
  };
}
