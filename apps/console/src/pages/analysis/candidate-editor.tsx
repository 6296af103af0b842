import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import type { CandidateDetail } from "@amity/api";
import { ApiProblem, write } from "../../data/api-client.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";

/** A tariff document as text, or from a file; what the server finds wrong is told by its path. */
export function CandidateEditor({
  text: first,
  onClose,
  onKept,
}: {
  text: string;
  onClose: () => void;
  onKept: (kept: CandidateDetail) => void;
}) {
  const queries = useQueryClient();
  const faultId = useId();
  const [text, setText] = useState(first);
  const [notJson, setNotJson] = useState<string | undefined>(undefined);
  const keep = useMutation({
    mutationFn: (document: unknown) => write<CandidateDetail>("POST", "/api/v1/tariff-candidates", { document }),
    onSuccess: (kept) => {
      void queries.invalidateQueries({ queryKey: ["candidates"] });
      onKept(kept);
    },
  });
  const faults = keep.error instanceof ApiProblem ? (keep.error.problem.errors ?? []) : [];
  return (
    <form
      className="stack"
      aria-label="Candidate"
      onSubmit={(event) => {
        event.preventDefault();
        const parsed = parseJson(text);
        setNotJson(parsed.fault);
        if (parsed.fault === undefined) keep.mutate(parsed.value);
      }}
    >
      <label className="label">
        Tariff document (JSON)
        <textarea
          className="field document"
          rows={24}
          spellCheck={false}
          value={text}
          aria-invalid={faults.length > 0 || notJson !== undefined}
          aria-describedby={faultId}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <div id={faultId}>
        {notJson !== undefined && (
          <p className="fault" role="alert">
            This is no JSON: {notJson}
          </p>
        )}
        {faults.map(({ pointer, detail }) => (
          <p key={pointer} className="fault" role="alert">
            <span className="mono">{pointer.replace(/^\/document/, "")}</span> {detail}
          </p>
        ))}
        {keep.isError && faults.length === 0 && <ProblemNote error={keep.error} />}
      </div>
      <label className="label">
        or from a file
        <input
          className="field"
          type="file"
          accept="application/json,.json"
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file !== undefined) void file.text().then(setText);
          }}
        />
      </label>
      <div className="actions">
        <button type="submit" className="button" data-kind="primary" disabled={keep.isPending}>
          Check and keep
        </button>
        <button type="button" className="button" onClick={onClose}>
          Throw away
        </button>
      </div>
    </form>
  );
}

function parseJson(text: string): { value: unknown; fault: string | undefined } {
  try {
    return { value: JSON.parse(text) as unknown, fault: undefined };
  } catch (error) {
    return { value: undefined, fault: error instanceof Error ? error.message : "it cannot be read" };
  }
}
