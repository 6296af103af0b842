import { infiniteQueryOptions, queryOptions, type QueryClient } from "@tanstack/react-query";
import type {
  ClustersPage,
  DayVersions,
  Decision,
  DecisionAsk,
  DecisionPreview,
  DecisionsPage,
  ExceptionCluster,
  ExceptionsPage,
  People,
} from "@amity/api";
import { read, write } from "./api-client.ts";

const v1 = "/api/v1";

/** Filters of the work queue as the address holds them. */
export interface ExceptionFilter {
  state: string;
  rule?: string | undefined;
  severity?: string | undefined;
  feeder?: string | undefined;
  assignee?: string | undefined;
  commodity?: string | undefined;
  meterId?: string | undefined;
  cluster?: string | undefined;
}

export const clustersQuery = (filter: ExceptionFilter) =>
  infiniteQueryOptions({
    queryKey: ["exceptions", "clusters", filter],
    queryFn: ({ pageParam, signal }) =>
      read<ClustersPage>(`${v1}/exception-clusters`, { ...filter, limit: 100, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    refetchInterval: 15_000,
  });
export const clusterQuery = (id: string, state: string) =>
  queryOptions({
    queryKey: ["exceptions", "cluster", id, state],
    queryFn: ({ signal }) => read<ExceptionCluster>(`${v1}/exception-clusters/${encodeURIComponent(id)}`, { state }, signal),
  });
export const exceptionListQuery = (filter: ExceptionFilter) =>
  infiniteQueryOptions({
    queryKey: ["exceptions", "list", filter],
    queryFn: ({ pageParam, signal }) => read<ExceptionsPage>(`${v1}/exceptions`, { ...filter, limit: 100, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });
export const decisionsQuery = (filter: { state?: string | undefined }) =>
  infiniteQueryOptions({
    queryKey: ["decisions", filter],
    queryFn: ({ pageParam, signal }) => read<DecisionsPage>(`${v1}/decisions`, { ...filter, limit: 50, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    refetchInterval: 15_000,
  });
export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: ({ signal }) => read<People>(`${v1}/people`, undefined, signal),
  staleTime: 300_000,
});
export const versionsQuery = (meterId: string, channel: string, day: string) =>
  queryOptions({
    queryKey: ["versions", meterId, channel, day],
    queryFn: ({ signal }) => read<DayVersions>(`${v1}/meters/${encodeURIComponent(meterId)}/versions`, { channel, day }, signal),
  });

/** What a decision would do, asked anew each time: a preview is of this moment. */
export const previewQuery = (ask: DecisionAsk | undefined) =>
  queryOptions({
    queryKey: ["preview", ask],
    queryFn: () => write<DecisionPreview>("POST", `${v1}/decision-previews`, { ask }),
    enabled: ask !== undefined,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** Machine time between two looks at a decision that is still being made. */
const LOOK_MS = 700;

/** Takes a decision and follows it until it is made, waits or has ended. @throws ApiProblem */
export async function decide(
  request: { decisionId: string; ask: DecisionAsk; reason: string; fingerprint: string },
  onProgress: (decision: Decision) => void,
): Promise<Decision> {
  return followed(await write<Decision>("POST", `${v1}/decisions`, request, request.decisionId), onProgress);
}

/** A second person's word over a decision, followed in the same way. @throws ApiProblem */
export async function reviewDecision(
  id: string,
  review: { verdict: "approve" | "reject" | "withdraw"; note: string },
  onProgress: (decision: Decision) => void,
): Promise<Decision> {
  return followed(await write<Decision>("POST", `${v1}/decisions/${encodeURIComponent(id)}/review`, review), onProgress);
}

async function followed(decision: Decision, onProgress: (decision: Decision) => void): Promise<Decision> {
  let now = decision;
  while (now.state === "running") {
    onProgress(now);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    now = await read<Decision>(`${v1}/decisions/${encodeURIComponent(now.id)}`);
  }
  return now;
}

/** Reads again what a decision may have changed. */
export function refreshDecided(queries: QueryClient): void {
  for (const key of ["exceptions", "exception", "decisions", "overview", "bills", "bill", "intervals", "timeline", "versions"])
    void queries.invalidateQueries({ queryKey: [key] });
}
