import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Job, RehearsalRequest } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { NumberField } from "./number-field.tsx";
import { SpanFields, useDaySpan } from "./span-fields.tsx";

const DAYS = 28;

/** Starts a rehearsal of a candidate against the tariff in force. */
export function RehearsalForm({ candidate, tariff, onStarted }: { candidate: string; tariff: string; onStarted: (job: string) => void }) {
  const queries = useQueryClient();
  const [span, setSpan] = useDaySpan(DAYS);
  const [points, setPoints] = useState("");
  const [channelClass, setClass] = useState("");
  const start = useMutation({
    mutationFn: () => {
      const ask: RehearsalRequest = {
        tariff,
        candidate,
        ...span,
        ...(points === "" ? {} : { usagePoints: Number(points) }),
        ...(channelClass === "" ? {} : { channelClass }),
      };
      return write<Job>("POST", "/api/v1/rehearsals", ask);
    },
    onSuccess: (job) => {
      void queries.invalidateQueries({ queryKey: ["jobs", "rehearsal"] });
      onStarted(job.id);
    },
  });
  return (
    <form
      aria-label="Rehearsal"
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <div className="toolbar">
        <SpanFields span={span} onChange={setSpan} />
        <NumberField label="Usage points" hint="all" min={1} max={20_000} value={points} onChange={setPoints} />
        <label className="label">
          Class
          <select className="field" value={channelClass} onChange={(event) => setClass(event.target.value)}>
            <option value="">all</option>
            <option value="residential">residential</option>
            <option value="commercial">commercial</option>
            <option value="industrial">industrial</option>
          </select>
        </label>
        <button type="submit" className="button" disabled={start.isPending}>
          Rehearse
        </button>
      </div>
      {start.isError && <ProblemNote error={start.error} />}
    </form>
  );
}
