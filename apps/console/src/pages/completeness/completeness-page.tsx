import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Completeness } from "@amity/api";
import { completenessQuery } from "../../data/queries.ts";
import { count, percent } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { DayMeters } from "./day-meters.tsx";

const route = getRouteApi("/completeness");
const SPANS = [14, 30, 60] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
/** Lower edges of the colour steps; the last is exactly complete. */
const STEPS = [0, 0.9, 0.98, 0.995, 1] as const;

/** Which days of which concentrator are complete: a table first, coloured second. */
export function CompletenessPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [days, setDays] = useState<number>(30);
  const { data, error, refetch } = useQuery(completenessQuery(days));
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>Completeness</h1>
          <p>Intervals received of those expected, in percent, by civil day and concentrator</p>
        </div>
        <div className="segments" role="group" aria-label="Days shown">
          {SPANS.map((span) => (
            <button key={span} type="button" className="button" aria-pressed={days === span} onClick={() => setDays(span)}>
              {span} days
            </button>
          ))}
        </div>
      </div>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <HeatTable data={data} onDay={(day, concentrator) => void navigate({ search: { day, concentrator }, resetScroll: false })} />
      )}
      <ul className="heat-legend" aria-label="Colours">
        {["below 90 %", "90 to 98 %", "98 to 99.5 %", "99.5 to 100 %", "complete"].map((name, step) => (
          <li key={name}>
            <i style={{ background: `var(--heat-${step})` }} aria-hidden="true" />
            {name}
          </li>
        ))}
      </ul>
      {search.day !== undefined && (
        <DayMeters
          day={search.day}
          concentrator={search.concentrator}
          onClose={() => void navigate({ search: {}, replace: true, resetScroll: false })}
        />
      )}
    </div>
  );
}

function HeatTable({ data, onDay }: { data: Completeness; onDay: (day: string, concentrator: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  // Where not all days fit, the newest are shown first.
  useEffect(() => {
    if (box.current !== null) box.current.scrollLeft = box.current.scrollWidth;
  }, [data.days.length]);
  return (
    <div ref={box} className="scroll-x" tabIndex={0} role="region" aria-label="Completeness by day and concentrator">
      <table className="heat">
        <thead>
          <tr>
            <th scope="col">Concentrator</th>
            {data.days.map((day, index) => (
              <th key={day} scope="col" title={day}>
                {(index === 0 || day.endsWith("-01")) && <span className="heat-month">{MONTHS[Number(day.slice(5, 7)) - 1]}</span>}
                {day.slice(8)}
              </th>
            ))}
            <th scope="col">All</th>
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row) => (
            <tr key={row.concentrator}>
              <th scope="row">
                <Link to="/meters" search={{ concentrator: row.concentrator }}>
                  {row.concentrator === "direct" ? "Direct TCP" : row.concentrator}
                </Link>{" "}
                <span className="quiet">{count(row.meters)}</span>
              </th>
              {data.days.map((day, index) => (
                <HeatCell
                  key={day}
                  day={day}
                  expected={row.expected[index]}
                  received={row.received[index]}
                  estimated={row.estimated[index]}
                  onOpen={() => onDay(day, row.concentrator)}
                />
              ))}
              <HeatCell day="all days" expected={sum(row.expected)} received={sum(row.received)} estimated={sum(row.estimated)} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeatCellProps {
  day: string;
  expected: number | null | undefined;
  received: number | null | undefined;
  estimated: number | null | undefined;
  /** Shows the meters behind the cell; the sums have none. */
  onOpen?: () => void;
}

function HeatCell({ day, expected, received, estimated, onOpen }: HeatCellProps) {
  if (typeof expected !== "number" || typeof received !== "number" || expected === 0) {
    return (
      <td data-step="none">
        <span aria-hidden="true">·</span>
        <span className="visually-hidden">not yet</span>
      </td>
    );
  }
  const share = Math.min(1, received / expected);
  const step = STEPS.findLastIndex((edge) => share >= edge);
  const title = `${day}: ${count(received)} of ${count(expected)} received (${percent(share)})${estimated ? `, ${count(estimated)} estimated` : ""}`;
  const text = share === 1 ? "100" : percent(share, share < 0.9 ? 0 : 1).replace(" %", "");
  return (
    <td data-step={step} title={title}>
      {onOpen === undefined ? (
        text
      ) : (
        <button type="button" className="heat-cell" onClick={onOpen}>
          {text}
          <span className="visually-hidden"> %, {title}: which meters</span>
        </button>
      )}
    </td>
  );
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
