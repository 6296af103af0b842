import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ExceptionStep, VeeException } from "@amity/api";
import { IntervalChart } from "../../chart/interval-chart.tsx";
import { exceptionQuery } from "../../data/queries.ts";
import { useRight, useZone } from "../../shell/session-context.ts";
import { CommodityLabel, commodityOfChannel } from "../../ui/commodity.tsx";
import { clockTime, dateTime, inWords, weekDay } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { civilDay } from "../../ui/zone-days.ts";

/** Why the rule spoke: the reason in words, the numbers that were compared, the curve, and what happened to the finding since. */
export function ExceptionEvidence({ exception }: { exception: VeeException }) {
  const zone = useZone();
  const mayEdit = useRight("exceptions");
  const { data: detail, error } = useQuery(exceptionQuery(exception.id));
  const { meterId, channel, from, to } = exception;
  return (
    <>
      <div className="section-head">
        <div>
          <h2>{exception.title}</h2>
          <p className="small quiet">
            <CommodityLabel commodity={commodityOfChannel(channel)} /> meter{" "}
            <Link to="/meters/$meterId" params={{ meterId }} className="mono">
              {meterId}
            </Link>
            , channel <span className="mono">{channel}</span>, {dateTime(from, zone)} to {clockTime(to, zone)}, rule set{" "}
            {exception.ruleVersion}
          </p>
        </div>
        <div className="toolbar">
          {mayEdit && (
            <Link className="button" data-size="small" to="/meters/$meterId/edit" params={{ meterId }} search={{ channel, from, to }}>
              Edit these intervals
            </Link>
          )}
          <Link
            className="button"
            data-size="small"
            to="/meters/$meterId/versions"
            params={{ meterId }}
            search={{ channel, day: civilDay(zone, Date.parse(from)) }}
          >
            Versions of the day
          </Link>
        </div>
      </div>
      <p>{exception.reason}</p>
      {exception.waitingDecision !== undefined && (
        <p className="note" data-kind="warn">
          A decision over it waits for a second person.{" "}
          <Link to="/exceptions" search={{ view: "decisions" }}>
            See what waits
          </Link>
        </p>
      )}
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
        <>
          <div>
            <IntervalChart
              intervals={detail.around}
              zone={zone}
              height={240}
              label={`Intervals of ${meterId} around the finding`}
              proposal={detail.proposal}
              windows={[{ from, to }]}
            />
            {detail.proposal !== undefined && (
              <p className="small quiet">
                Proposed: {detail.proposal.method}. Using it makes a new version; the values now held stay in the ledger.
              </p>
            )}
          </div>
          <History steps={detail.history} zone={zone} />
        </>
      )}
    </>
  );
}

const STEPS: Readonly<Record<ExceptionStep["kind"], string>> = {
  raised: "Found",
  assigned: "Assigned",
  decided: "Decided",
  reopened: "Opened again",
  settled: "Settled by itself",
};

function History({ steps, zone }: { steps: readonly ExceptionStep[]; zone: string }) {
  if (steps.length === 0) return null;
  return (
    <section aria-label="What happened to it">
      <h3>What happened to it</h3>
      <ol className="history">
        {steps.map((step) => (
          <li key={`${step.at} ${step.kind} ${step.note}`}>
            <time dateTime={step.at}>
              {weekDay(step.at, zone)} {clockTime(step.at, zone)}
            </time>
            <span>
              <strong>{STEPS[step.kind]}</strong>
              {step.kind === "decided" && `: ${step.state}`} <span className="quiet">{step.note}</span>
            </span>
            <span className="quiet">{step.by}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
