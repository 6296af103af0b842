import { createContext, useContext } from "react";
import type { Right, Session } from "@amity/api";

export const SessionContext = createContext<Session | undefined>(undefined);

/** The session; only inside the shell. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("outside the shell");
  return session;
}

export function useZone(): string {
  return useSession().utility.zone;
}

/** What the user may do: buttons that would be refused are not offered. */
export function useRight(right: Right): boolean {
  return useSession().rights.includes(right);
}
