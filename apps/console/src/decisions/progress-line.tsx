import type { Decision } from "@amity/api";
import { count } from "../ui/format.ts";

const PHASES = { planning: "Looking at the days", rating: "Rating the bills", writing: "Writing versions" } as const;

/** How far a decision is that takes longer. */
export function ProgressLine({ decision }: { decision: Decision | undefined }) {
  const progress = decision?.progress;
  return (
    <p className="small" role="status">
      {progress === undefined ? "Working …" : `${PHASES[progress.phase]}: ${count(progress.done)} of ${count(progress.total)}`}{" "}
      {progress !== undefined && progress.total > 0 && <progress value={progress.done} max={progress.total} aria-label="Progress" />}
    </p>
  );
}
