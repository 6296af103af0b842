import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { ExceptionResolution, VeeException } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { exceptionsQuery } from "../../data/queries.ts";
import { useUtilityNow } from "../../data/use-live.ts";
import { isTyping } from "../../shell/keys-help.tsx";
import { useRight } from "../../shell/session-context.ts";
import { ago, count } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { ExceptionEvidence } from "./exception-evidence.tsx";

const route = getRouteApi("/exceptions");
type Action = ExceptionResolution["action"];
/** What the record says where the person gives no words of their own. */
const USUAL_REASONS: Readonly<Record<Action, string>> = {
  estimate: "The estimate is plausible",
  accept: "The measured values are right",
  dismiss: "No fault of the values",
  reopen: "Taken back",
};

/** The queue of findings: evidence beside the rule, decisions by key, each with a way back. */
export function ExceptionsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mayDecide = useRight("exceptions");
  const queries = useQueryClient();
  const state = search.state ?? "open";
  const { data: page, error, refetch } = useQuery(exceptionsQuery({ state, rule: search.rule }));
  const [last, setLast] = useState<{ id: string; action: Action } | undefined>(undefined);
  const [reason, setReason] = useState("");
  const items = page?.items ?? [];
  const position = Math.max(
    0,
    items.findIndex(({ id }) => id === search.id),
  );
  const chosen = items[position];

  const choose = (id: string | undefined): void =>
    void navigate({ search: (before) => ({ ...before, ...(id === undefined ? {} : { id }) }), replace: true });
  const decide = useMutation({
    mutationFn: ({ id, action }: { id: string; action: Action }) =>
      write<VeeException>("POST", `/api/v1/exceptions/${encodeURIComponent(id)}/resolution`, {
        action,
        reason: action === "reopen" || reason.trim() === "" ? USUAL_REASONS[action] : reason.trim(),
      }),
    onSuccess: (_result, { id, action }) => {
      setLast(action === "reopen" ? undefined : { id, action });
      setReason("");
      const next = items[position + 1] ?? items[position - 1];
      if (action !== "reopen" && next !== undefined) choose(next.id);
      void queries.invalidateQueries({ queryKey: ["exceptions"] });
      void queries.invalidateQueries({ queryKey: ["exception", id] });
      void queries.invalidateQueries({ queryKey: ["overview"] });
    },
  });

  const act = (action: Action): void => {
    if (chosen !== undefined && mayDecide && !decide.isPending) decide.mutate({ id: chosen.id, action });
  };
  const undo = (): void => {
    if (last !== undefined) decide.mutate({ id: last.id, action: "reopen" });
  };
  useKeys({
    j: () => choose(items[Math.min(items.length - 1, position + 1)]?.id),
    k: () => choose(items[Math.max(0, position - 1)]?.id),
    a: () => act("accept"),
    e: () => act("estimate"),
    d: () => act("dismiss"),
    u: undo,
  });

  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>Exceptions</h1>
          <p role="status">
            {count(page?.total ?? items.length)} {state === "open" ? "wait for a decision" : "in this list"}
            {search.rule !== undefined && `, rule ${search.rule}`}
          </p>
        </div>
        <div className="toolbar">
          <div className="segments" role="group" aria-label="State">
            {["open", "estimated", "accepted", "dismissed"].map((one) => (
              <button
                key={one}
                type="button"
                className="button"
                aria-pressed={state === one}
                onClick={() => void navigate({ search: one === "open" ? {} : { state: one } })}
              >
                {one[0]?.toUpperCase()}
                {one.slice(1)}
              </button>
            ))}
          </div>
          {search.rule !== undefined && (
            <button
              type="button"
              className="button"
              data-kind="plain"
              onClick={() => void navigate({ search: state === "open" ? {} : { state } })}
            >
              All rules
            </button>
          )}
        </div>
      </div>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {page !== undefined && items.length === 0 && (
        <p className="empty">{state === "open" ? "Nothing waits for a decision." : "Nothing here."}</p>
      )}
      {chosen !== undefined && (
        <div className="split">
          <ExceptionList items={items} chosen={chosen.id} onChoose={choose} />
          <div className="split-detail">
            <ExceptionEvidence key={chosen.id} exception={chosen} />
            {mayDecide && chosen.state === "open" && (
              <div className="actions">
                <button type="button" className="button" data-kind="primary" onClick={() => act("estimate")}>
                  Use the estimate <kbd aria-hidden="true">e</kbd>
                </button>
                <button type="button" className="button" onClick={() => act("accept")}>
                  Accept as measured <kbd aria-hidden="true">a</kbd>
                </button>
                <button type="button" className="button" onClick={() => act("dismiss")}>
                  Dismiss <kbd aria-hidden="true">d</kbd>
                </button>
                <input
                  className="field reason"
                  aria-label="Reason"
                  placeholder="Reason, if it needs one"
                  maxLength={400}
                  value={reason}
                  onChange={(event) => setReason(event.target.value)}
                />
              </div>
            )}
            {decide.isError && <ProblemNote error={decide.error} />}
          </div>
        </div>
      )}
      {last !== undefined && (
        <p className="note" role="status">
          {last.id} was {last.action === "accept" ? "accepted" : last.action === "estimate" ? "estimated" : "dismissed"}.{" "}
          <button type="button" className="button" data-size="small" onClick={undo}>
            Undo <kbd aria-hidden="true">u</kbd>
          </button>
        </p>
      )}
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
    <ol ref={list} className="split-list" aria-label="Queue" tabIndex={-1}>
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
              <span className="mono">{item.meterId}</span>
              {item.holdsBill && (
                <span className="tag" data-kind="held">
                  holds a bill
                </span>
              )}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** Single keys, where nobody is typing and no dialog is open. */
function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") !== null)
        return;
      latest.current[event.key]?.();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
