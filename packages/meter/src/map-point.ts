/** A place on the utility's map: metres east and north of the primary substation. */
export interface MapPoint {
  readonly x: number;
  readonly y: number;
}
