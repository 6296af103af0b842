import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, Session } from "@amity/api";
import { controlOfOptions, type ControlOptions } from "./command-control.ts";
import { commandLine, stateWords } from "./command-lines.ts";
import { EXIT, printJson, printLine, remark } from "./output.ts";
import { RunningUtility, type RunningUtilityOptions } from "./running-utility.ts";

export interface CommandOptions extends RunningUtilityOptions, ControlOptions {
  readonly reason?: string;
  readonly id?: string;
  /** Civil seconds until it is given up, unsent. */
  readonly expires?: number;
  /** Machine seconds that the outcome is waited for; 0 for not at all. */
  readonly wait: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const EXPIRY_SECONDS = 900;
/** A second person needs time, an image too. */
const LONG_SECONDS = 86_400;
const LOOK_EVERY_MS = 400;

/**
 * `amity command METER KIND`: asks a running utility for a command and follows it to its end. Exit code 0 where it was carried out, 1 where it
 * failed, expired or was cancelled, 6 where it is still open. @throws AmityError by blame.
 */
export async function command(meterId: string, kind: string, options: CommandOptions): Promise<void> {
  const control = await controlOfOptions(kind, options);
  const utility = await RunningUtility.open(options);
  const { utility: facts } = await utility.get<Session>("/api/v1/session");
  const needsApproval = facts.approvalFor.includes(control.kind);
  const commandId = options.id ?? randomUUID();
  const expiresInSeconds = options.expires ?? (needsApproval || control.kind === "updateFirmware" ? LONG_SECONDS : EXPIRY_SECONDS);
  const reason = options.reason === undefined ? {} : { reason: options.reason };
  const request = { commandId, meterId, control, expiresInSeconds, ...reason, dryRun: options.dryRun === true };
  const taken = await utility.post<Command>("/api/v1/commands", request, commandId);
  if (options.dryRun === true) {
    if (options.json === true) printJson(taken);
    else printLine(`${taken.summary}: would be sent${needsApproval ? " once a second person approved it" : ""}`);
    return;
  }
  if (options.json !== true) remark(`${taken.summary} (command ${commandId})`);
  tellOutcome(await followed(utility, taken, options), options.json === true);
}

/** Looks again and again until nothing more will happen, or the time is over; each step is told as it comes. */
async function followed(utility: RunningUtility, first: Command, { wait, json }: CommandOptions): Promise<Command> {
  const untilMs = performance.now() + wait * 1000;
  let told = 0;
  let now = first;
  for (;;) {
    now = await utility.get<Command>(`/api/v1/commands/${encodeURIComponent(first.commandId)}`);
    if (json !== true) for (const step of now.steps.slice(told)) remark(`  ${step.at}  ${step.text}`);
    told = Math.max(told, now.steps.length);
    if (now.final || performance.now() >= untilMs) return now;
    await sleep(LOOK_EVERY_MS);
  }
}

function tellOutcome(command: Command, json: boolean): void {
  if (command.state !== "done") process.exitCode = command.final ? EXIT.failed : EXIT.partial;
  if (json) printJson(command);
  else
    printLine(
      command.final ? commandLine(command) : `${command.commandId}: ${stateWords(command)}; amity commands show ${command.commandId}`,
    );
}
