import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { Decision } from "@amity/api";
import { decisionsQuery } from "../../data/decision-queries.ts";
import { DecidedNote } from "../../decisions/decided-note.tsx";
import { DecisionDialog } from "../../decisions/decision-dialog.tsx";
import { count } from "../../ui/format.ts";
import { ClustersView } from "./clusters-view.tsx";
import { DecisionsView } from "./decisions-view.tsx";
import { ExceptionFilters } from "./exception-filters.tsx";
import { OneByOne } from "./one-by-one.tsx";
import { waitingCommandsQuery } from "./waiting-commands.tsx";
import { usePageKeys } from "../../shell/page-keys.ts";

const route = getRouteApi("/exceptions");

const VIEWS = [
  ["causes", "By cause"],
  ["list", "One by one"],
  ["decisions", "Decisions"],
] as const;

/** The work queue: exceptions by cause, one by one, and the decisions that were made over them or wait. */
export function ExceptionsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const view = search.view === "list" || search.view === "decisions" ? search.view : "causes";
  const { data: waiting } = useInfiniteQuery(decisionsQuery({ state: "waiting" }));
  const { data: commands } = useQuery(waitingCommandsQuery);
  const waits = (waiting?.pages[0]?.items.length ?? 0) + (commands?.length ?? 0);
  const [decided, setDecided] = useState<Decision | undefined>(undefined);
  const [undoing, setUndoing] = useState<Decision | undefined>(undefined);
  const undo = (): void => {
    if (decided?.state === "done" && decided.kind !== "undo") setUndoing(decided);
  };
  usePageKeys({ u: undo });

  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>Exceptions</h1>
          <p>What validation found and a person has to decide. Every decision is previewed, gives its reason, and can be undone.</p>
        </div>
        <div className="segments" role="group" aria-label="View">
          {VIEWS.map(([name, words]) => (
            <button
              key={name}
              type="button"
              className="button"
              aria-pressed={view === name}
              onClick={() => void navigate({ search: (before) => viewed(before, name) })}
            >
              {words}
              {name === "decisions" && waits > 0 && (
                <span className="count" title="wait for a second person">
                  {count(waits)}
                  <span className="visually-hidden"> wait for a second person</span>
                </span>
              )}
            </button>
          ))}
        </div>
      </div>
      {decided !== undefined && <DecidedNote decision={decided} onUndo={undo} />}
      {view !== "decisions" && <ExceptionFilters />}
      {view === "causes" && <ClustersView onDecided={setDecided} />}
      {view === "list" && <OneByOne onDecided={setDecided} />}
      {view === "decisions" && <DecisionsView onDecided={setDecided} onUndo={setUndoing} />}
      {undoing !== undefined && (
        <DecisionDialog
          ask={{ kind: "undo", decision: undoing.id }}
          title={`Undo: ${undoing.title}`}
          action="Undo"
          onClose={() => setUndoing(undefined)}
          onDecided={setDecided}
        />
      )}
    </div>
  );
}

/** Another view keeps the filters and forgets what was chosen in the last one. */
function viewed<Search extends { view?: string; id?: string; cluster?: string }>(before: Search, view: string): Search {
  const { view: _view, id: _id, cluster: _cluster, ...filters } = before;
  return { ...filters, ...(view === "causes" ? {} : { view }) } as Search;
}
