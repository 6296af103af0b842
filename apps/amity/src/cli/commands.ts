import type { Command, CommandsPage } from "@amity/api";
import { commandLine } from "./command-lines.ts";
import { printJson, printLine } from "./output.ts";
import { RunningUtility, type RunningUtilityOptions } from "./running-utility.ts";

interface Common extends RunningUtilityOptions {
  readonly json?: boolean;
}

export interface ListCommandsOptions extends Common {
  readonly meter?: string;
  readonly state?: string;
  readonly kind?: string;
  /** Only what waits for a second person. */
  readonly waiting?: boolean;
  readonly limit: number;
  readonly after?: string;
}

/** `amity commands list`: newest first, page by page. @throws AmityError by blame. */
export async function listCommands(options: ListCommandsOptions): Promise<void> {
  const utility = await RunningUtility.open(options);
  const page = await utility.get<CommandsPage>("/api/v1/commands", {
    limit: options.limit,
    cursor: options.after,
    meterId: options.meter,
    kind: options.kind,
    state: options.waiting === true ? "waiting" : options.state,
  });
  const items =
    options.waiting === true ? page.items.filter(({ approval }) => approval !== undefined && approval.by === undefined) : page.items;
  if (options.json === true) return printJson({ ...page, items });
  for (const command of items) printLine(commandLine(command));
  if (page.next !== undefined) printLine(`more: --after ${page.next}`);
}

/** `amity commands show ID`: one command with each step. @throws AmityError by blame. */
export async function showCommand(id: string, options: Common): Promise<void> {
  const utility = await RunningUtility.open(options);
  tell(await utility.get<Command>(pathOf(id)), options);
}

/** `amity commands approve ID`: a second person's yes. @throws AmityError by blame: nobody approves his own. */
export async function approveCommand(id: string, options: Common & { readonly note?: string }): Promise<void> {
  const utility = await RunningUtility.open(options);
  tell(await utility.post<Command>(`${pathOf(id)}/approval`, { note: options.note ?? "" }), options);
}

/** `amity commands refuse ID`: a second person's no, or the requester's own change of mind. @throws AmityError by blame. */
export async function refuseCommand(id: string, options: Common & { readonly note?: string }): Promise<void> {
  const utility = await RunningUtility.open(options);
  tell(await utility.post<Command>(`${pathOf(id)}/cancel`, { note: options.note ?? "" }), options);
}

function pathOf(id: string): string {
  return `/api/v1/commands/${encodeURIComponent(id)}`;
}

function tell(command: Command, { json }: Common): void {
  if (json === true) return printJson(command);
  printLine(commandLine(command));
  for (const step of command.steps) printLine(`  ${step.at}  ${step.text}`);
}
