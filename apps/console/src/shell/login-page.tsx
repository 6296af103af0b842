import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Session } from "@amity/api";
import { write } from "../data/api-client.ts";
import { ProblemNote } from "../ui/problem-note.tsx";

export function LoginPage({ onSignedIn }: { onSignedIn: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation({ mutationFn: () => write<Session>("POST", "/api/v1/login", { name, password }), onSuccess: onSignedIn });
  return (
    <main className="login">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          login.mutate();
        }}
      >
        <h1>Sign in to Amity</h1>
        <label className="label">
          Name
          <input className="field" value={name} onChange={(event) => setName(event.target.value)} autoComplete="username" required />
        </label>
        <label className="label">
          Password
          <input
            className="field"
            type="password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            autoComplete="current-password"
            required
          />
        </label>
        {login.isError && <ProblemNote error={login.error} />}
        <button type="submit" className="button" data-kind="primary" disabled={login.isPending}>
          Sign in
        </button>
      </form>
    </main>
  );
}
