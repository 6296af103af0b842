import type { QueryClient } from "@tanstack/react-query";
import type { Command, Overview } from "@amity/api";
import { refreshDecided } from "./decision-queries.ts";
import { live } from "./live.ts";
import { overviewQuery } from "./queries.ts";

/** Keeps what was read up to date with what the stream says. */
export function followWithCache(queries: QueryClient): void {
  const changeOverview = (change: (overview: Overview) => Overview): void => {
    queries.setQueryData(overviewQuery.queryKey, (overview) => (overview === undefined ? undefined : change(overview)));
  };
  live.on("feeder", ({ feeder }) => {
    changeOverview((overview) => ({ ...overview, feeders: overview.feeders.map((one) => (one.id === feeder.id ? feeder : one)) }));
    void queries.invalidateQueries({ queryKey: ["overview"] });
  });
  live.on("backfill", ({ backfill }) => changeOverview((overview) => ({ ...overview, backfill })));
  live.on("command", ({ command }) => {
    // The stream brings the state at once, without the steps that led there: those are read.
    queries.setQueryData<Command>(["command", command.commandId], (known) => ({ ...command, steps: known?.steps ?? [] }));
    void queries.invalidateQueries({ queryKey: ["command", command.commandId] });
    void queries.invalidateQueries({ queryKey: ["commands"] });
    if (!command.final) return;
    void queries.invalidateQueries({ queryKey: ["meter", command.meterId] });
    void queries.invalidateQueries({ queryKey: ["timeline", command.meterId] });
    void queries.invalidateQueries({ queryKey: ["trace", command.meterId] });
  });
  live.on("decision", () => refreshDecided(queries));
  live.on("concentrator", () => void queries.invalidateQueries({ queryKey: ["topology"] }));
  live.on("reset", () => void queries.invalidateQueries());
}
