import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Bill, BillSummary } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { useRight } from "../../shell/session-context.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";

/** Why a bill waits, and the way to let it go all the same: by name and with a reason. */
export function HeldNote({ bill }: { bill: Bill }) {
  const mayRelease = useRight("exceptions");
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const release = useMutation({
    mutationFn: () => write<BillSummary>("POST", `/api/v1/bills/${encodeURIComponent(bill.summary.id)}/release`, { reason: reason.trim() }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["bills"] });
      void queries.invalidateQueries({ queryKey: ["bill", bill.summary.id] });
    },
  });
  const why = bill.notes.find((note) => note.startsWith("Held: "));
  return (
    <div className="note">
      <p>{why ?? "This bill waits for a decision."}</p>
      {mayRelease && (
        <form
          className="actions"
          onSubmit={(event) => {
            event.preventDefault();
            if (reason.trim() !== "" && !release.isPending) release.mutate();
          }}
        >
          <input
            className="field reason"
            aria-label="Reason for the release"
            placeholder="Why it may go out"
            required
            maxLength={400}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <button type="submit" className="button" disabled={release.isPending}>
            Release the bill
          </button>
        </form>
      )}
      {release.isError && <ProblemNote error={release.error} />}
    </div>
  );
}
