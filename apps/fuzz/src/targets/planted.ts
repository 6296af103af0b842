import { decodePlanted } from "../planted/decode-planted.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

const MIB = 1024 * 1024;

/** A decoder with known faults, on which the fuzzer itself is tested. Not among `TARGETS`. */
const plantedTarget: FuzzTarget = {
  name: "planted",
  counted: ["apps/fuzz/src/planted"],
  inputOctetsMax: 64,
  allocationOctetsMax: 4 * MIB,
  seeds: () => [Uint8Array.of(0, 0, 0, 0, 0, 0)],
  decode: decodePlanted,
};

export const targets: readonly FuzzTarget[] = [plantedTarget];
