import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { AssignmentResult, ExceptionSelection } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { peopleQuery } from "../../data/decision-queries.ts";
import { useSession } from "../../shell/session-context.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";

/** Gives exceptions to a person, to oneself, or to nobody. */
export function AssignControl({ selection, assignees }: { selection: ExceptionSelection; assignees: readonly string[] }) {
  const { user } = useSession();
  const queries = useQueryClient();
  const { data } = useQuery(peopleQuery);
  const [to, setTo] = useState("");
  const assign = useMutation({
    mutationFn: (name: string) =>
      write<AssignmentResult>("POST", "/api/v1/exception-assignments", { selection, to: name === "-" ? null : name }),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["exceptions"] }),
  });
  const people = (data?.people ?? []).map(({ name }) => name).filter((name) => name !== user);
  return (
    <>
      <label className="inline-label">
        Assign
        <select
          className="field"
          value={to}
          disabled={assign.isPending}
          onChange={(event) => {
            setTo("");
            if (event.target.value !== "") assign.mutate(event.target.value);
          }}
        >
          <option value="">to …</option>
          <option value={user}>me ({user})</option>
          {people.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
          {assignees.length > 0 && <option value="-">nobody</option>}
        </select>
      </label>
      {assign.isError && <ProblemNote error={assign.error} />}
    </>
  );
}
