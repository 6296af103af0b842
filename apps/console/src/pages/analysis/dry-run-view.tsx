import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { DryRunExample, DryRunResult } from "@amity/api";
import { dryRunBillsQuery, dryRunDifferencesQuery, dryRunQuery } from "../../data/analysis-queries.ts";
import { useZone } from "../../shell/session-context.ts";
import { count, dateTime, inWords } from "../../ui/format.ts";
import { MoreRows, rowsOf } from "../../ui/more-rows.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { signed } from "./signed.ts";

/** What a version would flag newly and no more, by rule and meter, and which bills change. */
export function DryRunView({ jobId }: { jobId: string }) {
  const { data: result, error } = useQuery(dryRunQuery(jobId));
  const [rule, setRule] = useState<string | undefined>(undefined);
  if (result === undefined) return error === null ? null : <ProblemNote error={error} />;
  const fresh = result.rules.reduce((sum, one) => sum + one.new, 0);
  const gone = result.rules.reduce((sum, one) => sum + one.gone, 0);
  return (
    <div className="stack">
      <dl className="evidence">
        <Figure
          name={`${result.candidate} against ${result.current}`}
        >{`${count(result.channels)} channels, ${count(result.intervals)} intervals`}</Figure>
        <Figure name="Flagged newly">{count(fresh)}</Figure>
        <Figure name="No more flagged">{count(gone)}</Figure>
        <Figure name="Channels with other final values">{count(result.channelsChanged)}</Figure>
        <Figure name={`Bills that change, of ${count(result.billsTried)}`}>
          {result.billsChanged === 0 ? "none" : `${count(result.billsChanged)}, together ${signed(result.billsDifference)}`}
        </Figure>
      </dl>
      <RuleDifferences result={result} chosen={rule} onRule={setRule} />
      <ChangedBills jobId={jobId} />
      <Differences jobId={jobId} rule={rule} leftOut={result.leftOut} />
      <Examples title="New findings" examples={result.newExamples} />
      <Examples title="Findings no more made" examples={result.goneExamples} />
    </div>
  );
}

function Figure({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function RuleDifferences({
  result,
  chosen,
  onRule,
}: {
  result: DryRunResult;
  chosen: string | undefined;
  onRule: (rule: string | undefined) => void;
}) {
  const rules = result.rules.filter((rule) => rule.current > 0 || rule.candidate > 0);
  if (rules.length === 0) return <p className="empty">Neither version finds anything in this time.</p>;
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Findings by rule">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col" className="num">
              {result.current}
            </th>
            <th scope="col" className="num">
              {result.candidate}
            </th>
            <th scope="col" className="num">
              New
            </th>
            <th scope="col" className="num">
              Gone
            </th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.rule} data-on={rule.rule === chosen}>
              <td>
                {rule.new + rule.gone === 0 ? (
                  rule.rule
                ) : (
                  <button
                    type="button"
                    className="line-button"
                    aria-pressed={rule.rule === chosen}
                    onClick={() => onRule(rule.rule === chosen ? undefined : rule.rule)}
                  >
                    {rule.rule}
                  </button>
                )}
              </td>
              <td className="num">{count(rule.current)}</td>
              <td className="num">{count(rule.candidate)}</td>
              <td className="num">{rule.new === 0 ? <span className="quiet">0</span> : count(rule.new)}</td>
              <td className="num">{rule.gone === 0 ? <span className="quiet">0</span> : count(rule.gone)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ChangedBills({ jobId }: { jobId: string }) {
  const query = useInfiniteQuery(dryRunBillsQuery(jobId));
  const bills = rowsOf(query.data);
  if (bills.length === 0) return null;
  return (
    <section aria-labelledby="dry-bills-title">
      <h3 id="dry-bills-title">Bills that change</h3>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Bills that change, table">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Bill</th>
              <th scope="col">Meter</th>
              <th scope="col" className="num">
                As it is
              </th>
              <th scope="col" className="num">
                Would be
              </th>
              <th scope="col" className="num">
                Difference
              </th>
            </tr>
          </thead>
          <tbody>
            {bills.map((bill) => (
              <tr key={`${bill.billId} ${bill.channel}`}>
                <td>
                  <Link to="/bills" search={{ id: bill.billId }} className="mono">
                    {bill.billId}
                  </Link>
                </td>
                <td>
                  <Link to="/meters/$meterId" params={{ meterId: bill.meterId }} className="mono">
                    {bill.meterId}
                  </Link>
                </td>
                <td className="num">{bill.current}</td>
                <td className="num">{bill.candidate}</td>
                <td className="num">{signed(bill.difference)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <MoreRows query={query} of="bills" />
    </section>
  );
}

function Differences({ jobId, rule, leftOut }: { jobId: string; rule: string | undefined; leftOut: number }) {
  const query = useInfiniteQuery(dryRunDifferencesQuery(jobId, rule));
  const rows = rowsOf(query.data);
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="dry-meters-title">
      <h3 id="dry-meters-title">By meter{rule !== undefined && `, rule ${rule}`}</h3>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Differences by meter">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Meter</th>
              <th scope="col">Channel</th>
              <th scope="col">Rule</th>
              <th scope="col" className="num">
                New
              </th>
              <th scope="col" className="num">
                Gone
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.meterId} ${row.channel} ${row.rule}`}>
                <td>
                  <Link to="/meters/$meterId" params={{ meterId: row.meterId }} search={{ channel: row.channel }} className="mono">
                    {row.meterId}
                  </Link>
                </td>
                <td className="mono">{row.channel}</td>
                <td>{row.rule}</td>
                <td className="num">{row.new}</td>
                <td className="num">{row.gone}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <MoreRows query={query} of="differences" />
      {leftOut > 0 && <p className="small quiet">{count(leftOut)} further differences were counted, not kept.</p>}
    </section>
  );
}

function Examples({ title, examples }: { title: string; examples: readonly DryRunExample[] }) {
  const zone = useZone();
  if (examples.length === 0) return null;
  return (
    <details>
      <summary>
        {title}: {examples.length} examples with the numbers compared
      </summary>
      <ul className="examples">
        {examples.map((example) => (
          <li key={`${example.meterId} ${example.channel} ${example.rule} ${example.from}`}>
            <Link to="/meters/$meterId" params={{ meterId: example.meterId }} search={{ channel: example.channel }} className="mono">
              {example.meterId}
            </Link>{" "}
            {example.rule}, {dateTime(example.from, zone)}: {example.reason}{" "}
            <span className="quiet">({example.numbers.map(({ name, value }) => `${inWords(name)} ${value}`).join(", ")})</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
