import { infiniteQueryOptions, queryOptions, type QueryClient } from "@tanstack/react-query";
import type { Command, CommandsPage, Control } from "@amity/api";
import { newId, read, write } from "../data/api-client.ts";

const v1 = "/api/v1/commands";
/** The stream brings changes at once; asking now and then covers a lost line. */
const POLL_MS = 3_000;
/** Commands of a meter that are looked through for open ones. */
const NEWEST = 20;
/** Commands in a page of all. */
const PAGE = 50;

/** What is asked of a meter. */
export interface CommandAsk {
  readonly meterId: string;
  readonly control: Control;
  readonly expiresInSeconds: number;
  readonly reason: string;
}

/** A command with its steps, followed until nothing more will happen. */
export const commandQuery = (id: string) =>
  queryOptions({
    queryKey: ["command", id],
    queryFn: ({ signal }) => read<Command>(`${v1}/${encodeURIComponent(id)}`, undefined, signal),
    refetchInterval: (query) => (query.state.data?.final === true ? false : POLL_MS),
  });

/** Commands to one meter that are not at their end. */
export const openCommandsQuery = (meterId: string) =>
  queryOptions({
    queryKey: ["commands", "open", meterId],
    queryFn: async ({ signal }) => {
      const page = await read<CommandsPage>(v1, { meterId, limit: NEWEST }, signal);
      return page.items.filter(({ final }) => !final);
    },
  });

/** What a list of commands is narrowed by; instants in ISO 8601. */
export interface CommandFilter {
  readonly state?: string | undefined;
  readonly kind?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Commands of the whole utility, newest first, page by page. */
export const commandsQuery = (filter: CommandFilter) =>
  infiniteQueryOptions({
    queryKey: ["commands", "all", filter],
    queryFn: ({ pageParam, signal }) => read<CommandsPage>(v1, { ...filter, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    refetchInterval: 10_000,
  });

/** The command as it would be taken, or why it would not: asked anew each time, nothing is recorded. */
export const checkQuery = (ask: CommandAsk | undefined) =>
  queryOptions({
    queryKey: ["command check", ask],
    queryFn: () => write<Command>("POST", v1, { ...ask, commandId: newId(), dryRun: true }),
    enabled: ask !== undefined,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** Asks for a command. @throws ApiProblem */
export function sendCommand(ask: CommandAsk): Promise<Command> {
  const commandId = newId();
  return write<Command>("POST", v1, { ...ask, commandId }, commandId);
}

/** Withdraws a command that was not sent yet. @throws ApiProblem */
export function cancelCommand(id: string): Promise<Command> {
  return write<Command>("POST", `${v1}/${encodeURIComponent(id)}/cancel`, {});
}

/** Reads again what stands in lists of commands. */
export function refreshCommands(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ["commands"] });
}
