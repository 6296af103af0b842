import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { MeterDetail } from "@amity/api";
import { IntervalChart } from "../../chart/interval-chart.tsx";
import { intervalsQuery } from "../../data/queries.ts";
import { useRight, useZone } from "../../shell/session-context.ts";
import { longDateTime, weekDay } from "../../ui/format.ts";
import { ArrowIcon } from "../../ui/icons.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { civilDay, dayStart } from "../../ui/zone-days.ts";
import { DownloadControl } from "./download-control.tsx";
import { IntervalReasonBox } from "./interval-reason.tsx";
import { asOfText, KNOWN_NOW, KnownControl, type Known } from "./known-control.tsx";
import { SPANS, type Span, type SpanName } from "./use-span.ts";

const route = getRouteApi("/meters/$meterId");

/** Interval energy of one channel over the span, now or as it was known at the end of an earlier day. */
export function IntervalSection({ detail, span }: { detail: MeterDetail; span: Span }) {
  const zone = useZone();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [known, setKnown] = useState<Known>(KNOWN_NOW);
  const channel = detail.channels.find((one) => one.channel === search.channel)?.channel ?? detail.channels[0]?.channel ?? "1-0:1.8.0";
  const asOf = asOfText(known, zone, span);
  const explain = (why: string | undefined): void =>
    void navigate({
      search: ({ why: _before, ...before }) => (why === undefined ? before : { ...before, why }),
      replace: true,
      resetScroll: false,
    });
  const { data: intervals, error } = useQuery(
    intervalsQuery(detail.meter.id, {
      channel,
      from: span.from,
      to: span.to,
      granularity: SPANS[span.name].granularity,
      ...(asOf === undefined ? {} : { as_of: asOf }),
    }),
  );
  const last = dayStart(zone, span.toMs - 1);
  const mayEdit = useRight("exceptions");
  return (
    <section aria-labelledby="intervals-title">
      <div className="section-head">
        <h2 id="intervals-title">
          Intervals{" "}
          <span className="quiet">
            {span.name === "day" ? weekDay(span.fromMs, zone) : `${weekDay(span.fromMs, zone)} to ${weekDay(last, zone)}`}
          </span>
        </h2>
        <div className="toolbar">
          <div className="segments" role="group" aria-label="Channel">
            {detail.channels.map((one) => (
              <button
                key={one.channel}
                type="button"
                className="button"
                data-size="small"
                title={one.channel}
                aria-pressed={one.channel === channel}
                onClick={() =>
                  void navigate({ search: (before) => ({ ...before, channel: one.channel }), replace: true, resetScroll: false })
                }
              >
                {shortName(one.name)}
              </button>
            ))}
          </div>
          <div className="segments" role="group" aria-label="Span">
            {(Object.keys(SPANS) as SpanName[]).map((name) => (
              <button
                key={name}
                type="button"
                className="button"
                data-size="small"
                aria-pressed={span.name === name}
                onClick={() => span.choose(name)}
              >
                {SPANS[name].name}
              </button>
            ))}
          </div>
          <div className="segments" role="group" aria-label="Move">
            <button type="button" className="button" data-size="small" aria-label="Earlier" onClick={() => span.move(-1)}>
              <ArrowIcon to="left" />
            </button>
            <button
              type="button"
              className="button"
              data-size="small"
              aria-label="Later"
              disabled={span.isLast}
              onClick={() => span.move(1)}
            >
              <ArrowIcon to="right" />
            </button>
          </div>
          <KnownControl known={known} onChange={setKnown} />
          <DownloadControl usagePointId={detail.meter.usagePoint ?? detail.meter.id} from={span.from} to={span.to} asOf={asOf} />
        </div>
      </div>
      {error !== null && <ProblemNote error={error} />}
      {intervals === undefined ? (
        <div className="plot-space" />
      ) : (
        <IntervalChart
          intervals={intervals}
          zone={zone}
          height={260}
          label={`Intervals of ${detail.meter.id}, channel ${channel}`}
          {...(intervals.granularity === "raw" ? { onPoint: (at: number) => explain(new Date(at).toISOString()) } : {})}
          {...(span.name === "day" ? {} : { onSelect: (from: number) => span.show(from) })}
        />
      )}
      {search.why !== undefined && (
        <IntervalReasonBox
          meterId={detail.meter.id}
          channel={channel}
          at={search.why}
          asOf={asOf}
          onMove={explain}
          onClose={() => explain(undefined)}
        />
      )}
      {intervals !== undefined && (
        <p className="small quiet">
          {intervals.granularity === "raw" && "Click an interval, or press Enter on it, to see why it has its value. "}As known at{" "}
          {longDateTime(intervals.asOf, zone)}
          {intervals.version > 1 ? `; stored in up to ${intervals.version} versions` : "; one version"}.{" "}
          <Link to="/meters/$meterId/versions" params={{ meterId: detail.meter.id }} search={{ channel, day: civilDay(zone, last) }}>
            Versions of {span.name === "day" ? "the day" : "the last day"}
          </Link>
          {mayEdit && (
            <>
              {", "}
              <Link
                to="/meters/$meterId/edit"
                params={{ meterId: detail.meter.id }}
                search={{
                  channel,
                  from: new Date(last).toISOString(),
                  to: new Date(Math.min(span.toMs, Date.parse(intervals.asOf))).toISOString(),
                }}
              >
                edit intervals
              </Link>
            </>
          )}
        </p>
      )}
    </section>
  );
}

/** "Active energy import" is "Import" where all stand side by side. */
function shortName(name: string): string {
  const short = name.replace(/^Active energy /, "").replace(/ energy /, " ");
  return `${short[0]?.toUpperCase() ?? ""}${short.slice(1)}`;
}
