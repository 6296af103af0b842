import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { BackTestRequest, EstimationPlanDetail, Job } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { planQuery } from "../../data/analysis-queries.ts";
import { useRight } from "../../shell/session-context.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { AnalysisHead } from "./analysis-head.tsx";
import { BackTestView } from "./back-test-view.tsx";
import { JobWatch } from "./job-watch.tsx";
import { NumberField } from "./number-field.tsx";
import { StepTable } from "./step-table.tsx";
import { SpanFields, useDaySpan } from "./span-fields.tsx";
import { activationText, VersionTag } from "./version-tag.tsx";

const route = getRouteApi("/analysis/estimation");
const PLAN = "standard";
const DAYS = 30;

/** The estimation plan by version, and back-tests that say which estimator is best for which channels. */
export function EstimationPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mayStart = useRight("analysis");
  const { data: plan, error, refetch } = useQuery(planQuery(PLAN));
  const onJob = (job: string): void => void navigate({ search: { job }, replace: true, resetScroll: false });
  return (
    <div className="page">
      <AnalysisHead title="Estimation">
        What is missing is filled by the first step that applies. A back-test hides measured values and scores each way to fill them.
      </AnalysisHead>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {plan !== undefined && <PlanView plan={plan} />}
      <section className="stack" aria-labelledby="back-test-title">
        <h2 id="back-test-title">Back-test</h2>
        {mayStart && <BackTestForm onStarted={onJob} />}
        <JobWatch kind="backTest" unit="channels" jobId={search.job} onJob={onJob}>
          {(jobId) => <BackTestView jobId={jobId} plan={PLAN} />}
        </JobWatch>
      </section>
    </div>
  );
}

function PlanView({ plan }: { plan: EstimationPlanDetail }) {
  return (
    <section className="stack" aria-labelledby="plan-title">
      <h2 id="plan-title">
        {plan.id} v{plan.inForce} <VersionTag state="inForce" />
      </h2>
      <StepTable steps={plan.steps} label="Steps in force" />
      <p className="small quiet">
        {plan.scaleToRegisters
          ? "Estimates are scaled to add up to the registers around them."
          : "Estimates are not scaled to the registers."}
      </p>
      <details>
        <summary>{plan.versions.length === 1 ? "One version" : `${plan.versions.length} versions`}</summary>
        <ul className="examples">
          {plan.versions.map((version) => (
            <li key={version.version}>
              v{version.version} <VersionTag state={version.state} /> {activationText(version) ?? `kept by ${version.author}`}
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

function BackTestForm({ onStarted }: { onStarted: (job: string) => void }) {
  const queries = useQueryClient();
  const [span, setSpan] = useDaySpan(DAYS);
  const [meters, setMeters] = useState("100");
  const [holes, setHoles] = useState("3");
  const start = useMutation({
    mutationFn: () => {
      const ask: Partial<BackTestRequest> = {
        plan: PLAN,
        ...span,
        ...(meters === "" ? {} : { meters: Number(meters) }),
        ...(holes === "" ? {} : { holesEach: Number(holes) }),
      };
      return write<Job>("POST", "/api/v1/back-tests", ask);
    },
    onSuccess: (job) => {
      void queries.invalidateQueries({ queryKey: ["jobs", "backTest"] });
      onStarted(job.id);
    },
  });
  return (
    <form
      aria-label="Back-test"
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <div className="toolbar">
        <SpanFields span={span} onChange={setSpan} />
        <NumberField label="Meters" hint="200" min={1} max={20_000} value={meters} onChange={setMeters} />
        <NumberField label="Holes of each length" hint="3" min={1} max={50} value={holes} onChange={setHoles} />
        <button type="submit" className="button" disabled={start.isPending}>
          Run
        </button>
      </div>
      {start.isError && <ProblemNote error={start.error} />}
    </form>
  );
}
