import { DAY_MS } from "@amity/intervals";
import { openPool, type PoolOptions } from "@amity/store";
import { createLedger, createLedgerSink, createRegistry } from "../src/index.ts";
import { DAY, deliveryOf, seriesOf } from "./ledger-fixture.ts";

/** Meters whose deliveries are under way at the same time. */
export const METERS = 40;
/** Quarter-hours a delivery: days are cut across, so most deliveries merge with a stored block. */
export const SLOTS = 60;

/** What meter `meter` measured in quarter-hour `slot` since the start: the truth that the ledger must equal. */
export function truth(meter: number, slot: number): number {
  return 1 + ((meter * 7919 + slot * 104_729) % 5000);
}

/**
 * A writer that its parent kills: for each meter delivers from a watermark on, and prints `ack <meter> <slots>` when the ledger
 * has them. It begins a little before the watermark that it is given, as a head-end does after a crash.
 */
async function write(connection: PoolOptions["connection"], watermarks: readonly number[]): Promise<void> {
  const store = await openPool({ connection });
  const clock = { nowMs: () => DAY + 90 * DAY_MS };
  const sink = createLedgerSink({ store, ledger: createLedger(store, clock), registry: createRegistry(store, clock), clock });
  await Promise.all(
    watermarks.map(async (watermark, meter) => {
      for (let from = Math.max(0, watermark - SLOTS); ; from += SLOTS) {
        const values = Array.from({ length: SLOTS }, (_, index) => truth(meter, from + index));
        await sink.accept([deliveryOf(seriesOf(`K${meter}`, DAY + from * 900_000, values))]);
        process.stdout.write(`ack ${meter} ${from + SLOTS}\n`);
      }
    }),
  );
}

const [job] = process.argv.slice(2);
if (job !== undefined && process.argv[1]?.endsWith("killed-writer.ts") === true) {
  const { connection, watermarks } = JSON.parse(job) as { connection: PoolOptions["connection"]; watermarks: number[] };
  await write(connection, watermarks);
}
