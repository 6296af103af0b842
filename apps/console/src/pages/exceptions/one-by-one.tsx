import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Decision, ExceptionResolution, VeeException } from "@amity/api";
import { read, write } from "../../data/api-client.ts";
import { exceptionListQuery, refreshDecided } from "../../data/decision-queries.ts";
import { exceptionQuery } from "../../data/queries.ts";
import { useUtilityNow } from "../../data/use-live.ts";
import { useRight } from "../../shell/session-context.ts";
import { CommodityIcon, commodityOfChannel } from "../../ui/commodity.tsx";
import { ago, count } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { AssignControl } from "./assign-control.tsx";
import { ExceptionEvidence } from "./exception-evidence.tsx";
import { useExceptionFilter } from "./exception-filters.tsx";
import { usePageKeys } from "../../shell/page-keys.ts";

const route = getRouteApi("/exceptions");
type Action = Exclude<ExceptionResolution["action"], "reopen">;
/** What the record says where the person gives no words of their own. */
const USUAL_REASONS: Readonly<Record<Action, string>> = {
  estimate: "The estimate is plausible",
  accept: "The measured values are right",
  dismiss: "No fault of the values",
};

/** One finding after the other: evidence beside the rule, decisions by key, each with a way back. */
export function OneByOne({ onDecided }: { onDecided: (decision: Decision) => void }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mayDecide = useRight("exceptions");
  const queries = useQueryClient();
  const filter = useExceptionFilter();
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(exceptionListQuery(filter));
  const listed = data?.pages.flatMap(({ items }) => items) ?? [];
  // The one in the address may be further down than what is loaded, or in another state by now.
  const isListed = search.id === undefined || listed.some(({ id }) => id === search.id);
  const { data: named } = useQuery({ ...exceptionQuery(search.id ?? ""), enabled: !isListed && data !== undefined });
  const items = isListed || named === undefined ? listed : [named.exception, ...listed];
  const position = positionOf(items, search.id);
  const chosen = items[position];
  const [reason, setReason] = useState("");

  const choose = (id: string | undefined): void =>
    void navigate({ search: (before) => ({ ...before, ...(id === undefined ? {} : { id }) }), replace: true, resetScroll: false });
  const resolve = useMutation({
    mutationFn: async ({ id, action }: { id: string; action: Action }): Promise<Decision | undefined> => {
      const resolved = await write<VeeException>("POST", `/api/v1/exceptions/${encodeURIComponent(id)}/resolution`, {
        action,
        reason: reason.trim() === "" ? USUAL_REASONS[action] : reason.trim(),
      });
      const decision = resolved.decision ?? resolved.waitingDecision;
      return decision === undefined ? undefined : read<Decision>(`/api/v1/decisions/${encodeURIComponent(decision)}`);
    },
    onSuccess: (decision) => {
      setReason("");
      if (decision !== undefined) onDecided(decision);
      const next = items[position + 1] ?? items[position - 1];
      if (next !== undefined) choose(next.id);
      refreshDecided(queries);
    },
  });
  const act = (action: Action): void => {
    if (chosen?.state === "open" && mayDecide && !resolve.isPending) resolve.mutate({ id: chosen.id, action });
  };
  usePageKeys({
    j: () => choose(items[Math.min(items.length - 1, position + 1)]?.id),
    k: () => choose(items[Math.max(0, position - 1)]?.id),
    a: () => act("accept"),
    e: () => act("estimate"),
    d: () => act("dismiss"),
  });

  if (error !== null && data === undefined) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (data === undefined) return <div className="plot-space" />;
  if (chosen === undefined) return <p className="empty">{filter.state === "open" ? "Nothing waits for a decision." : "Nothing here."}</p>;
  return (
    <>
      <p role="status" className="small quiet">
        {count(items.length)}
        {hasNextPage ? " or more" : ""} {filter.state === "open" ? "wait for a decision" : "in this list"}
      </p>
      <div className="split">
        <div className="split-list" tabIndex={-1}>
          <ExceptionList items={items} chosen={chosen.id} onChoose={choose} />
          {hasNextPage && (
            <button type="button" className="button more" onClick={() => void fetchNextPage()}>
              Show more
            </button>
          )}
        </div>
        <div className="split-detail">
          <ExceptionEvidence key={chosen.id} exception={chosen} />
          {mayDecide && chosen.state === "open" && chosen.waitingDecision === undefined && (
            <Actions exception={chosen} reason={reason} onReason={setReason} onAct={act} />
          )}
          {resolve.isError && <ProblemNote error={resolve.error} />}
        </div>
      </div>
    </>
  );
}

function positionOf(items: readonly VeeException[], id: string | undefined): number {
  return Math.max(
    0,
    items.findIndex((item) => item.id === id),
  );
}

function Actions({
  exception,
  reason,
  onReason,
  onAct,
}: {
  exception: VeeException;
  reason: string;
  onReason: (reason: string) => void;
  onAct: (action: Action) => void;
}) {
  return (
    <div className="actions">
      <button type="button" className="button" data-kind="primary" onClick={() => onAct("estimate")}>
        Keep the estimate <kbd aria-hidden="true">e</kbd>
      </button>
      <button type="button" className="button" onClick={() => onAct("accept")}>
        Accept as measured <kbd aria-hidden="true">a</kbd>
      </button>
      <button type="button" className="button" onClick={() => onAct("dismiss")}>
        Dismiss <kbd aria-hidden="true">d</kbd>
      </button>
      <input
        className="field reason"
        aria-label="Reason"
        placeholder="Reason, if it needs one"
        maxLength={400}
        value={reason}
        onChange={(event) => onReason(event.target.value)}
      />
      <AssignControl
        selection={{ exceptions: [exception.id] }}
        assignees={exception.assignedTo === undefined ? [] : [exception.assignedTo]}
      />
    </div>
  );
}

function ExceptionList({ items, chosen, onChoose }: { items: readonly VeeException[]; chosen: string; onChoose: (id: string) => void }) {
  const now = useUtilityNow(10_000);
  const list = useRef<HTMLOListElement>(null);
  // Braces: browsers have begun to return a promise from scrollIntoView, which React would take for a clean-up.
  useEffect(() => {
    list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <ol ref={list} aria-label="Queue">
      {items.map((item) => (
        <li key={item.id}>
          <button type="button" className="split-item" aria-current={item.id === chosen} onClick={() => onChoose(item.id)}>
            <span className="row">
              <strong className="severity" data-severity={item.severity}>
                {item.title}
              </strong>
              <span className="small">{ago(item.raisedAt, now)}</span>
            </span>
            <span className="row small">
              <span className="commodity">
                <CommodityIcon commodity={commodityOfChannel(item.channel)} />
                <span className="mono">{item.meterId}</span>
              </span>
              <span className="tags">
                {item.assignedTo !== undefined && <span className="tag">{item.assignedTo}</span>}
                {item.waitingDecision !== undefined && <span className="tag">waits</span>}
                {item.holdsBill && (
                  <span className="tag" data-kind="held">
                    holds a bill
                  </span>
                )}
              </span>
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}
