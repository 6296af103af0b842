import { runBillsBench, runLedgerBench } from "@amity/mdm";
import { realTimers, scaledClock } from "@amity/runtime";
import type { Benchmark } from "./benchmark.ts";
import { withBenchStore } from "./bench-store.ts";

export const ledgerBenchmark: Benchmark = {
  name: "ledger",
  title: "Interval ledger: durable writes, reads, size",
  method:
    "Fresh embedded PostgreSQL, fsync on. 1,000 meters x 4 channels x 30 days of quarter-hours with qualities, 4,000 channel days a transaction; " +
    "write: values in memory through version look-up, packing and COPY to commit; read: back to values in memory; size: table and index. Medians of 3 runs.",
  run: ({ quick }) =>
    withBenchStore(async (store) => ({
      ...(await runLedgerBench(store, { timers: realTimers, ...(quick ? { meters: 50, days: 4, runs: 1, rawRows: 20_000 } : {}) })),
    })),
};

export const billsBenchmark: Benchmark = {
  name: "bills",
  title: "Monthly time-of-use bills with demand from quarter-hours",
  method:
    "Fresh embedded PostgreSQL. 2,000 usage points, one month of quarter-hours each: ledger read, unpacking, times of use, demand, lines, pinned versions, durable commit. Median of 3 runs.",
  run: ({ quick }) =>
    withBenchStore(async (store) => ({
      ...(await runBillsBench(store, {
        timers: realTimers,
        clock: scaledClock(realTimers, { speed: 1 }),
        ...(quick ? { points: 50, runs: 1 } : {}),
      })),
    })),
};
