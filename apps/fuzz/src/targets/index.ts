import { UsageError } from "@amity/bytes";
import type { FuzzTarget } from "../fuzz-target.ts";
import { dlmsTarget, hdlcTarget } from "./dlms.ts";
import { interchangeTargets } from "./interchange.ts";
import { iec6205621Target, p1Target, smlTarget } from "./local-ports.ts";
import { mbusTarget, wmbusTarget } from "./mbus.ts";
import { plantedTarget } from "./planted.ts";

/** Every decoder that takes octets from outside. */
export const TARGETS: readonly FuzzTarget[] = [
  dlmsTarget,
  hdlcTarget,
  mbusTarget,
  wmbusTarget,
  smlTarget,
  p1Target,
  iec6205621Target,
  ...interchangeTargets,
];

/** @throws UsageError `target` for a name that is none. */
export function targetNamed(name: string): FuzzTarget {
  const found = [...TARGETS, plantedTarget].find((target) => target.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`no decoder "${name}"; there are ${TARGETS.map((target) => target.name).join(", ")}`, { code: "target" });
}
