import { DAY_MS } from "@amity/intervals";
import { isMissing, type ReadingBatch } from "@amity/model";

const SLOT_MS = 900_000;
export const SLOTS = DAY_MS / SLOT_MS;

/** A delivery that a concentrator was told it may forget. */
export interface AcknowledgedDelivery {
  readonly concentratorId: string;
  readonly sequence: number;
  readonly meterId: string;
  readonly object: string;
  readonly span: { readonly fromMs: number; readonly toMs: number };
  /** When the telegrams of a wireless meter in it were heard. */
  readonly heardMs: readonly number[];
}

/** The simulation's own notes of everything that anybody was told is safe: what the ledger is measured against at the end. */
export class AcknowledgedReadings {
  /** Values by meter, channel and UTC day, hourly ones in the first quarter of their hour; NaN where nothing was acknowledged. */
  readonly days = new Map<string, Float64Array>();
  /** Registers by meter, channel and instant. */
  readonly registers = new Map<string, bigint>();
  /** Events by meter, instant, log and code. */
  readonly events = new Set<string>();
  readonly deliveries: AcknowledgedDelivery[] = [];

  take(batches: readonly ReadingBatch[]): void {
    for (const batch of batches) {
      for (const { meterId, channel, startMs, intervalSeconds, values, qualities } of batch.intervals) {
        for (const [index, value] of values.entries()) {
          if (isMissing(qualities[index] ?? 0)) continue;
          const atMs = startMs + index * intervalSeconds * 1000;
          this.#day(meterId, channel, atMs)[slotOf(atMs)] = value;
        }
      }
      for (const { meterId, channel, atMs, value } of batch.registers) this.registers.set(`${meterId} ${channel} ${atMs}`, value);
      for (const { meterId, atMs, log, code } of batch.events) this.events.add(`${meterId} ${atMs} ${log} ${code}`);
    }
  }

  #day(meterId: string, channel: string, atMs: number): Float64Array {
    const key = dayKey(meterId, channel, atMs);
    const known = this.days.get(key);
    if (known !== undefined) return known;
    const fresh = new Float64Array(SLOTS).fill(Number.NaN);
    this.days.set(key, fresh);
    return fresh;
  }
}

/** Names the UTC day of a channel that an instant lies in. */
export function dayKey(meterId: string, channel: string, atMs: number): string {
  return `${meterId} ${channel} ${Math.floor(atMs / DAY_MS) * DAY_MS}`;
}

/** Quarter-hour of its UTC day that begins at an instant. */
export function slotOf(atMs: number): number {
  return Math.floor((atMs % DAY_MS) / SLOT_MS);
}
