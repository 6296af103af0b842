import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { TariffCandidate, TariffDetail, TariffInfo } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { candidateQuery, candidatesQuery, tariffQuery, tariffsQuery } from "../../data/analysis-queries.ts";
import { useRight, useZone } from "../../shell/session-context.ts";
import { dateTime } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { AnalysisHead } from "./analysis-head.tsx";
import { CandidateEditor } from "./candidate-editor.tsx";
import { DecideForm } from "./decide-form.tsx";
import { JobWatch } from "./job-watch.tsx";
import { RehearsalForm } from "./rehearsal-form.tsx";
import { RehearsalView } from "./rehearsal-view.tsx";

const route = getRouteApi("/analysis/tariffs");

/** Published tariffs by version, and candidates that are tried on past usage before anybody decides. */
export function TariffsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: tariffs, error, refetch } = useQuery(tariffsQuery);
  const { data: candidates } = useQuery(candidatesQuery);
  const [edited, setEdited] = useState<string | undefined>(undefined);
  const candidate = candidates?.items.find(({ id }) => id === search.candidate);
  const tariff = tariffs?.items.find(({ id }) => id === (candidate?.tariff ?? search.tariff)) ?? tariffs?.items[0];
  const choose = (next: { tariff?: string; candidate?: string }): void => {
    setEdited(undefined);
    void navigate({ search: next });
  };
  return (
    <div className="page">
      <AnalysisHead title="Tariffs">
        A candidate bills nobody: it is rehearsed on past usage, compared bill by bill, and published when it is right.
      </AnalysisHead>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {tariffs !== undefined && tariff === undefined && <p className="empty">No tariff is published yet.</p>}
      {tariff !== undefined && (
        <div className="split">
          <TariffList
            tariffs={tariffs?.items ?? []}
            candidates={candidates?.items ?? []}
            chosen={candidate?.id ?? tariff.id}
            onTariff={(id) => choose({ tariff: id })}
            onCandidate={(id) => choose({ candidate: id })}
          />
          <div className="split-detail">
            {candidate === undefined ? (
              <TariffView key={tariff.id} tariff={tariff} onEdit={setEdited} isEditing={edited !== undefined} />
            ) : (
              <CandidateView
                key={candidate.id}
                candidate={candidate}
                onEdit={setEdited}
                onGone={() => choose({ tariff: candidate.tariff })}
              />
            )}
            {edited !== undefined && (
              <CandidateEditor
                text={edited}
                onClose={() => setEdited(undefined)}
                onKept={(kept) => choose({ candidate: kept.candidate.id })}
              />
            )}
            {edited === undefined && (
              <section className="stack" aria-labelledby="rehearsal-title">
                <h2 id="rehearsal-title">Rehearsal on past usage</h2>
                <Rehearse
                  candidate={candidate}
                  tariff={tariff}
                  onJob={(job) => void navigate({ search: (before) => ({ ...before, job }), replace: true, resetScroll: false })}
                />
                <JobWatch
                  kind="rehearsal"
                  unit="usage points"
                  jobId={search.job}
                  onJob={(job) =>
                    void navigate({ search: ({ point: _point, ...before }) => ({ ...before, job }), replace: true, resetScroll: false })
                  }
                >
                  {(jobId) => (
                    <RehearsalView
                      jobId={jobId}
                      point={search.point}
                      onPoint={(point) =>
                        void navigate({ search: (before) => ({ ...before, job: jobId, point }), replace: true, resetScroll: false })
                      }
                    />
                  )}
                </JobWatch>
              </section>
            )}
          </div>
        </div>
      )}
    </div>
  );
}

function Rehearse({
  candidate,
  tariff,
  onJob,
}: {
  candidate: TariffCandidate | undefined;
  tariff: TariffInfo;
  onJob: (job: string) => void;
}) {
  const mayStart = useRight("analysis");
  if (!mayStart) return null;
  if (candidate === undefined) return <p className="small quiet">Choose a candidate, or make one of this tariff, to rehearse it.</p>;
  return <RehearsalForm candidate={candidate.id} tariff={tariff.id} onStarted={onJob} />;
}

interface TariffListProps {
  tariffs: readonly TariffInfo[];
  candidates: readonly TariffCandidate[];
  chosen: string;
  onTariff: (id: string) => void;
  onCandidate: (id: string) => void;
}

