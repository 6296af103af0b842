import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Decision, ExceptionCluster } from "@amity/api";
import { clustersQuery } from "../../data/decision-queries.ts";
import { useUtilityNow } from "../../data/use-live.ts";
import { count, money, span } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { ClusterDetail } from "./cluster-detail.tsx";
import { useExceptionFilter } from "./exception-filters.tsx";
import { usePageKeys } from "../../shell/page-keys.ts";

const route = getRouteApi("/exceptions");

/** Exceptions by cause, what is worth most and billed soonest first, with the members of the chosen one beside it. */
export function ClustersView({ onDecided }: { onDecided: (decision: Decision) => void }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = useExceptionFilter();
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(clustersQuery(filter));
  const clusters = data?.pages.flatMap(({ items }) => items) ?? [];
  const position = Math.max(
    0,
    clusters.findIndex(({ id }) => id === search.cluster),
  );
  const chosen = clusters[position];
  const choose = (id: string | undefined): void =>
    void navigate({ search: (before) => ({ ...before, ...(id === undefined ? {} : { cluster: id }) }), replace: true, resetScroll: false });
  usePageKeys({
    j: () => choose(clusters[Math.min(clusters.length - 1, position + 1)]?.id),
    k: () => choose(clusters[Math.max(0, position - 1)]?.id),
  });

  if (error !== null && data === undefined) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (data === undefined) return <div className="plot-space" />;
  const total = data.pages[0]?.total ?? clusters.length;
  const exceptions = clusters.reduce((sum, cluster) => sum + cluster.exceptions, 0);
  return (
    <>
      <p role="status" className="small quiet">
        {count(total)} {total === 1 ? "cause" : "causes"}
        {!hasNextPage && `, ${count(exceptions)} ${exceptions === 1 ? "exception" : "exceptions"}`}
        {filter.state === "open" && (exceptions === 1 ? " waits for a decision" : " wait for a decision")}
      </p>
      {chosen === undefined ? (
        <p className="empty">{filter.state === "open" ? "Nothing waits for a decision." : "Nothing here."}</p>
      ) : (
        <div className="split">
          <div className="split-list" tabIndex={-1}>
            <ClusterList clusters={clusters} chosen={chosen.id} onChoose={choose} />
            {hasNextPage && (
              <button type="button" className="button more" onClick={() => void fetchNextPage()}>
                Show more causes
              </button>
            )}
          </div>
          <ClusterDetail key={`${chosen.id} ${filter.state}`} cluster={chosen} state={filter.state} onDecided={onDecided} />
        </div>
      )}
    </>
  );
}

function ClusterList({
  clusters,
  chosen,
  onChoose,
}: {
  clusters: readonly ExceptionCluster[];
  chosen: string;
  onChoose: (id: string) => void;
}) {
  const now = useUtilityNow(30_000);
  const list = useRef<HTMLOListElement>(null);
  // Braces: browsers have begun to return a promise from scrollIntoView, which React would take for a clean-up.
  useEffect(() => {
    list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <ol ref={list} aria-label="Causes">
      {clusters.map((cluster) => (
        <li key={cluster.id}>
          <button type="button" className="split-item" aria-current={cluster.id === chosen} onClick={() => onChoose(cluster.id)}>
            <span className="row">
              <strong className="severity" data-severity={cluster.severity}>
                {cluster.title}
              </strong>
              <span className="num">{money(cluster.money, cluster.currency)}</span>
            </span>
            <span className="row small">
              <span>
                {cluster.cause === "meter" ? <span className="mono">{cluster.where}</span> : `${count(cluster.meters)} meters`}
                {cluster.cause !== "meter" && `, ${count(cluster.exceptions)} findings`}
              </span>
              <span>{billWords(cluster, now)}</span>
            </span>
            {(cluster.holdsBills > 0 || cluster.waiting > 0 || cluster.assignees.length > 0) && (
              <span className="row small tags">
                {cluster.holdsBills > 0 && (
                  <span className="tag" data-kind="held">
                    holds {count(cluster.holdsBills)} {cluster.holdsBills === 1 ? "bill" : "bills"}
                  </span>
                )}
                {cluster.waiting > 0 && <span className="tag">waits for a second person</span>}
                {cluster.assignees.map((name) => (
                  <span key={name} className="tag">
                    {name}
                  </span>
                ))}
              </span>
            )}
          </button>
        </li>
      ))}
    </ol>
  );
}

function billWords({ nextBillAt }: ExceptionCluster, nowMs: number): string {
  const seconds = (Date.parse(nextBillAt) - nowMs) / 1000;
  return seconds <= 0 ? "bill due" : `bill in ${span(seconds).replace(/ \d+ h$/, "")}`;
}
