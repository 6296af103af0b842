import { useMutation, useQuery } from "@tanstack/react-query";
import type { Session } from "@amity/api";
import { write } from "../data/api-client.ts";
import { overviewQuery } from "../data/queries.ts";
import { useLive, useTick, useUtilityNow } from "../data/use-live.ts";
import { clockTime, compact, count, span, weekDay } from "../ui/format.ts";

const SPEEDS = [1, 60, 300, 900];

/** The utility's own time; runs on smoothly between ticks. */
export function UtilityClock({ zone }: { zone: string }) {
  const now = useUtilityNow(200);
  if (useTick() === undefined) return null;
  return (
    <div className="clock" title={`The utility's time, ${zone}`}>
      <span>{weekDay(now, zone)}</span>
      <time dateTime={new Date(now).toISOString()}>{clockTime(now, zone)}</time>
    </div>
  );
}

/** Says that this is a simulation and how fast it runs, how far the history is, and when the line is down. */
export function StatusStrip({ session }: { session: Session }) {
  const { connected, tick } = useLive();
  const { data: overview } = useQuery(overviewQuery);
  const backfill = overview?.backfill;
  const offline = tick !== undefined && !connected;
  if (!session.utility.simulated && backfill?.state !== "running" && !offline) return <div />;
  return (
    <div className="strip" role="region" aria-label="State of the installation">
      {session.utility.simulated && (
        <span>
          <strong>Simulated</strong> utility: no real home is shown
        </span>
      )}
      {session.utility.simulated && tick !== undefined && (
        <SpeedChoice speed={tick.clock.speed} allowed={session.rights.includes("demo")} />
      )}
      {offline && (
        <span className="offline" role="status">
          Live line lost, trying again
        </span>
      )}
      {backfill?.state === "running" && (
        <span className="backfill">
          <label htmlFor="backfill">Filling in history</label>
          <progress id="backfill" max={backfill.total} value={backfill.done} />
          <span>
            {count(backfill.done)} of {count(backfill.total)} meter days
            {backfill.perSecond > 0 && `, ${compact(backfill.perSecond)} intervals/s`}
            {backfill.etaSeconds !== undefined && `, ${span(backfill.etaSeconds)} left`}
          </span>
        </span>
      )}
    </div>
  );
}

function SpeedChoice({ speed, allowed }: { speed: number; allowed: boolean }) {
  const change = useMutation({ mutationFn: (next: number) => write<{ speed: number }>("PUT", "/api/v1/demo/speed", { speed: next }) });
  if (!allowed) return <span>Time runs {speed}×</span>;
  return (
    <label className="speed">
      Time runs
      <select value={speed} onChange={(event) => change.mutate(Number(event.target.value))} disabled={change.isPending}>
        {[...new Set([...SPEEDS, speed])]
          .sort((left, right) => left - right)
          .map((one) => (
            <option key={one} value={one}>
              {one}×
            </option>
          ))}
      </select>
      {change.isError && <span className="offline">cannot be changed here</span>}
    </label>
  );
}
