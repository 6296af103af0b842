import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import type { Decision, DecisionAsk } from "@amity/api";
import { newId } from "../data/api-client.ts";
import { decide, previewQuery, refreshDecided } from "../data/decision-queries.ts";
import { ProblemNote } from "../ui/problem-note.tsx";
import { useModal } from "../ui/use-modal.ts";
import { EffectSummary } from "./effect-summary.tsx";
import { ProgressLine } from "./progress-line.tsx";

interface DecisionDialogProps {
  /** Absent while the dialog's own fields do not say it yet. */
  ask: DecisionAsk | undefined;
  title: string;
  action: string;
  onClose: () => void;
  onDecided: (decision: Decision) => void;
  /** Fields that the ask is made from. */
  children?: React.ReactNode;
}

/** A decision before it is made: what it changes, why, and whether somebody else must agree. A native modal. */
export function DecisionDialog({ ask, title, action, onClose, onDecided, children }: DecisionDialogProps) {
  const dialog = useModal();
  const headingId = useId();
  const [reason, setReason] = useState("");
  const [progress, setProgress] = useState<Decision | undefined>(undefined);
  const queries = useQueryClient();
  const { data: preview, error, isFetching } = useQuery(previewQuery(ask));
  const make = useMutation({
    mutationFn: ({ fingerprint, ask: asked }: { fingerprint: string; ask: DecisionAsk }) =>
      decide({ decisionId: newId(), ask: asked, reason: reason.trim(), fingerprint }, setProgress),
    onSuccess: (decision) => {
      refreshDecided(queries);
      onDecided(decision);
      onClose();
    },
    onError: () => void queries.invalidateQueries({ queryKey: ["preview"] }),
  });

  const changes = preview !== undefined && (preview.effect.exceptions > 0 || preview.effect.intervals > 0);
  const isReady = ask !== undefined && preview !== undefined && changes && !isFetching && !make.isPending;
  return (
    <dialog ref={dialog} className="dialog dialog-wide" aria-labelledby={headingId} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && reason.trim() !== "") make.mutate({ fingerprint: preview.fingerprint, ask });
        }}
      >
        <h2 id={headingId}>{title}</h2>
        {children}
        {error !== null && <ProblemNote error={error} />}
        {ask !== undefined && preview === undefined && error === null && <p className="quiet">Reckoning what it changes …</p>}
        {preview !== undefined && error === null && (
          <div aria-live="polite" className="preview" data-stale={isFetching}>
            <EffectSummary effect={preview.effect} />
            {!changes && <p className="note">It would change nothing.</p>}
            {preview.secondPerson !== "" && (
              <p className="note" data-kind="warn">
                <strong>Needs a second person.</strong> {preview.secondPerson}. Nothing changes until somebody other than you approves it.
              </p>
            )}
          </div>
        )}
        <label className="label">
          Reason
          <input
            className="field"
            required
            maxLength={400}
            placeholder="Why this is right; kept with every version that it makes"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            autoFocus={children === undefined}
          />
        </label>
        {make.isPending && <ProgressLine decision={progress} />}
        {make.isError && <ProblemNote error={make.error} />}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button" data-kind="primary" disabled={!isReady || reason.trim() === ""}>
            {preview !== undefined && preview.secondPerson !== "" ? "Ask for approval" : action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
