import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { DryRunRequest, Job } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { NumberField } from "./number-field.tsx";
import { SpanFields, useDaySpan } from "./span-fields.tsx";

/** Five weeks hold a billing cycle of four. */
const DAYS = 35;

/** Starts a dry run of a version against what rules now. */
export function DryRunForm({ set, version, onStarted }: { set: string; version: number; onStarted: (job: string) => void }) {
  const queries = useQueryClient();
  const [span, setSpan] = useDaySpan(DAYS);
  const [meters, setMeters] = useState("");
  const start = useMutation({
    mutationFn: () => {
      const ask: DryRunRequest = { ruleSet: set, version, ...span, ...(meters === "" ? {} : { meters: Number(meters) }) };
      return write<Job>("POST", "/api/v1/dry-runs", ask);
    },
    onSuccess: (job) => {
      void queries.invalidateQueries({ queryKey: ["jobs", "dryRun"] });
      onStarted(job.id);
    },
  });
  return (
    <form
      aria-label="Dry run"
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <div className="toolbar">
        <SpanFields span={span} onChange={setSpan} />
        <NumberField label="Meters" hint="all" min={1} max={100_000} value={meters} onChange={setMeters} />
        <button type="submit" className="button" disabled={start.isPending}>
          Run v{version}
        </button>
      </div>
      {start.isError && <ProblemNote error={start.error} />}
    </form>
  );
}
