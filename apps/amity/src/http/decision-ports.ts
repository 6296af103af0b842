import type {
  Assignment,
  AssignmentResult,
  ClustersQuery,
  DayVersions,
  Decision,
  DecisionAsk,
  DecisionPreview,
  DecisionRequest,
  DecisionReview,
  DecisionsQuery,
  ExceptionCluster,
  Page,
} from "@amity/api";
import type { Principal, WriteOutcome } from "./write-outcome.ts";

/** People's decisions over exceptions and intervals, as the HTTP edge sees them. `undefined` is "no such thing". */
export interface DecisionApi {
  /** Exceptions by cause, highest rank first. */
  clusters(query: ClustersQuery): Promise<Page<ExceptionCluster>>;
  cluster(clusterId: string, query: Pick<ClustersQuery, "state">): Promise<ExceptionCluster | undefined>;
  assign(assignment: Assignment, by: Principal): Promise<WriteOutcome<AssignmentResult>>;
  /** What a decision would do; nothing is changed. */
  preview(ask: DecisionAsk): Promise<WriteOutcome<DecisionPreview>>;
  /** Takes it: made, still running, or waiting for a second person. The same `decisionId` again gives the same decision back. */
  decide(request: DecisionRequest, by: Principal): Promise<WriteOutcome<Decision>>;
  review(decisionId: string, review: DecisionReview, by: Principal): Promise<WriteOutcome<Decision>>;
  /** Newest first. */
  decisions(query: DecisionsQuery): Promise<Page<Decision>>;
  decision(decisionId: string): Promise<Decision | undefined>;
  /** Every version of a civil day (`YYYY-MM-DD`) of a channel. */
  dayVersions(meterId: string, day: { channel: string; day: string }): Promise<DayVersions | undefined>;
}
