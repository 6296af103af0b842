import type { Zone } from "@amity/intervals";
import type { Commodity, FlowDirection, MeasurementKind, Unit } from "@amity/model";
import type { Series } from "./series.ts";

/** What is known about the channel that is judged. Values are integers times 10^scaler in `unit`. */
export interface ChannelFacts {
  readonly channelId: string;
  readonly unit: Unit;
  readonly scaler: number;
  readonly commodity: Commodity;
  readonly kind: MeasurementKind;
  /** Absent: forward. */
  readonly flow?: FlowDirection;
  /** Customer or channel class that rule sets and profiles are chosen by, e.g. `residential`, `transformer`. */
  readonly channelClass: string;
  /** Where the values came from: `headend`, `file`. */
  readonly source: string;
  /** As installed: what the values were multiplied by (CT times PT). */
  readonly multiplier: number;
  readonly intervalSeconds: number;
  /** False on usage points where negative flow is impossible; net channels say true. */
  readonly mayBeNegative: boolean;
}

/** A cumulative register, already in the channel's counts (same scaler, multiplier applied). */
export interface RegisterPoint {
  readonly atMs: number;
  readonly value: number;
}

/** A register that the sum check and rollover rules use. */
export interface RegisterFacts {
  readonly points: readonly RegisterPoint[];
  /** Value at which the register returns to zero, in counts (10^digits times multiplier); 0 where it does not roll over. */
  readonly modulus: number;
  /** One unit of the last displayed dial digit, in counts. */
  readonly dialUnit: number;
}

/** Spans that rules and estimation must respect. `toMs` is exclusive. */
export type SpanKind =
  | "outage"
  | "disconnected"
  | "inactive"
  | "testMode"
  | "clockSet"
  | "storm"
  | "meterExchange"
  /** What a gas, water or heat meter warned of. */
  | AlarmSpanKind;
export type AlarmSpanKind = "leak" | "burst" | "backflow" | "frost" | "airInPipe" | "deviceError";
export interface EventSpan {
  readonly kind: SpanKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** For `clockSet`: by how much the clock was moved. */
  readonly shiftMs?: number;
}

/** What the delivering system declared, checked against `ChannelFacts`. */
export interface Declared {
  readonly unit?: Unit;
  readonly multiplier?: number;
  readonly intervalSeconds?: number;
  /** Intervals that the source delivered for each civil day, for the day-length rule. */
  readonly dayCounts?: readonly { readonly day: number; readonly count: number }[];
  /** Other deliveries over the same time, for duplicate and overlap. */
  readonly overlaps?: readonly Series[];
  /** Difference of meter clock and true time when the readings were taken. */
  readonly clockDeviationMs?: number;
}

/** Everything that a rule or an estimator may look at beside the series itself. All of it optional: a rule that lacks its input is silent. */
export interface VeeContext {
  readonly channel: ChannelFacts;
  readonly zone: Zone;
  /** Civil days (see `local-time.ts`) that count as holidays. */
  readonly holidays?: ReadonlySet<number>;
  /** The time that should be covered; default the series itself. */
  readonly expected?: { readonly fromMs: number; readonly toMs: number };
  /** The same channel before (and after) the series, as it stands now. */
  readonly history?: Series;
  readonly registers?: RegisterFacts;
  readonly spans?: readonly EventSpan[];
  readonly declared?: Declared;
  /** A second meter on the same flow, in the same counts. */
  readonly checkMeter?: Series;
  /** Registers or channels whose sum must equal this one (TOU registers, phases), in the same counts. */
  readonly siblings?: readonly Series[];
  /** Reactive energy of the same flow, in varh with the same scaler. */
  readonly reactive?: Series;
  /** Meters behind this one when it is a transformer or feeder meter, in the same counts. */
  readonly behind?: readonly Series[];
  /** The stored version that this series would replace. */
  readonly replaces?: Series;
  /** Outdoor temperature in tenths of a degree Celsius, any interval length. */
  readonly temperature?: Series;
  /** Temperature of the water in the meter, in tenths of a degree Celsius. */
  readonly mediumTemperature?: Series;
  /** The other channels of the same heat meter: its water in counts of 10^volumeScaler m3, temperatures in tenths of a degree Celsius. */
  readonly heat?: { readonly volume?: Series; readonly volumeScaler?: number; readonly supply?: Series; readonly return?: Series };
  /** Expected use of the channel's class, any scale: only its shape counts. */
  readonly classProfile?: Series;
}
