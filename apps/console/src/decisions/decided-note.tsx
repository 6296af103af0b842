import { Link } from "@tanstack/react-router";
import type { Decision } from "@amity/api";
import { count } from "../ui/format.ts";

/** What became of the last decision, with the way back. */
export function DecidedNote({ decision, onUndo }: { decision: Decision; onUndo?: (() => void) | undefined }) {
  return (
    <p
      className="note decided"
      role="status"
      data-kind={decision.state === "failed" || decision.state === "superseded" ? "alarm" : undefined}
    >
      <span>{decidedWords(decision)}</span>
      {decision.state === "done" && decision.kind !== "undo" && onUndo !== undefined && (
        <button type="button" className="button" data-size="small" onClick={onUndo}>
          Undo <kbd aria-hidden="true">u</kbd>
        </button>
      )}
      {decision.state === "waiting" && (
        <Link className="button" data-size="small" to="/exceptions" search={{ view: "decisions" }}>
          See what waits
        </Link>
      )}
    </p>
  );
}

function decidedWords(decision: Decision): string {
  switch (decision.state) {
    case "waiting":
      return `${decision.title}: waits for a second person. ${decision.secondPerson}.`;
    case "done": {
      const bills = decision.rebilled ?? 0;
      return `${decision.title}: done.${bills > 0 ? ` ${count(bills)} ${bills === 1 ? "bill" : "bills"} made again.` : ""}`;
    }
    case "failed":
    case "superseded":
      return `${decision.title}: nothing was changed. ${decision.outcome ?? ""}`;
    default:
      return `${decision.title}: ${decision.state}.`;
  }
}
