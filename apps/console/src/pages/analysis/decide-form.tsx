import { useState } from "react";
import { useUtilityNow } from "../../data/use-live.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";

interface DecideFormProps {
  title: string;
  /** What happens, in a sentence. */
  children: string;
  action: string;
  /** Asks from which day (UTC) it holds; left out where the decision has no date. */
  dated?: boolean;
  busy: boolean;
  error: unknown;
  onDecide: (decision: { effectiveFrom: string; reason: string }) => void;
}

/** A decision that is on record under a name: from when, and why. */
export function DecideForm({ title, children, action, dated = true, busy, error, onDecide }: DecideFormProps) {
  const [chosenDay, setDay] = useState<string>();
  // Until somebody chooses a day it is the utility's today, which is known only once its clock has been heard.
  const effectiveFrom = chosenDay ?? new Date(useUtilityNow()).toISOString().slice(0, 10);
  const [reason, setReason] = useState("");
  return (
    <form
      className="decide"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy && reason.trim() !== "") onDecide({ effectiveFrom, reason: reason.trim() });
      }}
    >
      <p className="small quiet">{children}</p>
      <div className="toolbar">
        {dated && (
          <label className="label">
            From the day (UTC)
            <input className="field" type="date" required value={effectiveFrom} onChange={(event) => setDay(event.target.value)} />
          </label>
        )}
        <label className="label grow">
          Reason, kept with your name
          <input className="field" required maxLength={400} value={reason} onChange={(event) => setReason(event.target.value)} />
        </label>
        <button type="submit" className="button" data-kind="primary" disabled={busy}>
          {action}
        </button>
      </div>
      {error !== null && error !== undefined && <ProblemNote error={error} />}
    </form>
  );
}
