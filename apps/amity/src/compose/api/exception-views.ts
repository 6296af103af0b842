import type { ExceptionDetail, ExceptionResolution, ExceptionsQuery, Page, VeeException } from "@amity/api";
import { DAY_MS } from "@amity/intervals";
import { acceptDelivered, type ErrorBar, type QueuedException } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import { intervalsOf } from "./interval-views.ts";
import { ruleTitle } from "./overview-views.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** The work queue, newest first. */
export async function exceptionsOf(parts: UtilityParts, query: ExceptionsQuery): Promise<Page<VeeException>> {
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, 2);
  const found = await parts.mdm.exceptions.list({
    limit: query.limit + 1,
    ...(query.state === "all" ? {} : { state: query.state }),
    ...(query.rule === undefined ? {} : { ruleId: query.rule }),
    ...(query.meterId === undefined ? {} : { meterId: query.meterId }),
    ...(after === undefined ? {} : { after: { raisedAtMs: Number(after[0]), exceptionId: String(after[1]) } }),
  });
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const more = found.length > query.limit && last !== undefined;
  return { items: items.map(exceptionShape), ...(more ? { next: writeCursor([last.raisedAtMs, last.exceptionId]) } : {}) };
}

/** An exception with the curve around it. */
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
  return around === undefined ? undefined : { exception: exceptionShape(exception), around };
}

export function exceptionShape(exception: QueuedException): VeeException {
  const { estimate } = exception;
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
    holdsBill: exception.state === "open" && exception.severity !== "info",
  };
}

/** The range of the standard errors, in the channel's counts. */
function errorText({ standardErrors }: ErrorBar): string {
  const some = standardErrors.filter((error) => error > 0);
  const [least, most] = [Math.min(...some), Math.max(...some)];
  return least === most ? `\u00b1 ${most}` : `\u00b1 ${least} to ${most}`;
}

const STATES = { accept: "accepted", estimate: "estimated", dismiss: "dismissed", reopen: "open" } as const;

/**
 * A person's decision. `estimate` keeps what estimation stored; `accept` puts the meter's own values back as a new version,
 * by that person's name.
 */
export async function resolveException(
  parts: UtilityParts,
  id: string,
  resolution: ExceptionResolution,
  by: Principal,
): Promise<WriteOutcome<VeeException>> {
  const exception = await parts.mdm.exceptions.find(id);
  if (exception === undefined) return { kind: "not-found" };
  const note = resolution.reason ?? "";
  if (resolution.action !== "reopen" && note.trim() === "")
    return { kind: "refused", detail: "A decision needs a reason: say in a few words why." };
  if (resolution.action === "accept") await acceptDelivered(parts.mdm.ledger, exception, { by: by.user, note });
  const moved = await parts.mdm.exceptions.move(id, { state: STATES[resolution.action], by: by.user, note });
  return moved === undefined ? { kind: "not-found" } : { kind: "done", value: exceptionShape(moved) };
}
