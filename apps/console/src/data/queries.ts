import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type {
  Bill,
  BillsPage,
  Completeness,
  ExceptionDetail,
  Granularity,
  Intervals,
  LoadSeries,
  MeterDetail,
  MetersPage,
  Overview,
  Session,
  SessionTrace,
  TimelinePage,
  Topology,
  WirelessStrangers,
} from "@amity/api";
import { read } from "./api-client.ts";

const v1 = "/api/v1";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => read<Session>(`${v1}/session`, undefined, signal),
  staleTime: Infinity,
  retry: false,
});
export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: ({ signal }) => read<Overview>(`${v1}/overview`, undefined, signal),
  refetchInterval: 5_000,
});
export const topologyQuery = queryOptions({
  queryKey: ["topology"],
  queryFn: ({ signal }) => read<Topology>(`${v1}/topology`, undefined, signal),
  staleTime: Infinity,
});

export const loadQuery = (range: { from: string; to: string; feeder?: string | undefined }) =>
  queryOptions({ queryKey: ["load", range], queryFn: ({ signal }) => read<LoadSeries>(`${v1}/load`, range, signal), staleTime: 60_000 });

export interface MetersFilter {
  commodity?: string | undefined;
  q?: string | undefined;
  state?: string | undefined;
  feeder?: string | undefined;
  concentrator?: string | undefined;
  sort?: string | undefined;
}
export const metersQuery = (filter: MetersFilter) =>
  infiniteQueryOptions({
    queryKey: ["meters", filter],
    queryFn: ({ pageParam, signal }) => read<MetersPage>(`${v1}/meters`, { ...filter, limit: 200, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });
/** Wireless meters that are heard and registered nowhere. */
export const strangersQuery = queryOptions({
  queryKey: ["strangers"],
  queryFn: ({ signal }) => read<WirelessStrangers>(`${v1}/wireless-strangers`, undefined, signal),
  refetchInterval: 15_000,
});
export const meterQuery = (id: string) =>
  queryOptions({
    queryKey: ["meter", id],
    queryFn: ({ signal }) => read<MeterDetail>(`${v1}/meters/${encodeURIComponent(id)}`, undefined, signal),
    refetchInterval: 10_000,
  });

export interface IntervalsRange {
  channel: string;
  from: string;
  to: string;
  granularity: Granularity;
  as_of?: string | undefined;
}
export const intervalsQuery = (id: string, range: IntervalsRange) =>
  queryOptions({
    queryKey: ["intervals", id, range],
    queryFn: ({ signal }) => read<Intervals>(`${v1}/meters/${encodeURIComponent(id)}/intervals`, { ...range }, signal),
    staleTime: 30_000,
    placeholderData: (previous) => previous,
  });
export const timelineQuery = (id: string, range: { from: string; to: string }) =>
  queryOptions({
    queryKey: ["timeline", id, range],
    queryFn: ({ signal }) => read<TimelinePage>(`${v1}/meters/${encodeURIComponent(id)}/timeline`, { ...range, limit: 300 }, signal),
    placeholderData: (previous) => previous,
  });
export const traceQuery = (id: string) =>
  queryOptions({
    queryKey: ["trace", id],
    queryFn: ({ signal }) => read<SessionTrace>(`${v1}/meters/${encodeURIComponent(id)}/sessions/last`, undefined, signal),
    retry: false,
  });

export const exceptionQuery = (id: string) =>
  queryOptions({
    queryKey: ["exception", id],
    queryFn: ({ signal }) => read<ExceptionDetail>(`${v1}/exceptions/${encodeURIComponent(id)}`, undefined, signal),
  });
export const billsQuery = (filter: { commodity?: string | undefined; state?: string | undefined; meterId?: string | undefined }) =>
  infiniteQueryOptions({
    queryKey: ["bills", filter],
    queryFn: ({ pageParam, signal }) => read<BillsPage>(`${v1}/bills`, { ...filter, limit: 100, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });
export const billQuery = (id: string) =>
  queryOptions({ queryKey: ["bill", id], queryFn: ({ signal }) => read<Bill>(`${v1}/bills/${encodeURIComponent(id)}`, undefined, signal) });
export const completenessQuery = (days: number) =>
  queryOptions({
    queryKey: ["completeness", days],
    queryFn: ({ signal }) => read<Completeness>(`${v1}/completeness`, { days }, signal),
    refetchInterval: 15_000,
  });
