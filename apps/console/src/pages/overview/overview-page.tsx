import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import type { Overview } from "@amity/api";
import { LoadChart } from "../../chart/load-chart.tsx";
import { loadQuery, overviewQuery, topologyQuery } from "../../data/queries.ts";
import { useLiveEvent, useTick, utilityNow } from "../../data/use-live.ts";
import { NetworkMap } from "../../map/network-map.tsx";
import { useZone } from "../../shell/session-context.ts";
import { compact, count, percent, scaled } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { StateMark, STATE_WORDS } from "../../ui/state-mark.tsx";
import { CommodityTable } from "./commodity-table.tsx";
import { FeederTable } from "./feeder-table.tsx";
import { HourBars } from "./hour-bars.tsx";
import { NoticeLog } from "./notice-log.tsx";

/** The utility at a glance: map, load, what reports and what does not. */
export function OverviewPage() {
  const { data: overview, error } = useQuery(overviewQuery);
  const { data: topology } = useQuery(topologyQuery);
  const navigate = useNavigate();
  if (overview === undefined) return <div className="page">{error !== null && <ProblemNote error={error} />}</div>;
  return (
    <div className="overview">
      <h1 className="visually-hidden">Overview</h1>
      <section className="overview-map" aria-label="Network">
        {topology !== undefined && (
          <NetworkMap
            topology={topology}
            feeders={overview.feeders}
            onMeter={(meterId) => void navigate({ to: "/meters/$meterId", params: { meterId } })}
            onConcentrator={(concentrator) => void navigate({ to: "/meters", search: { concentrator } })}
          />
        )}
        <MapLegend />
      </section>
      <aside className="overview-side">
        <Headline overview={overview} />
        <FeederTable feeders={overview.feeders} />
        <NoticeLog />
      </aside>
      <LoadSection />
    </div>
  );
}

function Headline({ overview }: { overview: Overview }) {
  const tick = useTick();
  const importW = tick?.importW ?? overview.load.importW;
  const exportW = tick?.exportW ?? overview.load.exportW;
  const [figure, unit] = scaled(importW, "W");
  const { completeness, meters } = overview;
  const received = completeness.expected === 0 ? 0 : completeness.received / completeness.expected;
  const reporting = tick?.reporting ?? meters.reporting;
  const openExceptions = tick?.openExceptions ?? overview.exceptions.open;
  return (
    <section className="headline" aria-label="Now">
      <div className="headline-load">
        <p className="figure" data-live="load">
          {figure}
          <span>{unit}</span>
        </p>
        <p className="quiet small">
          drawn from the substation now
          {exportW > 0 && `, ${scaled(exportW, "W").join(" ")} fed in`}
        </p>
      </div>
      <dl className="figures">
        <div>
          <dt>Meters reporting</dt>
          <dd>
            <Link to="/meters" search={reporting < meters.total ? { sort: "lastSeen" } : {}}>
              {count(reporting)}
            </Link>
            <small> of {count(meters.total)}</small>
          </dd>
        </div>
        <div>
          <dt>Concentrators online</dt>
          <dd>
            {overview.concentrators.online}
            <small> of {overview.concentrators.total}</small>
          </dd>
        </div>
        <div>
          <dt>Open exceptions</dt>
          <dd>
            <Link to="/exceptions">{count(openExceptions)}</Link>
          </dd>
        </div>
        <div>
          <dt>Intervals in the ledger</dt>
          <dd>{compact(tick?.intervalsStored ?? overview.intervalsStored)}</dd>
        </div>
      </dl>
      <div className="completeness-line">
        <p>
          <Link to="/completeness">{percent(received)}</Link> of the last 24 hours received
          {completeness.estimated > 0 && <span className="quiet">, {count(completeness.estimated)} intervals estimated</span>}
        </p>
        <HourBars shares={overview.completenessHourly} />
      </div>
      {overview.commodities.length > 1 && <CommodityTable commodities={overview.commodities} />}
      {overview.exceptions.byRule.length > 0 && (
        <ul className="rules" aria-label="Open exceptions by rule">
          {overview.exceptions.byRule.map(({ rule, title, count: number }) => (
            <li key={rule}>
              <Link to="/exceptions" search={{ rule }}>
                {title} <span className="count">{number}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function MapLegend() {
  return (
    <ul className="map-legend">
      {(["reporting", "late", "silent", "disconnected", "outage"] as const).map((state) => (
        <li key={state} className="state">
          <StateMark state={state} />
          {STATE_WORDS[state]}
        </li>
      ))}
    </ul>
  );
}

interface LivePoint {
  readonly at: number;
  readonly importW: number;
  readonly exportW: number;
}

/** One new point for every five civil minutes at most: the curve grows, it does not swell. */
const LIVE_STEP_S = 300;
const LIVE_POINTS_MAX = 600;

function LoadSection() {
  const zone = useZone();
  const started = useTick() !== undefined;
  const [range, setRange] = useState<{ from: string; to: string } | undefined>(undefined);
  const [points, setPoints] = useState<readonly LivePoint[]>([]);

  useEffect(() => {
    if (!started) return;
    const to = Math.floor(utilityNow() / 300_000) * 300_000;
    setRange({ from: new Date(to - 86_400_000).toISOString(), to: new Date(to).toISOString() });
  }, [started]);

  useLiveEvent("tick", ({ tick }) => {
    const at = Date.parse(tick.clock.now) / 1000;
    setPoints((before) =>
      at - (before.at(-1)?.at ?? 0) < LIVE_STEP_S
        ? before
        : [...before, { at, importW: tick.importW, exportW: tick.exportW }].slice(-LIVE_POINTS_MAX),
    );
  });

  return (
    <section className="overview-load" aria-labelledby="load-title">
      <h2 id="load-title">Load</h2>
      {range !== undefined && <LoadCurve range={range} points={points} zone={zone} />}
    </section>
  );
}

function LoadCurve({ range, points, zone }: { range: { from: string; to: string }; points: readonly LivePoint[]; zone: string }) {
  const { data: series, error } = useQuery(loadQuery(range));
  const newer = useMemo(() => points, [points]);
  if (series === undefined) return error === null ? <div className="plot-space" /> : <ProblemNote error={error} />;
  return <LoadChart series={series} live={newer} zone={zone} height={210} label="Load of the network, last 24 hours" />;
}
