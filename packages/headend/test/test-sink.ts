import type { EndDeviceEvent, ReadingBatch, ReadingSink, RegisterReading } from "@amity/model";

/** A sink that holds everything by its identity, so that a test can compare it with the truth and count what came twice. */
export class TestSink implements ReadingSink {
  readonly intervals = new Map<string, { value: number; quality: number }>();
  readonly registers = new Map<string, RegisterReading>();
  readonly events = new Map<string, EndDeviceEvent>();
  accepted = 0;
  /** Set to make the next calls fail. */
  failure: Error | undefined;
  /** Resolves before a batch counts: to crash in between. */
  beforeCommit: () => Promise<void> = () => Promise.resolve();

  async accept(batches: readonly ReadingBatch[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    await this.beforeCommit();
    this.accepted++;
    for (const { intervals, registers, events } of batches) {
      for (const series of intervals) {
        for (const [index, value] of series.values.entries()) {
          const atMs = series.startMs + index * series.intervalSeconds * 1000;
          this.intervals.set(`${series.meterId} ${series.channel} ${atMs}`, { value, quality: series.qualities[index] ?? 0 });
        }
      }
      for (const register of registers) this.registers.set(`${register.meterId} ${register.channel} ${register.atMs}`, register);
      for (const event of events) this.events.set(`${event.meterId} ${event.log} ${event.atMs} ${event.code}`, event);
    }
  }
}
