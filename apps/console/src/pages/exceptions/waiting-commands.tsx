import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Command, CommandsPage } from "@amity/api";
import { CalendarView } from "../../commands/calendar-view.tsx";
import { KINDS } from "../../commands/command-words.ts";
import { read, write } from "../../data/api-client.ts";
import { useRight, useSession, useZone } from "../../shell/session-context.ts";
import { dateTime } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";

/** Commands to meters that wait for a second person; the newest 500 that wait at all are looked through. */
export const waitingCommandsQuery = queryOptions({
  queryKey: ["commands", "waiting"],
  queryFn: async ({ signal }) => {
    const page = await read<CommandsPage>("/api/v1/commands", { state: "waiting", limit: 500 }, signal);
    return page.items.filter(({ approval }) => approval !== undefined && approval.by === undefined);
  },
  refetchInterval: 10_000,
});

/** Each with a yes and a no. */
export function WaitingCommands() {
  const { data: commands, error } = useQuery(waitingCommandsQuery);
  if (error !== null) return <ProblemNote error={error} />;
  return (commands ?? []).map((command) => <WaitingCommand key={command.commandId} command={command} />);
}

function WaitingCommand({ command }: { command: Command }) {
  const zone = useZone();
  const { user } = useSession();
  const mayApprove = useRight("critical-command");
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const { commandId, meterId, control, summary, reason, requestedBy, requestedAt, expiresAt } = command;
  const path = `/api/v1/commands/${encodeURIComponent(commandId)}`;
  const say = useMutation({
    mutationFn: (verdict: "approval" | "cancel") => write<Command>("POST", `${path}/${verdict}`, { note: note.trim() }),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["commands"] }),
  });
  const title = `${KINDS[control.kind].name} ${meterId}`;
  const isOwn = requestedBy === user;
  return (
    <article className="waiting" aria-label={title}>
      <header>
        <h3>
          {KINDS[control.kind].name}{" "}
          <Link to="/meters/$meterId" params={{ meterId }} className="mono">
            {meterId}
          </Link>
        </h3>
        <p className="small">
          <strong>{requestedBy}</strong> asked {dateTime(requestedAt, zone)}; unsent, it expires {dateTime(expiresAt, zone)}.
        </p>
      </header>
      <p>{summary}.</p>
      {control.kind === "tariff" && <CalendarView calendar={control.calendar} />}
      {reason !== undefined && <p className="small">Reason: {reason}</p>}
      {!mayApprove ? (
        <p className="small quiet">Your role does not send critical commands: somebody who may has to approve it.</p>
      ) : (
        <form
          className="actions"
          onSubmit={(event) => {
            event.preventDefault();
            if (!isOwn && !say.isPending) say.mutate("approval");
          }}
        >
          {isOwn ? (
            <span className="small quiet">It is your own: somebody else approves it.</span>
          ) : (
            <input
              className="field reason"
              aria-label={`Note on ${title}`}
              placeholder="A note, kept in the command’s record"
              maxLength={400}
              value={note}
              onChange={(event) => setNote(event.target.value)}
            />
          )}
          {!isOwn && (
            <button type="submit" className="button" data-kind="primary" disabled={say.isPending}>
              Approve and send
            </button>
          )}
          <button type="button" className="button" data-kind="danger" disabled={say.isPending} onClick={() => say.mutate("cancel")}>
            {isOwn ? "Withdraw" : "Reject"}
          </button>
        </form>
      )}
      {say.isError && <ProblemNote error={say.error} />}
    </article>
  );
}
