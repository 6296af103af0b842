import type { Assignment, AssignmentResult, ClustersQuery, ExceptionCluster, ExceptionSelection, Page } from "@amity/api";
import type { ClusterOfExceptions } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/write-outcome.ts";
import { instantText, readCursor, writeCursor } from "../api/cursor.ts";
import { ruleTitle } from "../api/overview-views.ts";
import type { UtilityParts } from "../api/utility-parts.ts";

const ASSIGNEES_MAX = 20;
const RULES_MAX = 50;
const SEVERITIES = ["info", "issue", "terminate"] as const;
const SEVERITY_WORDS = { info: "notice", issue: "warning", terminate: "alarm" } as const;

/** Clusters of one state that fit the filters; a cluster fits where one of its members does. */
export async function clusterPage(parts: UtilityParts, query: ClustersQuery): Promise<Page<ExceptionCluster>> {
  const [start = 0] = query.cursor === undefined ? [0] : readCursor(query.cursor, 1).map(Number);
  const [clusters, waiting] = await Promise.all([parts.clusters.all(query.state), parts.clusters.waiting()]);
  const fitting = clusters.filter((cluster) => fits(parts, cluster, query));
  return {
    items: fitting.slice(start, start + query.limit).map((cluster) => clusterShape(parts, cluster, waiting)),
    total: fitting.length,
    ...(start + query.limit < fitting.length ? { next: writeCursor([start + query.limit]) } : {}),
  };
}

export async function clusterOf(
  parts: UtilityParts,
  clusterId: string,
  { state }: Pick<ClustersQuery, "state">,
): Promise<ExceptionCluster | undefined> {
  const cluster = await parts.clusters.find(clusterId, state);
  return cluster === undefined ? undefined : clusterShape(parts, cluster, await parts.clusters.waiting());
}

/** The exceptions that a selection names; `undefined` where there is no such cluster of open exceptions. */
export async function selected(parts: UtilityParts, selection: ExceptionSelection): Promise<readonly string[] | undefined> {
  if ("exceptions" in selection) return selection.exceptions;
  return (await parts.clusters.find(selection.cluster))?.exceptionIds;
}

export async function assign(parts: UtilityParts, { selection, to }: Assignment, by: Principal): Promise<WriteOutcome<AssignmentResult>> {
  const exceptionIds = await selected(parts, selection);
  if (exceptionIds === undefined) return { kind: "not-found" };
  const changed = await parts.mdm.exceptions.assign(exceptionIds, { to: to ?? undefined, by: by.user });
  parts.clusters.changed();
  return { kind: "done", value: { changed } };
}

function fits({ places }: UtilityParts, { members }: ClusterOfExceptions, query: ClustersQuery): boolean {
  return members.some(
    ({ exception, commodity }) =>
      (query.rule === undefined || exception.ruleId === query.rule) &&
      (query.severity === undefined || SEVERITY_WORDS[exception.severity] === query.severity) &&
      (query.feeder === undefined || places.place(exception.meterId)?.feederId === query.feeder) &&
      (query.assignee === undefined || (exception.assignedTo ?? "-") === query.assignee) &&
      (query.commodity === undefined || commodity === query.commodity),
  );
}

function clusterShape(parts: UtilityParts, cluster: ClusterOfExceptions, waiting: ReadonlyMap<string, string>): ExceptionCluster {
  const { members } = cluster;
  const rules = new Map<string, number>();
  for (const { exception } of members) rules.set(exception.ruleId, (rules.get(exception.ruleId) ?? 0) + 1);
  const meters = new Set(members.map(({ exception }) => exception.meterId));
  const worst = Math.max(...members.map(({ exception }) => SEVERITIES.indexOf(exception.severity)));
  const where = cluster.outage?.replace(/ \S+$/, "") ?? cluster.group ?? members[0]?.exception.meterId ?? "";
  const cause = cluster.outage !== undefined ? "outage" : cluster.group !== undefined ? "place" : "meter";
  const holding = members.filter(({ holdsBill }) => holdsBill).length;
  return {
    id: cluster.clusterId,
    cause,
    title: titleOf(cluster, { cause, where, rules: rules.size }),
    where,
    rules: [...rules]
      .toSorted((left, right) => right[1] - left[1])
      .slice(0, RULES_MAX)
      .map(([rule, count]) => ({ rule, title: ruleTitle(rule), count })),
    severity: SEVERITY_WORDS[SEVERITIES[worst] ?? "info"],
    exceptions: members.length,
    meters: meters.size,
    from: instantText(cluster.fromMs),
    to: instantText(cluster.toMs),
    kWh: cluster.energyKwh.toFixed(1),
    cubicMetres: cluster.cubicMetres.toFixed(2),
    money: cluster.money,
    currency: parts.mdm.policy.currency,
    nextBillAt: instantText(cluster.billAtMs),
    holdsBills: holding,
    assignees: [...new Set(members.flatMap(({ exception }) => exception.assignedTo ?? []))].toSorted().slice(0, ASSIGNEES_MAX),
    waiting: members.filter(({ exception }) => waiting.has(exception.exceptionId)).length,
  };
}

function titleOf(
  { ruleId, members }: ClusterOfExceptions,
  { cause, where, rules }: { cause: ExceptionCluster["cause"]; where: string; rules: number },
): string {
  const what = rules > 1 ? `${ruleTitle(ruleId)} and other findings` : ruleTitle(ruleId);
  switch (cause) {
    case "outage":
      return `${what} about the outage of ${where}`;
    case "place":
      return `${what} behind ${where}`;
    case "meter":
      return members.length > 1 ? `${what}, ${members.length} times` : what;
  }
}
