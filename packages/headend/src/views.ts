import { UsageError } from "@amity/bytes";
import type { Clock } from "@amity/runtime";
import { controlsOffered } from "./command-checks.ts";
import type { CommandGate } from "./command-gate.ts";
import type { Committer } from "./committer.ts";
import type { ConcentratorLinks } from "./concentrator-links.ts";
import type { Fleet } from "./fleet.ts";
import type { HeadEndOptions } from "./head-end.ts";
import type { HeadEndViews } from "./read-models.ts";
import type { Registry } from "./registry.ts";
import type { SessionBroker } from "./session-broker.ts";

export interface ViewParts {
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly broker: SessionBroker;
  readonly committer: Committer;
  readonly gate: CommandGate;
  readonly links: ConcentratorLinks;
  readonly clock: Clock;
  readonly options: Required<HeadEndOptions>;
}

/** Commands and events that the detail of a meter shows. */
const DETAIL_MAX = 50;

/** The read models, over the registry and what the running parts know. */
export function viewsOf(parts: ViewParts): HeadEndViews {
  const { registry, fleet, broker, committer, gate, links, clock, options } = parts;
  return {
    meters: (query) => registry.devices(query),
    async meter(meterId) {
      const record = await registry.device(meterId);
      if (record === undefined) return undefined;
      const [coverage, commands, events] = await Promise.all([
        registry.coverage(meterId),
        registry.commands({ meterId, limit: DETAIL_MAX }),
        registry.events({ meterId, limit: DETAIL_MAX }),
      ]);
      return { ...record, coverage, commands: commands.items, events, hasTrace: broker.traces.has(meterId) };
    },
    concentrators: () => registry.concentrators(),
    strangers: () => links.strangers(),
    controlsOffered(meterId) {
      const device = fleet.device(meterId);
      try {
        return device === undefined ? [] : controlsOffered(broker.capabilitiesOf(device));
      } catch (error) {
        // Registered without a driver or a host: there is nobody to carry a control out.
        if (error instanceof UsageError) return [];
        throw error;
      }
    },
    commands: (query) => registry.commands(query),
    async command(commandId) {
      const record = await registry.command(commandId);
      if (record === undefined) return undefined;
      const registers = gate.resultOf(commandId);
      return { ...record, audit: await registry.audit(commandId), ...(registers === undefined ? {} : { registers }) };
    },
    eventsSince: (cursor, limit) => registry.events({ afterCursor: cursor, limit }),
    completeness: (fromMs, toMs) => fleet.completeness({ fromMs, toMs }),
    backfill() {
      const { captureMs, chunkMs, historyMs, lateMs, collectEveryMs } = options;
      const nowMs = clock.nowMs();
      const fromMs = Math.ceil((nowMs - historyMs) / chunkMs) * chunkMs;
      // What is younger than one round of collection is not back-fill: without this the figure would never rest at 1.
      const toMs = Math.floor((nowMs - lateMs - 2 * collectEveryMs) / captureMs) * captureMs;
      return fleet.progress({ fromMs, toMs });
    },
    sessionTrace: (meterId) => broker.traces.last(meterId),
    counts: () => ({
      meters: fleet.size,
      metersOnline: fleet.seenSince(clock.nowMs() - 2 * options.collectEveryMs),
      concentrators: links.size,
      concentratorsOnline: links.online,
      commandsOpen: gate.open,
      intervalsTaken: committer.intervals,
      ...broker.counts,
    }),
  };
}
