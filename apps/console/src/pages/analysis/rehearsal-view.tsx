import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { RehearsalResult } from "@amity/api";
import { comparisonQuery, rehearsalPointsQuery, rehearsalQuery } from "../../data/analysis-queries.ts";
import { count, money } from "../../ui/format.ts";
import { MoreRows, rowsOf } from "../../ui/more-rows.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { signed } from "./signed.ts";

interface RehearsalViewProps {
  jobId: string;
  point: string | undefined;
  onPoint: (point: string) => void;
}

/** Who would pay more and who less, by how much, and each bill line by line. */
export function RehearsalView({ jobId, point, onPoint }: RehearsalViewProps) {
  const { data: result, error } = useQuery(rehearsalQuery(jobId));
  if (result === undefined) return error === null ? null : <ProblemNote error={error} />;
  return (
    <div className="stack">
      <dl className="evidence">
        <div>
          <dt>Together, as it is</dt>
          <dd>{money(result.totalCurrent, result.currency)}</dd>
        </div>
        <div>
          <dt>Together, by the candidate</dt>
          <dd>{money(result.totalCandidate, result.currency)}</dd>
        </div>
        <div>
          <dt>Difference</dt>
          <dd>{signed(result.difference)}</dd>
        </div>
        <div>
          <dt>Would pay more, less, the same</dt>
          <dd>
            {count(result.more)}, {count(result.less)}, {count(result.same)}
          </dd>
        </div>
        <div>
          <dt>Half of the bills change by less than</dt>
          <dd>{result.medianChangePercent.toFixed(1)} %</dd>
        </div>
      </dl>
      {result.failedCount > 0 && (
        <details className="note">
          <summary>{count(result.failedCount)} usage points could not be rated</summary>
          <ul>
            {result.failed.map(({ usagePoint, reason }) => (
              <li key={usagePoint}>
                <span className="mono">{usagePoint}</span> {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
      <Distribution result={result} />
      {point !== undefined && <Comparison key={point} jobId={jobId} point={point} />}
      <Points jobId={jobId} chosen={point} onPoint={onPoint} />
    </div>
  );
}

/** A chart that is its own table: how many bills change by how much. */
function Distribution({ result }: { result: RehearsalResult }) {
  const most = Math.max(1, ...result.distribution.map(({ points }) => points));
  return (
    <section aria-labelledby="distribution-title">
      <h3 id="distribution-title">By how much bills change</h3>
      <table className="table bars">
        <thead>
          <tr>
            <th scope="col">Change of the bill</th>
            <th scope="col" className="num">
              Usage points
            </th>
            <th aria-hidden="true" />
          </tr>
        </thead>
        <tbody>
          {result.distribution.map((band) => (
            <tr key={`${band.fromPercent} ${band.toPercent}`}>
              <td>{bandText(band)}</td>
              <td className="num">{count(band.points)}</td>
              <td aria-hidden="true">
                <span className="bar" data-side={sideOf(band)} style={{ width: `${(100 * band.points) / most}%` }} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function bandText({ fromPercent, toPercent }: { fromPercent?: number | undefined; toPercent?: number | undefined }): string {
  const percent = (value: number): string => `${value > 0 ? "+" : ""}${value} %`.replace("-", "\u2212");
  if (fromPercent === undefined) return `${percent(toPercent ?? 0)} and further down`;
  if (toPercent === undefined) return `${percent(fromPercent)} and further up`;
  return `${percent(fromPercent)} to ${percent(toPercent)}`;
}

function sideOf({ fromPercent, toPercent }: { fromPercent?: number | undefined; toPercent?: number | undefined }): string {
  if ((toPercent ?? 1) <= 0) return "less";
  return (fromPercent ?? -1) >= 0 ? "more" : "same";
}

function Points({ jobId, chosen, onPoint }: { jobId: string; chosen: string | undefined; onPoint: (point: string) => void }) {
  const [order, setOrder] = useState<"more" | "less">("more");
  const query = useInfiniteQuery(rehearsalPointsQuery(jobId, order));
  return (
    <section aria-labelledby="points-title">
      <div className="section-head">
        <h3 id="points-title">Usage points</h3>
        <div className="segments" role="group" aria-label="Order">
          {(["more", "less"] as const).map((one) => (
            <button key={one} type="button" className="button" data-size="small" aria-pressed={order === one} onClick={() => setOrder(one)}>
              {one === "more" ? "Who pays more" : "Who pays less"}
            </button>
          ))}
        </div>
      </div>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Usage points by the change of their bill">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Usage point</th>
              <th scope="col" className="num">
                As it is
              </th>
              <th scope="col" className="num">
                Candidate
              </th>
              <th scope="col" className="num">
                Difference
              </th>
              <th scope="col" className="num">
                %
              </th>
            </tr>
          </thead>
          <tbody>
            {rowsOf(query.data).map((point) => (
              <tr key={point.usagePoint} data-on={point.usagePoint === chosen}>
                <td>
                  <button
                    type="button"
                    className="line-button mono"
                    aria-pressed={point.usagePoint === chosen}
                    onClick={() => onPoint(point.usagePoint)}
                  >
                    {point.usagePoint}
                  </button>
                </td>
                <td className="num">{point.current}</td>
                <td className="num">{point.candidate}</td>
                <td className="num">{signed(point.difference)}</td>
                <td className="num">{point.changePercent === undefined ? "–" : point.changePercent.toFixed(1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <MoreRows query={query} of="usage points" />
    </section>
  );
}

function Comparison({ jobId, point }: { jobId: string; point: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { data: bill, error } = useQuery(comparisonQuery(jobId, point));
  useEffect(() => heading.current?.focus(), [bill]);
  if (bill === undefined) return error === null ? <div className="plot-space" /> : <ProblemNote error={error} />;
  return (
    <section aria-labelledby="comparison-title">
      <h3 id="comparison-title" ref={heading} tabIndex={-1}>
        The two bills of{" "}
        <Link to="/usage-points/$usagePoint" params={{ usagePoint: point }} className="mono">
          {point}
        </Link>
        , {bill.from} to {bill.to}
      </h3>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={`Lines of the two bills of ${point}`}>
        <table className="table bill-lines">
          <thead>
            <tr>
              <th scope="col">Line</th>
              <th scope="col">As it is</th>
              <th scope="col" className="num">
                Amount
              </th>
              <th scope="col">Candidate</th>
              <th scope="col" className="num">
                Amount
              </th>
              <th scope="col" className="num">
                Difference
              </th>
            </tr>
          </thead>
          <tbody>
            {bill.lines.map((line, index) => (
              <tr key={`${line.title} ${index}`}>
                <td>{line.title}</td>
                <td className="quiet">{sideText(line.current)}</td>
                <td className="num">{line.current?.amount ?? "–"}</td>
                <td className="quiet">{sideText(line.candidate)}</td>
                <td className="num">{line.candidate?.amount ?? "–"}</td>
                <td className="num">{signed(line.difference)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td colSpan={2}>Total</td>
              <td className="num">{money(bill.current, bill.currency)}</td>
              <td />
              <td className="num">{money(bill.candidate, bill.currency)}</td>
              <td className="num">{signed(bill.difference)}</td>
            </tr>
          </tfoot>
        </table>
      </div>
    </section>
  );
}

function sideText(side: { quantity: string; rate?: string | undefined } | undefined): string {
  if (side === undefined) return "";
  return side.rate === undefined ? side.quantity : `${side.quantity} at ${side.rate}`.replace(/^(of .*) at (.* %)$/, "$2 $1");
}
