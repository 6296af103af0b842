import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Bill, BilledInterval, BillLine } from "@amity/api";
import { IntervalChart } from "../../chart/interval-chart.tsx";
import { billedIntervalsQuery } from "../../data/analysis-queries.ts";
import { intervalsQuery } from "../../data/queries.ts";
import { clockTime, exact, weekDay } from "../../ui/format.ts";
import { MoreRows, rowsOf } from "../../ui/more-rows.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { civilDay, startOfCivilDay } from "../../ui/zone-days.ts";

/** What a line was computed from: its curve by meter, and each interval with the version that the bill rests on. */
export function LineIntervals({ bill, line }: { bill: Bill; line: BillLine }) {
  const [openLine, setOpenLine] = useState<string | undefined>(undefined);
  return (
    <section className="stack" aria-labelledby="behind-title">
      <h3 id="behind-title">The intervals behind “{line.title}”</h3>
      {partsOf(bill, line).map((part) => (
        <PartChart key={`${part.meterId} ${part.channel} ${part.from}`} bill={bill} line={line} part={part} />
      ))}
      <details key={line.id} onToggle={(event) => setOpenLine(event.currentTarget.open ? line.id : undefined)}>
        <summary>Each interval with its version</summary>
        {openLine === line.id && <BilledTable bill={bill} line={line} />}
      </details>
    </section>
  );
}

type Part = NonNullable<BillLine["parts"]>[number];

/** Which meters; the bill's own over all of its time where the line does not say. */
function partsOf({ summary, zone }: Bill, { parts, channel = "1-0:1.8.0" }: BillLine): readonly Part[] {
  const from = new Date(startOfCivilDay(zone, summary.from)).toISOString();
  const to = new Date(startOfCivilDay(zone, summary.to)).toISOString();
  return parts ?? [{ meterId: summary.meterId, channel, from, to }];
}

function PartChart({ bill, line, part }: { bill: Bill; line: BillLine; part: Part }) {
  const several = (line.parts?.length ?? 0) > 1;
  const from = new Date(Math.max(startOfCivilDay(bill.zone, bill.summary.from), several ? Date.parse(part.from) : 0)).toISOString();
  const to = new Date(
    Math.min(startOfCivilDay(bill.zone, bill.summary.to), several ? Date.parse(part.to) : Number.MAX_SAFE_INTEGER),
  ).toISOString();
  const { data: intervals, error } = useQuery(
    intervalsQuery(part.meterId, { channel: part.channel, from, to, granularity: "raw", as_of: bill.knownAt }),
  );
  return (
    <>
      {several && (
        <p className="small quiet">
          Meter <span className="mono">{part.meterId}</span>, {weekDay(part.from, bill.zone)} to {weekDay(part.to, bill.zone)}
        </p>
      )}
      {error !== null && <ProblemNote error={error} />}
      {intervals === undefined ? (
        <div className="plot-space" />
      ) : (
        <IntervalChart
          intervals={intervals}
          zone={bill.zone}
          height={230}
          label={`Intervals behind ${line.title}`}
          windows={line.windows}
        />
      )}
    </>
  );
}

function BilledTable({ bill, line }: { bill: Bill; line: BillLine }) {
  const query = useInfiniteQuery(billedIntervalsQuery(bill.summary.id, line.id));
  return (
    <>
      <div className="scroll-x billed" tabIndex={0} role="region" aria-label={`Each interval behind ${line.title}`}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Interval</th>
              <th scope="col">Meter</th>
              <th scope="col" className="num">
                Value
              </th>
              <th scope="col">Quality</th>
              <th scope="col" className="num">
                Version
              </th>
            </tr>
          </thead>
          <tbody>
            {rowsOf(query.data).map((interval) => (
              <tr key={`${interval.meterId} ${interval.from}`}>
                <td>
                  <Link
                    to="/meters/$meterId"
                    params={{ meterId: interval.meterId }}
                    search={{
                      span: "day",
                      day: civilDay(bill.zone, Date.parse(interval.from)),
                      channel: interval.channel,
                      why: interval.from,
                    }}
                  >
                    {weekDay(interval.from, bill.zone)} {clockTime(interval.from, bill.zone)}–{clockTime(interval.to, bill.zone)}
                  </Link>
                </td>
                <td className="mono">{interval.meterId}</td>
                <td className="num">{valueText(interval)}</td>
                <td>{interval.qualityText}</td>
                <td className="num">{interval.version ?? "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <MoreRows query={query} of="intervals" />
    </>
  );
}

function valueText({ value, scaler, unit, multiplier }: BilledInterval): string {
  const text = exact(String(value), scaler, unit === "m3" ? "m\u00b3" : unit);
  return multiplier === 1 ? text : `${text} \u00d7 ${multiplier}`;
}
