import type { Migration } from "@amity/store";

/**
 * People's decisions: over exceptions, edits of intervals, and what undoes either; asked for, approved, made. Distributed by
 * decision_id on Citus. `items` holds for each exception the state before and after; `mdm.edit` names the days and versions.
 * The exception's own history is distributed by meter_id, as the exceptions are.
 */
export const decisionTables: Migration = {
  number: 7,
  name: "decisions",
  sql: `
alter table mdm.vee_exception drop constraint vee_exception_state_check;
alter table mdm.vee_exception add constraint vee_exception_state_check
  check (state in ('open', 'accepted', 'estimated', 'edited', 'dismissed'));
alter table mdm.vee_exception add column in_question bigint;
alter table mdm.vee_exception add column decision_id text;
create index vee_exception_by_state on mdm.vee_exception (state, raised_at desc, exception_id);

create table mdm.vee_exception_event (
  meter_id text not null,
  exception_id text not null,
  event_no bigint generated always as identity,
  happened_at timestamptz not null,
  kind text not null check (kind in ('raised', 'assigned', 'decided', 'reopened', 'settled')),
  state text not null,
  by_whom text not null,
  note text not null,
  decision_id text
);
create index vee_exception_event_by_exception on mdm.vee_exception_event (meter_id, exception_id, event_no);

-- Nothing but tests ever wrote to it.
drop table mdm.mass_decision;

create table mdm.decision (
  decision_id text primary key,
  ask jsonb not null,
  fingerprint text not null,
  state text not null check (state in ('running', 'waiting', 'done', 'undone', 'rejected', 'withdrawn', 'superseded', 'failed')),
  author text not null,
  reason text not null,
  requested_at timestamptz not null,
  effect jsonb not null,
  second_person text not null default '',
  reviewed_by text,
  reviewed_at timestamptz,
  review_note text not null default '',
  done_at timestamptz,
  items jsonb not null default '[]',
  undoes text,
  undone_by text,
  outcome text not null default ''
);
create index decision_by_time on mdm.decision (requested_at desc, decision_id);
create index decision_waiting on mdm.decision (requested_at) where state = 'waiting';
`,
};
