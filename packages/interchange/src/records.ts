import type { EndDeviceEvent, IntervalSeries, RegisterReading, UsagePointId } from "@amity/model";

/** What a file says, one neutral form for every format. */
export type InterchangeRecord =
  | { readonly kind: "intervals"; readonly usagePointId: UsagePointId; readonly series: IntervalSeries }
  | { readonly kind: "register"; readonly usagePointId: UsagePointId; readonly reading: RegisterReading }
  | { readonly kind: "event"; readonly event: EndDeviceEvent }
  | PutAside;

/** A record that could not be used. The rest of the file is read on. */
export interface PutAside {
  readonly kind: "putAside";
  /** First line is 1; 0 where the format has no lines. */
  readonly line: number;
  readonly field?: string;
  readonly reason: string;
  /** The offending text, shortened. */
  readonly text?: string;
}

/** Octets of a file as they arrive. */
export type Chunks = AsyncIterable<Uint8Array>;
