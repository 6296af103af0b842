import type { ExceptionDetail, ExceptionResolution, ExceptionsQuery, Page, VeeException } from "@amity/api";
import { DAY_MS } from "@amity/intervals";
import { heldBillsOver, type DecisionOutcome, type ErrorBar, type QueuedException } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import { intervalsOf } from "./interval-views.ts";
import { ruleTitle } from "./overview-views.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** The work queue, newest first; the members of a cluster in its order. */
export async function exceptionsOf(parts: UtilityParts, query: ExceptionsQuery): Promise<Page<VeeException>> {
  if (query.cluster !== undefined) return membersOf(parts, query.cluster, query);
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, 2);
  const found = await parts.mdm.exceptions.list({
    limit: query.limit + 1,
    ...(query.state === "all" ? {} : { state: query.state }),
    ...(query.rule === undefined ? {} : { ruleId: query.rule }),
    ...(query.meterId === undefined ? {} : { meterId: query.meterId }),
    ...(query.severity === undefined ? {} : { severity: SEVERITY_CODES[query.severity] }),
    ...(query.feeder === undefined ? {} : { meterIds: parts.places.metersOfFeeder(query.feeder) }),
    ...(query.assignee === undefined ? {} : { assignedTo: query.assignee === "-" ? "" : query.assignee }),
    ...(query.commodity === undefined ? {} : { commodity: query.commodity }),
    ...(after === undefined ? {} : { after: { raisedAtMs: Number(after[0]), exceptionId: String(after[1]) } }),
  });
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const more = found.length > query.limit && last !== undefined;
  const about = await aboutExceptions(parts, items);
  return {
    items: items.map((exception) => exceptionShape(exception, about)),
    ...(more ? { next: writeCursor([last.raisedAtMs, last.exceptionId]) } : {}),
  };
}

async function membersOf(parts: UtilityParts, clusterId: string, query: ExceptionsQuery): Promise<Page<VeeException>> {
  const [start = 0] = query.cursor === undefined ? [0] : readCursor(query.cursor, 1).map(Number);
  const cluster = await parts.clusters.find(clusterId, query.state);
  const members = cluster?.members.map(({ exception }) => exception) ?? [];
  const items = members.slice(start, start + query.limit);
  const about = await aboutExceptions(parts, items);
  return {
    items: items.map((exception) => exceptionShape(exception, about)),
    total: members.length,
    ...(start + query.limit < members.length ? { next: writeCursor([start + query.limit]) } : {}),
  };
}

/** An exception with the curve around it and what happened to it. */
export async function exceptionDetailOf(parts: UtilityParts, id: string): Promise<ExceptionDetail | undefined> {
  const exception = await parts.mdm.exceptions.find(id);
  if (exception === undefined) return undefined;
  const around = await intervalsOf(parts, {
    meterId: exception.meterId,
    channel: exception.channel,
    fromMs: exception.fromMs - DAY_MS,
    toMs: Math.min(exception.toMs, exception.fromMs + 7 * DAY_MS) + DAY_MS,
    granularity: "raw",
  });
  if (around === undefined) return undefined;
  const history = await parts.mdm.exceptions.history(id);
  return {
    exception: exceptionShape(exception, await aboutExceptions(parts, [exception])),
    around,
    history: history.map(({ atMs, kind, state, by, note, decisionId }) => ({
      at: instantText(atMs),
      kind,
      state,
      by,
      note,
      ...(decisionId === undefined ? {} : { decision: decisionId }),
    })),
  };
}

/** What is known of exceptions beside themselves. */
interface About {
  /** The waiting decision over an exception. */
  readonly waiting: ReadonlyMap<string, string>;
  /** Those whose time a held bill covers. */
  readonly holding: ReadonlySet<string>;
}

async function aboutExceptions(parts: UtilityParts, exceptions: readonly QueuedException[]): Promise<About> {
  const [waiting, holding] = await Promise.all([parts.clusters.waiting(), heldBillsOver(parts.mdm.store, exceptions)]);
  return { waiting, holding };
}

const SEVERITY_CODES = { notice: "info", warning: "issue", alarm: "terminate" } as const;

