import { p1DecodeBench } from "@amity/dsmr";
import { readoutDecodeBench } from "@amity/iec62056-21";
import { wiredDecodeBench, wirelessDecodeBench } from "@amity/mbus";
import { smlDecodeBench } from "@amity/sml";
import { realTimers } from "@amity/runtime";
import { median, type Benchmark } from "./benchmark.ts";

interface DecodeBench {
  readonly key: string;
  readonly frames: readonly Uint8Array[];
  readonly decode: (frame: Uint8Array) => number;
}

const BENCHES = (): DecodeBench[] => [
  { key: "wmbus", ...wirelessDecodeBench() },
  { key: "mbus", ...wiredDecodeBench() },
  { key: "sml", ...smlDecodeBench() },
  { key: "p1", ...p1DecodeBench() },
  { key: "iec62056_21", ...readoutDecodeBench() },
];

const RUNS = 5;
const RUN_MS = 2_000;

export const decodeBenchmark: Benchmark = {
  name: "decode",
  title: "Frames decoded a second on one core",
  method:
    "Frames made beforehand, decoded to records one after another in one thread. wmbus: format A with CRCs, security mode 5, 1,000 meters each with its own key, 6 records; mbus: wired long frames in clear; sml: transport frames with CRC; p1: telegrams with CRC; iec62056_21: readouts with block check. Medians of 5 runs of 2 s after a warm-up.",
  run({ quick }) {
    const results: Record<string, number> = {};
    for (const bench of BENCHES()) {
      results[`${bench.key}_per_s`] = framesPerSecond(bench, quick);
      results[`${bench.key}_frame_octets`] = bench.frames[0]?.length ?? 0;
    }
    return Promise.resolve(results);
  },
};

function framesPerSecond(bench: DecodeBench, quick: boolean): number {
  const runMs = quick ? 50 : RUN_MS;
  const run = (): number => {
    const startMs = realTimers.elapsedMs();
    let frames = 0;
    let records = 0;
    while (realTimers.elapsedMs() - startMs < runMs) {
      for (const frame of bench.frames) records += bench.decode(frame);
      frames += bench.frames.length;
    }
    if (records === 0) throw new Error("nothing was decoded");
    return (frames * 1000) / (realTimers.elapsedMs() - startMs);
  };
  run();
  return median(Array.from({ length: quick ? 1 : RUNS }, run));
}
