import { runBillsBench, runLedgerBench, runMdmBench, runQueryBench } from "@amity/mdm";
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

export const mdmBenchmark: Benchmark = {
  name: "mdm",
  title: "Files through validation into the ledger",
  method:
    "Fresh embedded PostgreSQL, fsync on. NEM12 octets of 2,000 meters x 30 days of quarter-hours in memory, through parse, the standard rule set with 30 days of history read from the ledger, " +
    "versions and provenance, to the durable commit (intervals_per_s); parse, rules, and packing with commit also alone, one after the other. peak_rss_mb is this process without the database. Medians of 3 runs.",
  run: ({ quick }) =>
    withBenchStore(async (store) => ({
      ...(await runMdmBench(store, {
        timers: realTimers,
        clock: scaledClock(realTimers, { speed: 1 }),
        residentMb: () => process.memoryUsage.rss() / 2 ** 20,
        ...(quick ? { meters: 20, days: 3, runs: 1 } : {}),
      })),
    })),
};

export const queryBenchmark: Benchmark = {
  name: "query",
  title: "Reads from the ledger: a month, a feeder's day, as of",
  method:
    "Fresh embedded PostgreSQL. 100,000 meters with one day of quarter-hours, 2,000 of them with 31 days of which a tenth has a second version. channel_month: one channel's month to values in memory, 2,000 reads in random order; " +
    "feeder_day: the day of all 100,000 meters read and summed to 96 values, median of 5; as_of_ratio: the same months as known before the corrections against the current ones, medians.",
  run: ({ quick }) =>
    withBenchStore(async (store) => ({
      ...(await runQueryBench(store, {
        timers: realTimers,
        ...(quick ? { meters: 500, monthMeters: 20, months: 40, runs: 1 } : {}),
      })),
    })),
};
