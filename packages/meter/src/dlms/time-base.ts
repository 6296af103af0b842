import type { SimulatedMeter } from "../simulated-meter.ts";
import type { TimeBase } from "./civil-time.ts";

/** How a meter writes its stamps. */
export function timeBaseOf({ surroundings: { type, zone, site } }: SimulatedMeter): TimeBase {
  return { zone: type.timeBase === "local" ? zone : undefined, standardOffsetMs: site.options.standardOffsetMinutes * 60_000 };
}