function exceptionShape(exception: QueuedException, { waiting, holding }: About): VeeException {
  const { estimate } = exception;
  const waitingId = waiting.get(exception.exceptionId);
  const evidence = [
    ...Object.entries(exception.numbers).map(([name, value]) => ({ name, value: String(value) })),
    ...Object.entries(exception.parameters).map(([name, value]) => ({ name: `parameter ${name}`, value: String(value) })),
    ...(estimate === undefined ? [] : [{ name: "estimate", value: `${estimate.outcome} (${estimate.method}): ${estimate.reason}` }]),
    ...(estimate?.errorBar === undefined ? [] : [{ name: "error of each estimate", value: errorText(estimate.errorBar) }]),
    ...(exception.note === "" ? [] : [{ name: "decision", value: `${exception.changedBy}: ${exception.note}` }]),
  ];
  return {
    id: exception.exceptionId,
    meterId: exception.meterId,
    channel: exception.channel,
    rule: exception.ruleId,
    ruleVersion: `${exception.ruleSet} v${exception.ruleSetVersion}`,
    title: ruleTitle(exception.ruleId),
    reason: exception.reason,
    severity: exception.severity === "info" ? "notice" : exception.severity === "terminate" ? "alarm" : "warning",
    from: instantText(exception.fromMs),
    to: instantText(exception.toMs),
    raisedAt: instantText(exception.raisedAtMs),
    state: exception.state,
    evidence: evidence.slice(0, 40),
    holdsBill: exception.state === "open" && holding.has(exception.exceptionId),
    ...(exception.assignedTo === undefined ? {} : { assignedTo: exception.assignedTo }),
    ...(exception.decisionId === undefined ? {} : { decision: exception.decisionId }),
    ...(waitingId === undefined ? {} : { waitingDecision: waitingId }),
  };
}

/** The range of the standard errors, in the channel's counts. */
function errorText({ standardErrors }: ErrorBar): string {
  const some = standardErrors.filter((error) => error > 0);
  const [least, most] = [Math.min(...some), Math.max(...some)];
  return least === most ? `\u00b1 ${most}` : `\u00b1 ${least} to ${most}`;
}

/**
 * A person's decision over one exception: as every decision it is recorded, may need a second person, and is undone by another.
 * `reopen` undoes the decision that closed it; where that one closed others too, it is refused.
 */
export async function resolveException(
  parts: UtilityParts,
  id: string,
  resolution: ExceptionResolution,
  by: Principal,
): Promise<WriteOutcome<VeeException>> {
  const exception = await parts.mdm.exceptions.find(id);
  if (exception === undefined) return { kind: "not-found" };
  const reason = resolution.reason ?? (resolution.action === "reopen" ? "taken back" : "");
  if (reason.trim() === "") return { kind: "refused", detail: "A decision needs a reason: say in a few words why." };
  const outcome = await resolve(parts, exception, { action: resolution.action, reason, by });
  const after = await parts.mdm.exceptions.find(id);
  if (after === undefined || outcome?.kind === "notFound") return { kind: "not-found" };
  if (outcome?.kind === "refused" || outcome?.kind === "superseded") return { kind: "conflict", detail: `${outcome.reason}.` };
  parts.clusters.changed();
  return { kind: "done", value: exceptionShape(after, await aboutExceptions(parts, [after])) };
}

/** `undefined` where no decision was needed: validation had closed it by itself. */
async function resolve(
  { mdm, world }: UtilityParts,
  exception: QueuedException,
  { action, reason, by }: { action: ExceptionResolution["action"]; reason: string; by: Principal },
): Promise<DecisionOutcome | undefined> {
  const { exceptionId, decisionId, changedAtMs } = exception;
  const warrant = { decisionId: `${exceptionId}-${action}-${changedAtMs}-${world.clock.nowMs()}`, author: by.user, reason };
  if (action !== "reopen") return mdm.decisions.request({ kind: "exceptions", exceptionIds: [exceptionId], action }, warrant);
  if (decisionId !== undefined) return undoOfOne(mdm, decisionId, warrant);
  await mdm.exceptions.reopen(exceptionId, { author: by.user, note: reason });
  return undefined;
}

async function undoOfOne(
  { decisions }: UtilityParts["mdm"],
  decisionId: string,
  warrant: { decisionId: string; author: string; reason: string },
): Promise<DecisionOutcome> {
  const made = await decisions.find(decisionId);
  if (made === undefined) return { kind: "notFound" };
  if (made.effect.exceptions > 1)
    return { kind: "refused", reason: `it was decided with ${made.effect.exceptions - 1} others: undo that decision as a whole` };
  return decisions.request({ kind: "undo", decisionId }, warrant);
}
