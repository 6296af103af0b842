import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { VeeException } from "@amity/api";
import { IntervalChart } from "../../chart/interval-chart.tsx";
import { exceptionQuery } from "../../data/queries.ts";
import { useZone } from "../../shell/session-context.ts";
import { clockTime, dateTime, inWords } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";

/** Why the rule spoke: the reason in words, the numbers that were compared, the curve, and what an estimate would put there. */
export function ExceptionEvidence({ exception }: { exception: VeeException }) {
  const zone = useZone();
  const { data: detail, error } = useQuery(exceptionQuery(exception.id));
  return (
    <>
      <div>
        <h2>{exception.title}</h2>
        <p className="small quiet">
          <Link to="/meters/$meterId" params={{ meterId: exception.meterId }} className="mono">
            {exception.meterId}
          </Link>
          , channel <span className="mono">{exception.channel}</span>, {dateTime(exception.from, zone)} to {clockTime(exception.to, zone)},
          rule set {exception.ruleVersion}
        </p>
      </div>
      <p>{exception.reason}</p>
      <dl className="evidence">
        {exception.evidence.map(({ name, value }) => (
          <div key={name}>
            <dt>{inWords(name)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {error !== null && <ProblemNote error={error} />}
      {detail === undefined ? (
        <div className="plot-space" />
      ) : (
        <div>
          <IntervalChart
            intervals={detail.around}
            zone={zone}
            height={240}
            label={`Intervals of ${exception.meterId} around the finding`}
            proposal={detail.proposal}
          />
          {detail.proposal !== undefined && (
            <p className="small quiet">
              Proposed: {detail.proposal.method}. Using it makes a new version; the values now held stay in the ledger.
            </p>
          )}
        </div>
      )}
    </>
  );
}
