import type { Command } from "@amity/api";

const STATES: Readonly<Record<Command["state"], string>> = {
  waiting: "waiting to be sent",
  dispatched: "sent to the meter",
  unknown: "outcome unknown, reading back",
  done: "done",
  failed: "failed",
  expired: "expired",
  cancelled: "cancelled",
};

/** A command's state; one that waits for a person says so. */
export function stateWords({ state, approval }: Pick<Command, "state" | "approval">): string {
  return state === "waiting" && approval !== undefined && approval.by === undefined ? "waits for a second person" : STATES[state];
}

/** A command on one line: which, to whom, what, by whom, and how it stands. */
export function commandLine(command: Command): string {
  const { commandId, meterId, summary, requestedBy, outcome, reason } = command;
  const why = reason === undefined ? "" : ` (${reason})`;
  return `${commandId}  ${meterId}  ${summary}${why}, asked by ${requestedBy}: ${stateWords(command)}${outcome === undefined ? "" : `, ${outcome}`}`;
}
