import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRight, useZone } from "../shell/session-context.ts";
import { dateTime } from "../ui/format.ts";
import { ProblemNote } from "../ui/problem-note.tsx";
import { cancelCommand, commandQuery, refreshCommands } from "./command-queries.ts";
import { stateWords } from "./command-words.ts";

interface CommandProgressProps {
  readonly id: string;
  /** Its concentrator may still hold what was sent. */
  readonly mayWait: boolean;
  readonly areStepsOpen?: boolean;
}

/**
 * What became of a command so far: its state, what the meter said, and each step. What was not sent yet can be withdrawn; where `mayWait`,
 * also what its concentrator may still hold.
 */
export function CommandProgress({ id, mayWait, areStepsOpen = false }: CommandProgressProps) {
  const zone = useZone();
  const mayWithdraw = useRight("command");
  const queries = useQueryClient();
  const { data: command } = useQuery(commandQuery(id));
  const withdraw = useMutation({
    mutationFn: () => cancelCommand(id),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ["command", id] });
      refreshCommands(queries);
    },
  });
  if (command === undefined) return null;
  const waitsForPerson = command.state === "waiting" && command.approval !== undefined && command.approval.by === undefined;
  return (
    <div className="command-progress" data-state={command.state}>
      <div role="status">
        <strong>
          {command.summary}: {stateWords(command)}
        </strong>
        <p>{command.outcome ?? command.steps.at(-1)?.text}</p>
      </div>
      {command.steps.length > 1 && (
        <details open={areStepsOpen}>
          <summary className="small">Each step</summary>
          <ol className="command-steps">
            {command.steps.map((step, index) => (
              <li key={index}>
                <time dateTime={step.at}>{dateTime(step.at, zone)}</time> {step.text}
              </li>
            ))}
          </ol>
        </details>
      )}
      {(command.state === "waiting" || (mayWait && command.state === "dispatched")) && (
        <div className="actions">
          {waitsForPerson && (
            <Link to="/exceptions" search={{ view: "decisions" }}>
              What waits for a second person
            </Link>
          )}
          {mayWithdraw && (
            <button type="button" className="button" data-size="small" disabled={withdraw.isPending} onClick={() => withdraw.mutate()}>
              Withdraw
            </button>
          )}
        </div>
      )}
      {withdraw.isError && <ProblemNote error={withdraw.error} />}
    </div>
  );
}
