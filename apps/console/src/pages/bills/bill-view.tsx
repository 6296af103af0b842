import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Bill } from "@amity/api";
import { billQuery } from "../../data/queries.ts";
import { count, longDateTime, money, percent } from "../../ui/format.ts";
import { CommodityIcon, COMMODITY_WORDS } from "../../ui/commodity.tsx";
import { HeldNote } from "./held-note.tsx";
import { JointBox } from "./joint-box.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { LineIntervals } from "./line-intervals.tsx";

/** A bill: its lines, and under the chosen line the intervals that made it, as they were known when it was billed. */
export function BillView({ id, line, onLine }: { id: string; line: string | undefined; onLine: (line: string) => void }) {
  const { data: bill, error } = useQuery(billQuery(id));
  if (bill === undefined) return error === null ? <div className="plot-space" /> : <ProblemNote error={error} />;
  const { summary } = bill;
  const chosen = bill.lines.find((one) => one.id === line) ?? bill.lines.find(({ windows }) => windows !== undefined);
  return (
    <>
      <div className="section-head">
        <div>
          <h2>
            <span className="mono">{summary.id}</span>
          </h2>
          <p className="small quiet">
            <span className="commodity">
              <CommodityIcon commodity={summary.commodity} />
              {COMMODITY_WORDS[summary.commodity]}
            </span>
            ,{" "}
            <Link to="/usage-points/$usagePoint" params={{ usagePoint: summary.usagePoint }} className="mono">
              {summary.usagePoint}
            </Link>
            , meter{" "}
            <Link to="/meters/$meterId" params={{ meterId: summary.meterId }} className="mono">
              {summary.meterId}
            </Link>
            , {summary.from} to {summary.to}, {summary.tariff}
          </p>
        </div>
        <p className="bill-total">{money(summary.total, summary.currency)}</p>
      </div>
      {summary.state === "held" && <HeldNote bill={bill} />}
      <JointBox bill={bill} />
      <LineTable bill={bill} chosen={chosen?.id} onLine={onLine} />
      {chosen?.windows !== undefined && <LineIntervals bill={bill} line={chosen} />}
      <p className="small quiet">
        The bill pins what was known at {longDateTime(bill.knownAt, bill.zone)}.{" "}
        {summary.estimatedShare > 0 ? `${percent(summary.estimatedShare)} of the energy is estimated. ` : "Nothing is estimated. "}
        {bill.notes.join(" ")}
      </p>
    </>
  );
}

function LineTable({ bill, chosen, onLine }: { bill: Bill; chosen: string | undefined; onLine: (line: string) => void }) {
  return (
    <div className="scroll-x">
      <table className="table bill-lines">
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col" className="num">
              Quantity
            </th>
            <th scope="col" className="num">
              Rate
            </th>
            <th scope="col" className="num">
              Intervals
            </th>
            <th scope="col" className="num">
              Amount
            </th>
          </tr>
        </thead>
        <tbody>
          {bill.lines.map((line) => (
            <tr key={line.id} data-on={line.id === chosen}>
              <td>
                {line.windows === undefined ? (
                  line.title
                ) : (
                  <button type="button" className="line-button" aria-pressed={line.id === chosen} onClick={() => onLine(line.id)}>
                    {line.title}
                  </button>
                )}
                {line.explanation !== undefined && <div className="small quiet">{line.explanation}</div>}
              </td>
              <td className="num">{line.quantityText ?? `${line.quantity} ${line.unit}`}</td>
              <td className="num">{line.rateText ?? line.rate}</td>
              <td className="num">{line.intervals === undefined ? <span className="quiet">–</span> : count(line.intervals)}</td>
              <td className="num">{line.amount}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <td colSpan={4}>Total</td>
            <td className="num">{money(bill.summary.total, bill.summary.currency)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}
