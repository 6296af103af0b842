import type { EndDeviceEvent, IntervalSeries, ReadingSink, RegisterReading } from "@amity/model";

/** Readings handed to the ledger in one delivery (values). */
const DELIVERY_VALUES = 500_000;
/** Contradictions that are named. */
const NAMED_MAX = 100;

/** Gathers records of one file into deliveries of a bounded size. */
export class FileDelivery {
  /** Name of the file: provenance. */
  readonly source: string;
  readonly #sink: ReadingSink;
  #intervals: IntervalSeries[] = [];
  /** By register and instant: what a file says twice would be a new version each time that it is loaded, so the last counts. */
  #registers = new Map<string, RegisterReading>();
  #events: EndDeviceEvent[] = [];
  #values = 0;
  /** Registers that the file gives twice for one instant with two values. */
  readonly contradictions: string[] = [];

  constructor(sink: ReadingSink, source: string) {
    this.#sink = sink;
    this.source = source;
  }

  /** A file knows usage points; the meter behind one is the series' own, installed there if it was not. */
  intervals(usagePointId: string, series: IntervalSeries): Promise<void> {
    this.#intervals.push({ ...series, meterId: usagePointId });
    return this.#added(series.values.length);
  }

  register(usagePointId: string, reading: RegisterReading): Promise<void> {
    const { channel, unit, scaler, atMs, value } = reading;
    const key = JSON.stringify([usagePointId, channel, unit, scaler, atMs]);
    const before = this.#registers.get(key)?.value;
    if (before !== undefined && before !== value && this.contradictions.length < NAMED_MAX) {
      const at = new Date(atMs).toISOString();
      this.contradictions.push(`${usagePointId} ${channel} at ${at} is given twice: ${before}, then ${value}; the last said counts`);
    }
    this.#registers.set(key, { ...reading, meterId: usagePointId });
    return this.#added(1);
  }

  event(event: EndDeviceEvent): Promise<void> {
    this.#events.push(event);
    return this.#added(1);
  }

  async flush(): Promise<void> {
    if (this.#values === 0) return;
    const batch = { intervals: this.#intervals, registers: [...this.#registers.values()], events: this.#events, source: this.source };
    this.#intervals = [];
    this.#registers = new Map();
    this.#events = [];
    this.#values = 0;
    await this.#sink.accept([batch]);
  }

  async #added(values: number): Promise<void> {
    this.#values += values;
    if (this.#values >= DELIVERY_VALUES) await this.flush();
  }
}
