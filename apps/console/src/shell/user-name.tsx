import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Session } from "@amity/api";
import { write } from "../data/api-client.ts";

/** Who is signed in. In the demo, where nobody signs in, one person can be another: to try what needs two. */
export function UserName({ session }: { session: Session }) {
  const queries = useQueryClient();
  const choose = useMutation({
    mutationFn: (name: string) => write<Session>("POST", "/api/v1/session/identity", { name }),
    onSuccess: (next) => {
      queries.setQueryData(["session"], next);
      void queries.invalidateQueries();
    },
  });
  if (session.identities.length < 2) {
    return (
      <span className="user small quiet" title={session.automatic ? "Opened by the demo itself" : undefined}>
        {session.user}
      </span>
    );
  }
  return (
    <select
      className="field user-choice"
      aria-label="Who you are in this demo"
      title="Nobody signs in to the demo: choose who you are, to try what needs a second person"
      value={session.user}
      disabled={choose.isPending}
      onChange={(event) => choose.mutate(event.target.value)}
    >
      {session.identities.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
