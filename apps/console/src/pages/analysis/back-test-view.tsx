import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { BackTestClass, BackTestScore, EstimationPlanDetail } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { backTestQuery } from "../../data/analysis-queries.ts";
import { useRight } from "../../shell/session-context.ts";
import { count, inWords, percent } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { DecideForm } from "./decide-form.tsx";
import { StepTable } from "./step-table.tsx";

/** How each estimator did, by class of channels and length of the hole, and the plan that follows. */
export function BackTestView({ jobId, plan }: { jobId: string; plan: string }) {
  const mayAdopt = useRight("analysis");
  const queries = useQueryClient();
  const { data: result, error } = useQuery(backTestQuery(jobId));
  const adopt = useMutation({
    mutationFn: (decision: { effectiveFrom: string; reason: string }) =>
      write<EstimationPlanDetail>("POST", `/api/v1/estimation-plans/${encodeURIComponent(plan)}/adoption`, { jobId, ...decision }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["plan", plan] }),
  });
  if (result === undefined) return error === null ? null : <ProblemNote error={error} />;
  if (result.classes.length === 0) return <p className="empty">No channel has enough measured values in this time.</p>;
  return (
    <div className="stack">
      {result.classes.map((one) => (
        <ClassScores key={`${one.commodity} ${one.channelClass} ${one.unit} ${one.intervalSeconds}`} scores={one} />
      ))}
      <section className="stack" aria-labelledby="recommended-title">
        <h3 id="recommended-title">The plan that follows</h3>
        <p className="small quiet">Classes of fewer than four channels do not change it.</p>
        <StepTable steps={result.recommended} label="Recommended steps" />
        {mayAdopt && (
          <DecideForm title="Take the plan over" action="Take it over" busy={adopt.isPending} error={adopt.error} onDecide={adopt.mutate}>
            It becomes the next version of the plan; days of data from that day on are filled by it.
          </DecideForm>
        )}
        {adopt.isSuccess && <p role="status">Version {adopt.data.versions[0]?.version} is kept.</p>}
      </section>
    </div>
  );
}

function ClassScores({ scores }: { scores: BackTestClass }) {
  const lengths = [...new Set(scores.scores.map(({ holeMinutes }) => holeMinutes))];
  const estimators = [...new Set(scores.scores.map(({ estimator }) => estimator))].filter((estimator) =>
    scores.scores.some((score) => score.estimator === estimator && score.filled > 0),
  );
  const title = `${scores.commodity}, ${scores.channelClass}, ${scores.intervalSeconds / 60} min, ${count(scores.channels)} channels`;
  return (
    <section>
      <h3>{title}</h3>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={`Scores: ${title}`}>
        <table className="table scores">
          <caption className="small quiet">
            Mean absolute error and bias of an interval in {scores.unit === "m3" ? "m\u00b3" : scores.unit}, by length of the hole; below,
            the share of true values within the stated 90 % bar. The best of each length is marked.
          </caption>
          <thead>
            <tr>
              <th scope="col">Estimator</th>
              {lengths.map((length) => (
                <th key={length} scope="col" className="num">
                  {lengthText(length)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {estimators.map((estimator) => (
              <tr key={estimator}>
                <th scope="row">{inWords(estimator)}</th>
                {lengths.map((length) => (
                  <ScoreCell key={length} score={scores.scores.find((one) => one.estimator === estimator && one.holeMinutes === length)} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function ScoreCell({ score }: { score: BackTestScore | undefined }) {
  if (score === undefined || score.meanAbsoluteError === null) return <td className="num quiet">does not apply</td>;
  return (
    <td className="num" data-best={score.isBest}>
      {score.isBest && <span className="visually-hidden">best: </span>}
      {round(score.meanAbsoluteError)}
      <span className="quiet"> bias {round(score.bias ?? 0).replace("-", "\u2212")}</span>
      <div className="small quiet">
        {score.coverage90 === null ? "" : percent(score.coverage90, 0)}
        {score.notApplicable > 0 && `, not ${score.notApplicable} of ${score.filled + score.notApplicable}`}
      </div>
    </td>
  );
}

/** Three digits that matter. */
function round(value: number): string {
  if (value === 0) return "0";
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(2);
}

function lengthText(minutes: number): string {
  if (minutes % 1440 === 0) return minutes === 1440 ? "1 day" : `${minutes / 1440} days`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
