import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { MeterCompleteness } from "@amity/api";
import { meterCompletenessQuery } from "../../data/analysis-queries.ts";
import { useZone } from "../../shell/session-context.ts";
import { clockTime, count, percent, weekDay } from "../../ui/format.ts";
import { MoreRows, rowsOf } from "../../ui/more-rows.tsx";
import { startOfCivilDay } from "../../ui/zone-days.ts";

interface DayMetersProps {
  day: string;
  concentrator: string | undefined;
  onClose: () => void;
}

/** The meters of one concentrator's day, those first that lack most. */
export function DayMeters({ day, concentrator, onClose }: DayMetersProps) {
  const zone = useZone();
  const heading = useRef<HTMLHeadingElement>(null);
  const query = useInfiniteQuery(meterCompletenessQuery({ day, concentrator }));
  const rows = rowsOf(query.data);
  const dayStart = new Date(startOfCivilDay(zone, day)).toISOString();
  useEffect(() => heading.current?.focus(), [day, concentrator]);
  return (
    <section className="stack" aria-labelledby="day-meters-title">
      <div className="section-head">
        <h2 id="day-meters-title" ref={heading} tabIndex={-1}>
          {weekDay(dayStart, zone)}{" "}
          <span className="quiet">
            {concentrator === undefined ? "all meters" : concentrator === "direct" ? "meters on direct TCP" : `meters of ${concentrator}`}
          </span>
        </h2>
        <button type="button" className="button" data-size="small" onClick={onClose}>
          Close
        </button>
      </div>
      {query.data !== undefined && rows.length === 0 && <p className="empty">Nothing is expected of this day yet.</p>}
      {rows.length > 0 && (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Meters of the day">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Meter</th>
                <th scope="col" className="num">
                  Expected
                </th>
                <th scope="col" className="num">
                  Lacking
                </th>
                <th scope="col" className="num">
                  Estimated
                </th>
                <th scope="col" className="num">
                  Measured
                </th>
                <th scope="col">Where it lacks</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.meterId}>
                  <td>
                    <Link to="/meters/$meterId" params={{ meterId: row.meterId }} search={{ span: "day", day }} className="mono">
                      {row.meterId}
                    </Link>
                  </td>
                  <td className="num">{count(row.expected)}</td>
                  <td className="num">
                    {row.expected === row.received ? <span className="quiet">0</span> : count(row.expected - row.received)}
                  </td>
                  <td className="num">{row.estimated === 0 ? <span className="quiet">0</span> : count(row.estimated)}</td>
                  <td className="num">{row.expected === 0 ? "–" : percent((row.received - row.estimated) / row.expected)}</td>
                  <td className="small">{missingText(row, zone)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <MoreRows query={query} of="meters" />
    </section>
  );
}

const RUNS_SHOWN = 4;

function missingText({ missing }: MeterCompleteness, zone: string): string {
  const shown = missing.slice(0, RUNS_SHOWN).map(({ from, to }) => `${clockTime(from, zone)}–${clockTime(to, zone)}`);
  return `${shown.join(", ")}${missing.length > RUNS_SHOWN ? " and more" : ""}`;
}
