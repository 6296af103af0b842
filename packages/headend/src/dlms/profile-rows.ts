import type { Unit } from "@amity/model";

/** A cumulative column of a load profile. */
export interface ProfileColumn {
  /** `1-0:1.8.0` */
  readonly channel: string;
  readonly unit: Unit;
  readonly scaler: number;
  /** One register value a row: safe integers, NaN where the meter gave none. */
  readonly values: Float64Array;
}

/** Rows of a load profile as the meter captured them, in columns. */
export interface ProfileRows {
  /** Capture instants, UTC ms. */
  readonly timesMs: Float64Array;
  /** Status of each row, 0 where the profile has no status column. */
  readonly statuses: Uint32Array;
  readonly columns: readonly ProfileColumn[];
  readonly periodSeconds: number;
}
