import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Job, JobKind } from "@amity/api";
import { ApiProblem, write } from "../../data/api-client.ts";
import { jobQuery, jobsQuery } from "../../data/analysis-queries.ts";
import { useRight, useZone } from "../../shell/session-context.ts";
import { count, dateTime } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";

interface JobWatchProps {
  kind: JobKind;
  /** What the job counts, e.g. `channels`. */
  unit: string;
  jobId: string | undefined;
  onJob: (jobId: string) => void;
  /** Shown once the job is done. */
  children: (jobId: string) => ReactNode;
}

/** The jobs of a kind that are still known, how far the chosen one is, and its result. */
export function JobWatch({ kind, unit, jobId, onJob, children }: JobWatchProps) {
  const { data: jobs } = useQuery(jobsQuery(kind));
  const known = jobs?.items ?? [];
  const chosen = jobId ?? known[0]?.id;
  return (
    <section className="stack" aria-label="Runs">
      {known.length > 0 && (
        <label className="label job-choice">
          Run
          <select className="field" value={chosen ?? ""} onChange={(event) => onJob(event.target.value)}>
            {chosen !== undefined && known.every(({ id }) => id !== chosen) && <option value={chosen}>{chosen}</option>}
            {known.map((job) => (
              <option key={job.id} value={job.id}>
                {job.title} ({job.state}, {job.by})
              </option>
            ))}
          </select>
        </label>
      )}
      {chosen !== undefined && (
        <JobState key={chosen} kind={kind} unit={unit} jobId={chosen}>
          {children}
        </JobState>
      )}
    </section>
  );
}

function JobState({ kind, unit, jobId, children }: Pick<JobWatchProps, "kind" | "unit" | "children"> & { jobId: string }) {
  const zone = useZone();
  const mayCancel = useRight("analysis");
  const queries = useQueryClient();
  const { data: job, error } = useQuery(jobQuery(jobId));
  const cancel = useMutation({
    mutationFn: () => write<Job>("POST", `/api/v1/jobs/${encodeURIComponent(jobId)}/cancellation`, {}),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ["job", jobId] });
      void queries.invalidateQueries({ queryKey: ["jobs", kind] });
    },
  });
  if (job === undefined) {
    const isGone = error instanceof ApiProblem && error.problem.status === 404;
    if (isGone)
      return <p className="empty">This run is not known any more: results are kept until the program ends, the last twenty of them.</p>;
    return error === null ? null : <ProblemNote error={error} />;
  }
  if (job.state === "done") return <>{children(jobId)}</>;
  if (job.state === "failed")
    return (
      <p className="note" data-kind="alarm" role="alert">
        The run failed: {job.error}
      </p>
    );
  if (job.state === "cancelled") return <p className="empty">This run was cancelled at {dateTime(job.endedAt ?? job.startedAt, zone)}.</p>;
  return (
    <div className="job">
      <p role="status">
        {job.state === "waiting"
          ? "Waits for the run before it."
          : job.total === 0
            ? "Begins."
            : `${count(job.done)} of ${count(job.total)} ${unit}`}
      </p>
      <progress aria-label={`Progress of ${job.title}`} max={Math.max(1, job.total)} value={job.done} />
      {mayCancel && (
        <button type="button" className="button" data-size="small" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel the run
        </button>
      )}
      {cancel.isError && <ProblemNote error={cancel.error} />}
    </div>
  );
}
