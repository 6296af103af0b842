import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { RuleSetDetail, RuleSetSummary } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { ruleSetQuery, ruleSetsQuery } from "../../data/analysis-queries.ts";
import { useRight, useZone } from "../../shell/session-context.ts";
import { dateTime } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { AnalysisHead } from "./analysis-head.tsx";
import { DecideForm } from "./decide-form.tsx";
import { DryRunForm } from "./dry-run-form.tsx";
import { DryRunView } from "./dry-run-view.tsx";
import { JobWatch } from "./job-watch.tsx";
import { RuleEditor } from "./rule-editor.tsx";
import { RuleTable } from "./rule-table.tsx";
import { activationText, VersionTag } from "./version-tag.tsx";

const route = getRouteApi("/analysis/rules");

/** Rule sets by version: look, change a copy, try it on history, let it rule. */
export function RulesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: sets, error, refetch } = useQuery(ruleSetsQuery);
  const set = sets?.items.find(({ id }) => id === search.set) ?? sets?.items[0];
  const version =
    set?.versions.find((one) => String(one.version) === search.version)?.version ??
    (set?.versions.find(({ state }) => state === "inForce") ?? set?.versions[0])?.version;
  return (
    <div className="page">
      <AnalysisHead title="Validation rules">
        Versions never change: a change is the next version, tried on stored history first, and then let rule from a day on.
      </AnalysisHead>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {set !== undefined && version !== undefined && (
        <div className="split">
          <VersionList set={set} chosen={version} onChoose={(next) => void navigate({ search: { set: set.id, version: String(next) } })} />
          <div className="split-detail">
            <RuleSetView
              key={`${set.id} ${version}`}
              set={set.id}
              version={version}
              job={search.job}
              onJob={(job) => void navigate({ search: { set: set.id, version: String(version), job }, replace: true, resetScroll: false })}
              onVersion={(next) => void navigate({ search: { set: set.id, version: String(next) } })}
            />
          </div>
        </div>
      )}
    </div>
  );
}

function VersionList({ set, chosen, onChoose }: { set: RuleSetSummary; chosen: number; onChoose: (version: number) => void }) {
  return (
    <ol className="split-list" aria-label={`Versions of ${set.id}`} tabIndex={-1}>
      {set.versions.map((version) => (
        <li key={version.version}>
          <button type="button" className="split-item" aria-current={version.version === chosen} onClick={() => onChoose(version.version)}>
            <span className="row">
              <strong>
                {set.id} v{version.version}
              </strong>
              <VersionTag state={version.state} />
            </span>
            <span className="small">{activationText(version) ?? `kept by ${version.author}`}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

interface RuleSetViewProps {
  set: string;
  version: number;
  job: string | undefined;
  onJob: (job: string) => void;
  onVersion: (version: number) => void;
}

function RuleSetView({ set, version, job, onJob, onVersion }: RuleSetViewProps) {
  const zone = useZone();
  const mayChange = useRight("analysis");
  const [isEditing, setEditing] = useState(false);
  const { data: detail, error } = useQuery(ruleSetQuery(set, version));
  if (detail === undefined) return error === null ? <div className="plot-space" /> : <ProblemNote error={error} />;
  const { about } = detail;
  return (
    <>
      <div className="section-head">
        <div>
          <h2>
            {detail.id} v{about.version} <VersionTag state={about.state} />
          </h2>
          <p className="small quiet">
            {about.description !== undefined && `${about.description}. `}Kept by {about.author}, {dateTime(about.storedAt, zone)}
            {activationText(about) === undefined ? "; it has ruled nothing yet" : `; rules ${activationText(about)}`}.
          </p>
        </div>
        {mayChange && !isEditing && (
          <button type="button" className="button" onClick={() => setEditing(true)}>
            Change a copy
          </button>
        )}
      </div>
      {isEditing ? (
        <RuleEditor
          detail={detail}
          onClose={() => setEditing(false)}
          onKept={(kept) => {
            setEditing(false);
            onVersion(kept.about.version);
          }}
        />
      ) : (
        <RuleTable detail={detail} />
      )}
      {!isEditing && (
        <section className="stack" aria-labelledby="dry-run-title">
          <h2 id="dry-run-title">Try it on stored history</h2>
          {mayChange && <DryRunForm set={detail.id} version={about.version} onStarted={onJob} />}
          <JobWatch kind="dryRun" unit="channels" jobId={job} onJob={onJob}>
            {(jobId) => <DryRunView jobId={jobId} />}
          </JobWatch>
        </section>
      )}
      {mayChange && !isEditing && about.state !== "inForce" && <Activation detail={detail} />}
    </>
  );
}

function Activation({ detail }: { detail: RuleSetDetail }) {
  const queries = useQueryClient();
  const { id, about } = detail;
  const activate = useMutation({
    mutationFn: (decision: { effectiveFrom: string; reason: string }) =>
      write<RuleSetDetail>("POST", `/api/v1/rule-sets/${encodeURIComponent(id)}/versions/${about.version}/activation`, decision),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["rule-sets"] });
      void queries.invalidateQueries({ queryKey: ["rule-set"] });
    },
  });
  return (
    <section className="stack" aria-labelledby="activate-title">
      <h2 id="activate-title">Let it rule</h2>
      <DecideForm
        title="Let this version rule"
        action={`Let v${about.version} rule`}
        busy={activate.isPending}
        error={activate.error}
        onDecide={activate.mutate}
      >
        Days of data from that day on are judged by this version, however late they are reviewed. What was judged before stays as it is.
      </DecideForm>
    </section>
  );
}