function TariffList({ tariffs, candidates, chosen, onTariff, onCandidate }: TariffListProps) {
  const zone = useZone();
  return (
    <ol className="split-list" aria-label="Tariffs and candidates" tabIndex={-1}>
      {tariffs.map((tariff) => (
        <li key={tariff.id}>
          <button type="button" className="split-item" aria-current={tariff.id === chosen} onClick={() => onTariff(tariff.id)}>
            <span className="row">
              <strong>{tariff.name}</strong>
              <span className="tag" data-kind="inForce">
                published
              </span>
            </span>
            <span className="small">
              {tariff.id}, {tariff.commodity}, {tariff.versions.length === 1 ? "one version" : `${tariff.versions.length} versions`}
            </span>
          </button>
        </li>
      ))}
      {candidates.map((candidate) => (
        <li key={candidate.id}>
          <button type="button" className="split-item" aria-current={candidate.id === chosen} onClick={() => onCandidate(candidate.id)}>
            <span className="row">
              <strong>{candidate.name}</strong>
              <span className="tag" data-kind="draft">
                candidate
              </span>
            </span>
            <span className="small">
              of {candidate.tariff}, by {candidate.author}, {dateTime(candidate.storedAt, zone)}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

function TariffView({ tariff, isEditing, onEdit }: { tariff: TariffInfo; isEditing: boolean; onEdit: (text: string) => void }) {
  const mayEdit = useRight("analysis");
  const { data: detail } = useQuery(tariffQuery(tariff.id));
  return (
    <>
      <div className="section-head">
        <div>
          <h2>{tariff.name}</h2>
          <p className="small quiet">
            <span className="mono">{tariff.id}</span>, {tariff.commodity}, {tariff.currency}, days and times of {tariff.zone}
          </p>
        </div>
        {mayEdit && !isEditing && detail !== undefined && (
          <button type="button" className="button" onClick={() => onEdit(JSON.stringify(detail.document, null, 2))}>
            Make a candidate of it
          </button>
        )}
      </div>
      <Versions tariff={tariff} />
    </>
  );
}

function Versions({ tariff }: { tariff: TariffInfo }) {
  return (
    <>
      {tariff.versions.toReversed().map((version) => (
        <details key={version.version} open={version === tariff.versions.at(-1)}>
          <summary>
            Version {version.version}, from {version.effectiveFrom}
            {version.effectiveTo !== undefined && ` to ${version.effectiveTo}`}
            {version.publishedBy !== undefined && (
              <span className="quiet">
                {" "}
                published by {version.publishedBy}: {version.reason}
              </span>
            )}
          </summary>
          <div className="scroll-x" tabIndex={0} role="region" aria-label={`Charges of version ${version.version}`}>
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Charge</th>
                  <th scope="col">Kind</th>
                  <th scope="col" className="num">
                    Price ({tariff.currency})
                  </th>
                </tr>
              </thead>
              <tbody>
                {version.charges.map((charge) => (
                  <tr key={charge.id}>
                    <td>{charge.label}</td>
                    <td className="quiet">{charge.kind}</td>
                    <td className="num">{charge.price}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      ))}
    </>
  );
}

function CandidateView({ candidate, onEdit, onGone }: { candidate: TariffCandidate; onEdit: (text: string) => void; onGone: () => void }) {
  const mayEdit = useRight("analysis");
  const zone = useZone();
  const queries = useQueryClient();
  const { data: detail } = useQuery(candidateQuery(candidate.id));
  const path = `/api/v1/tariff-candidates/${encodeURIComponent(candidate.id)}`;
  const drop = useMutation({
    mutationFn: () => write<TariffCandidate>("DELETE", path, undefined),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["candidates"] });
      onGone();
    },
  });
  const publish = useMutation({
    mutationFn: ({ reason }: { reason: string }) => write<TariffDetail>("POST", `${path}/publication`, { reason }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["tariffs"] });
      void queries.invalidateQueries({ queryKey: ["tariff"] });
      onGone();
    },
  });
  return (
    <>
      <div className="section-head">
        <div>
          <h2>Candidate: {candidate.name}</h2>
          <p className="small quiet">
            <span className="mono">{candidate.id}</span>, of tariff {candidate.tariff}, by {candidate.author},{" "}
            {dateTime(candidate.storedAt, zone)}
          </p>
        </div>
        {mayEdit && detail !== undefined && (
          <div className="actions">
            <button type="button" className="button" onClick={() => onEdit(JSON.stringify(detail.document, null, 2))}>
              Change a copy
            </button>
            <button type="button" className="button" data-kind="danger" disabled={drop.isPending} onClick={() => drop.mutate()}>
              Drop
            </button>
          </div>
        )}
      </div>
      {drop.isError && <ProblemNote error={drop.error} />}
      <details>
        <summary>Document</summary>
        <pre className="document" tabIndex={0}>
          {JSON.stringify(detail?.document, null, 2)}
        </pre>
      </details>
      {mayEdit && (
        <details>
          <summary>Publish it</summary>
          <DecideForm
            title="Publish the candidate"
            action="Publish"
            dated={false}
            busy={publish.isPending}
            error={publish.error}
            onDecide={publish.mutate}
          >
            Bills are made by it from the days that its versions name. Versions that are published already must be in it unchanged.
          </DecideForm>
        </details>
      )}
    </>
  );
}
