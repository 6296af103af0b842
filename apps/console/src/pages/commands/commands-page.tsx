import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Command } from "@amity/api";
import { CommandProgress } from "../../commands/command-progress.tsx";
import { commandQuery, commandsQuery } from "../../commands/command-queries.ts";
import { KINDS, stateWords } from "../../commands/command-words.ts";
import { useZone } from "../../shell/session-context.ts";
import { count, dateTime } from "../../ui/format.ts";
import { MoreRows, rowsOf } from "../../ui/more-rows.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { CommandFilters, useCommandFilter } from "./command-filters.tsx";

const route = getRouteApi("/commands");

/** Commands to all meters, newest first, and each step of the one that is looked at. */
export function CommandsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(commandsQuery(useCommandFilter()));
  const { data, error, refetch } = query;
  const items = rowsOf(data);
  const chosen = search.id ?? items[0]?.commandId;
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>Commands</h1>
          <p role="status">{data === undefined ? " " : `${count(items.length)} commands${query.hasNextPage ? ", and more" : ""}`}</p>
        </div>
        <CommandFilters />
      </div>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {data !== undefined && items.length === 0 && <p className="empty">No command: they are asked for at the page of a meter.</p>}
      {chosen !== undefined && items.length > 0 && (
        <div className="split">
          <CommandList
            items={items}
            chosen={chosen}
            more={<MoreRows query={query} of="commands" />}
            onChoose={(id) => void navigate({ search: (before) => ({ ...before, id }), replace: true, resetScroll: false })}
          />
          <div className="split-detail">
            <CommandView key={chosen} id={chosen} />
          </div>
        </div>
      )}
    </div>
  );
}

interface CommandListProps {
  readonly items: readonly Command[];
  readonly chosen: string;
  readonly more: ReactNode;
  readonly onChoose: (id: string) => void;
}

function CommandList({ items, chosen, more, onChoose }: CommandListProps) {
  const zone = useZone();
  return (
    <ol className="split-list" aria-label="Commands" tabIndex={-1}>
      {items.map((command) => (
        <li key={command.commandId}>
          <button
            type="button"
            className="split-item"
            aria-current={command.commandId === chosen}
            onClick={() => onChoose(command.commandId)}
          >
            <span className="row">
              <strong>{KINDS[command.control.kind].name}</strong>
              <span className="tag" data-kind={command.state}>
                {stateWords(command)}
              </span>
            </span>
            <span className="row small">
              <span className="mono">{command.meterId}</span>
              <time dateTime={command.requestedAt}>{dateTime(command.requestedAt, zone)}</time>
            </span>
          </button>
        </li>
      ))}
      <li className="split-more">{more}</li>
    </ol>
  );
}

function CommandView({ id }: { readonly id: string }) {
  const zone = useZone();
  const { data: command, error } = useQuery(commandQuery(id));
  if (error !== null) return <ProblemNote error={error} />;
  if (command === undefined) return null;
  const { meterId, requestedBy, requestedAt, expiresAt, reason, approval } = command;
  return (
    <article className="command-view" aria-label={`Command ${id}`}>
      <h2>
        {KINDS[command.control.kind].name}{" "}
        <Link to="/meters/$meterId" params={{ meterId }} className="mono">
          {meterId}
        </Link>
      </h2>
      <p className="small">
        <strong>{requestedBy}</strong> asked {dateTime(requestedAt, zone)}; unsent, it {command.final ? "would have expired" : "expires"}{" "}
        {dateTime(expiresAt, zone)}.{approval?.by !== undefined && ` Approved by ${approval.by}.`}
      </p>
      {reason !== undefined && <p className="small">Reason: {reason}</p>}
      <CommandProgress id={id} mayWait={false} areStepsOpen />
    </article>
  );
}
