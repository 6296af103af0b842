import type { QualityCode } from "./quality.ts";
import type { EndDeviceEvent } from "./events.ts";
import type { MeterId } from "./identity.ts";
import type { Unit } from "./reading-type.ts";

/** Consecutive intervals of one channel of one meter, in the meter's own integer unit. No gaps inside: a gap is a second series, or values of quality `missing`. */
export interface IntervalSeries {
  readonly meterId: MeterId;
  /** OBIS code of the channel as text, e.g. `1-0:1.8.0`; for other protocols their own stable name. */
  readonly channel: string;
  readonly unit: Unit;
  /** Values are integers times 10^scaler in `unit`. */
  readonly scaler: number;
  readonly intervalSeconds: number;
  /** Start of the first interval, UTC ms, on the interval grid. */
  readonly startMs: number;
  /** Quantity of each interval: safe integers (held in doubles, never fractional). */
  readonly values: Float64Array;
  /** One code for each value. */
  readonly qualities: Uint16Array;
}

/** A cumulative register at an instant, in the meter's own integer unit. */
export interface RegisterReading {
  readonly meterId: MeterId;
  readonly channel: string;
  readonly unit: Unit;
  readonly scaler: number;
  readonly atMs: number;
  readonly value: bigint;
  readonly quality: QualityCode;
}

/** What one collection of one meter brought. */
export interface ReadingBatch {
  readonly intervals: readonly IntervalSeries[];
  readonly registers: readonly RegisterReading[];
  readonly events: readonly EndDeviceEvent[];
  /** Who delivered it: `headend`, or the name of a file. Becomes provenance. */
  readonly source: string;
}

/** Where the head-end hands readings to. The program joins head-end and MDM with one of these; neither imports the other. */
export interface ReadingSink {
  /**
   * Resolves only after the readings are durably committed; until then nobody may acknowledge them towards a meter or
   * concentrator. Idempotent: the same readings again change nothing. Rejects without having stored a part silently.
   */
  accept(batches: readonly ReadingBatch[]): Promise<void>;
}
