import { ApiProblem } from "../data/api-client.ts";

/** An error where its content would have been, with what to do about it. */
export function ProblemNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof ApiProblem ? error.problem : undefined;
  return (
    <div className="note" data-kind="alarm" role="alert">
      <strong>{problem?.title ?? "The server cannot be reached"}</strong>
      <p>{problem?.detail ?? problem?.advice ?? "Check that Amity is running; the page tries again by itself."}</p>
      {problem?.traceId !== undefined && <p className="quiet mono">trace {problem.traceId}</p>}
      {retry !== undefined && (
        <button type="button" className="button" data-size="small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
