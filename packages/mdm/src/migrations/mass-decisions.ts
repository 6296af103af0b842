import type { Migration } from "@amity/store";

/**
 * Decisions over many exceptions at once, each undone as one. Distributed by decision_id on Citus; `items` holds for each
 * exception what it was before, and the edits that were made to the ledger.
 */
export const massDecisionTable: Migration = {
  number: 5,
  name: "mass-decisions",
  sql: `
create table mdm.mass_decision (
  decision_id text primary key,
  action text not null check (action in ('accept', 'estimate', 'dismiss')),
  author text not null,
  note text not null,
  decided_at timestamptz not null,
  items jsonb not null,
  days jsonb not null,
  undone_at timestamptz,
  undone_by text
);
`,
};
