import type { CollectedSource } from "@amity/concentrator";
import type { DeviceSource, MeterDriver } from "./driver.ts";
import type { HeadEndOptions } from "./head-end.ts";
import type { Device } from "./registry.ts";

/** What is collected of a device, by its driver and the meters behind it. */
export type SourcesOf = (device: Device, behind: readonly Device[]) => readonly CollectedSource[];

const LOG_GRID_MS = 1_000;
/** A profile with long intervals is asked for in longer pieces, as many rows each; this many times longer at most. */
const CHUNKS_MAX = 32;

/**
 * Turns what drivers say about devices into sources of collection under the head-end's figures. The driver is found by `driverOf`;
 * a device of an unknown protocol has none, and nothing is collected of it.
 */
export function deviceSources(driverOf: (device: Device) => MeterDriver | undefined, options: Required<HeadEndOptions>): SourcesOf {
  const usual: readonly DeviceSource[] = [
    { profile: options.loadProfile, kind: "intervals", captureMs: options.captureMs },
    ...options.eventLogs.map((profile): DeviceSource => ({ profile, kind: "events", captureMs: LOG_GRID_MS })),
  ];
  const collected = (source: DeviceSource): CollectedSource => collectedSource(source, options);
  const usualCollected = usual.map(collected);
  return (device, behind) => {
    const sources = driverOf(device)?.sourcesOf?.(device, usual, behind) ?? [];
    // Of a fleet of like meters each holds the same list.
    return sources === usual ? usualCollected : sources.map(collected);
  };
}

function collectedSource({ profile, kind, captureMs }: DeviceSource, options: Required<HeadEndOptions>): CollectedSource {
  const { historyMs, lateMs, chunkMs, captureMs: usualMs } = options;
  if (kind === "events") return { profile, kind, historyMs, lateMs, chunkMs: historyMs, gridMs: LOG_GRID_MS };
  const longer = Math.max(1, Math.min(CHUNKS_MAX, Math.floor(captureMs / usualMs)));
  // Long intervals are those that a host hears of by radio, and it may until the next one is over.
  return { profile, kind, historyMs, lateMs: Math.max(lateMs, captureMs), chunkMs: chunkMs * longer, gridMs: captureMs };
}
