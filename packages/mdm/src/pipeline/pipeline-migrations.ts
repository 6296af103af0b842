import type { Migration } from "@amity/store";

/**
 * What validation found and what became of it. Distributed by meter_id on Citus; every unique key holds it.
 * A finding that is found again is the same row: its identity is channel, rule and first interval.
 */
export const exceptionQueueTables: Migration = {
  number: 2,
  name: "exception-queue",
  sql: `
create table mdm.vee_exception (
  meter_id text not null,
  exception_id text not null,
  channel_id bigint not null,
  channel text not null,
  rule_id text not null,
  rule_kind text not null,
  rule_set text not null,
  rule_set_version integer not null,
  parameters jsonb not null,
  severity text not null check (severity in ('info', 'issue', 'terminate')),
  from_at timestamptz not null,
  to_at timestamptz not null,
  numbers jsonb not null,
  reason text not null,
  estimate jsonb,
  state text not null check (state in ('open', 'accepted', 'estimated', 'dismissed')),
  raised_at timestamptz not null,
  changed_at timestamptz not null,
  changed_by text not null,
  note text not null default '',
  assigned_to text,
  primary key (meter_id, exception_id)
);
create index vee_exception_open on mdm.vee_exception (raised_at desc, exception_id) where state = 'open';
create index vee_exception_by_channel on mdm.vee_exception (channel_id, from_at) where state = 'open';
create index vee_exception_by_time on mdm.vee_exception (raised_at desc, exception_id);
`,
};

/** Tariffs (reference table) and bills, distributed by usage_point_id. A bill is never changed: it is cancelled and made again. */
export const billTables: Migration = {
  number: 3,
  name: "tariffs-and-bills",
  sql: `
create table mdm.tariff (
  tariff_id text primary key,
  document jsonb not null,
  stored_at timestamptz not null
);

create table mdm.bill (
  usage_point_id text not null,
  bill_id text not null,
  meter_id text not null,
  tariff_id text not null,
  from_day date not null,
  to_day date not null,
  revision integer not null check (revision > 0),
  state text not null check (state in ('held', 'issued', 'cancelled')),
  currency text not null,
  total numeric not null,
  energy_wh bigint not null,
  estimated_share real not null,
  known_at timestamptz not null,
  issued_at timestamptz,
  held_because text not null default '',
  document jsonb not null,
  primary key (usage_point_id, bill_id),
  unique (usage_point_id, tariff_id, from_day, to_day, revision)
);
create index bill_by_time on mdm.bill (to_day desc, bill_id);
`,
};
