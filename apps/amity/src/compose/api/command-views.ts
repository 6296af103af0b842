import type { Command, CommandApproval, CommandCancellation, CommandRequest, CommandsQuery, Page } from "@amity/api";
import { AmityError } from "@amity/bytes";
import type { CommandRequest as RecordedRequest } from "@amity/model";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { commandShape, controlOf } from "./command-shape.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** Commands, newest first. */
export async function commandsOf(parts: UtilityParts, query: CommandsQuery): Promise<Page<Command>> {
  const page = await parts.headEnd.views.commands({
    limit: query.limit,
    ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
    ...(query.meterId === undefined ? {} : { meterId: query.meterId }),
    ...(query.state === undefined ? {} : { state: query.state }),
    ...(query.kind === undefined ? {} : { kind: query.kind }),
    ...(query.from === undefined ? {} : { fromMs: Date.parse(query.from) }),
    ...(query.to === undefined ? {} : { toMs: Date.parse(query.to) }),
  });
  return { items: page.items.map((record) => commandShape(parts, record)), ...(page.next === undefined ? {} : { next: page.next }) };
}

export async function commandOf(parts: UtilityParts, commandId: string): Promise<Command | undefined> {
  const detail = await parts.headEnd.views.command(commandId);
  return detail === undefined ? undefined : commandShape(parts, detail, detail.audit);
}

/** Puts a command before the head-end's one gate; what it refuses is a value. */
export async function requestCommand(parts: UtilityParts, request: CommandRequest, by: Principal): Promise<WriteOutcome<Command>> {
  if (parts.watch.meter(request.meterId) === undefined) return { kind: "not-found" };
  const nowMs = parts.world.clock.nowMs();
  const asked = {
    commandId: request.commandId,
    meterId: request.meterId,
    control: controlOf(request.control),
    requestedBy: by.user,
    requestedAtMs: nowMs,
    expiresAtMs: nowMs + request.expiresInSeconds * 1000,
    ...(request.reason === undefined || request.reason === "" ? {} : { reason: request.reason }),
  };
  try {
    if (request.dryRun) return { kind: "done", value: await checked(parts, asked) };
    const known = await parts.headEnd.views.command(request.commandId);
    const repeated =
      known !== undefined &&
      JSON.stringify(known.request.control) === JSON.stringify(asked.control) &&
      known.request.meterId === asked.meterId;
    if (repeated) return { kind: "done", value: commandShape(parts, known, known.audit) };
    return { kind: "done", value: commandShape(parts, await parts.headEnd.submit(asked)) };
  } catch (error) {
    if (!(error instanceof AmityError) || error.blame !== "usage") throw error;
    if (error.code === "id-conflict") return { kind: "conflict", detail: error.message };
    if (error.code === "unsupported") return { kind: "not-supported", detail: error.message };
    return { kind: "refused", detail: `${error.message}.` };
  }
}

export async function cancelCommand(
  parts: UtilityParts,
  commandId: string,
  { note }: CommandCancellation,
  by: Principal,
): Promise<WriteOutcome<Command>> {
  const before = await commandOf(parts, commandId);
  if (before === undefined) return { kind: "not-found" };
  const cancelled = await parts.headEnd.cancel(commandId, by.user, note);
  const after = await commandOf(parts, commandId);
  if (!cancelled || after === undefined)
    return { kind: "conflict", detail: `the command is ${after?.state ?? "gone"} and can no longer be cancelled` };
  return { kind: "done", value: after };
}

/** A second person's yes to a command that waits for one. */
export async function approveCommand(
  parts: UtilityParts,
  commandId: string,
  { note }: CommandApproval,
  by: Principal,
): Promise<WriteOutcome<Command>> {
  const before = await commandOf(parts, commandId);
  if (before === undefined) return { kind: "not-found" };
  try {
    const approved = await parts.headEnd.approve(commandId, { by: by.user, note });
    if (approved === undefined) return { kind: "conflict", detail: `The command is ${before.state} and waits for nobody.` };
    return { kind: "done", value: (await commandOf(parts, commandId)) ?? commandShape(parts, approved) };
  } catch (error) {
    if (!(error instanceof AmityError) || error.blame !== "usage") throw error;
    return { kind: "conflict", detail: `${error.message}.` };
  }
}

/** The command as it would be recorded, after the checks that it would pass; nothing is. @throws UsageError as `HeadEnd.submit`. */
async function checked(parts: UtilityParts, request: RecordedRequest): Promise<Command> {
  const { needsApproval } = await parts.headEnd.check(request);
  const record = { request, state: "waiting", changedAtMs: request.requestedAtMs, attempts: 0, outcome: CHECKED } as const;
  return { ...commandShape(parts, { ...record, ...(needsApproval ? { approval: {} } : {}) }), final: true, dryRun: true };
}

const CHECKED = "Checked only: nothing was sent";
