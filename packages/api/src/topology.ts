import { z } from "zod";

/**
 * The network for the map, columnar so that 100,000 meters stay small. Coordinates are metres east and north of the
 * substation; indices point into the sibling arrays.
 */
export const Topology = z
  .object({
    substation: z.object({ name: z.string(), x: z.number(), y: z.number() }),
    feeders: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        /** The line from the substation outwards: x0, y0, x1, y1 ... */
        path: z.array(z.number()),
      }),
    ),
    transformers: z.array(z.object({ id: z.string(), feeder: z.int(), x: z.number(), y: z.number() })),
    concentrators: z.array(
      z.object({ id: z.string(), feeder: z.int(), x: z.number(), y: z.number(), online: z.boolean(), meters: z.int() }),
    ),
    meters: z.object({
      ids: z.array(z.string()),
      x: z.array(z.number()),
      y: z.array(z.number()),
      feeder: z.array(z.int()),
      transformer: z.array(z.int()),
      /** Index of the concentrator, -1 for meters on direct TCP. */
      concentrator: z.array(z.int()),
      /** Index into `METER_STATES`. */
      state: z.array(z.int()),
    }),
  })
  .meta({ id: "Topology" });
export type Topology = z.infer<typeof Topology>;

/** What a meter is seen as, worst last. The position is the number on the wire of the map and the live stream. */
export const METER_STATES = ["reporting", "late", "silent", "disconnected", "outage"] as const;
export const MeterState = z.enum(METER_STATES);
export type MeterState = z.infer<typeof MeterState>;
