export * from "./decision.ts";
export type { DecisionFilter } from "./decision-table.ts";
export { createDecisions, type Decisions, type DecisionsParts } from "./decisions.ts";
export { STANDARD_DECISION_POLICY, type DecisionPolicy } from "./policy.ts";
export { clustersOf, heldBillsOver, type ClusterMember, type ClusterOfExceptions, type ClusterParts } from "./exception-clusters.ts";
export { dayVersions, type DayVersion } from "./day-versions.ts";
