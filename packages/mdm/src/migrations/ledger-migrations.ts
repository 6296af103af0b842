import type { Migration } from "@amity/store";

/**
 * The ledger's tables. Nothing in `interval_block` and `register_reading` is ever updated or deleted.
 *
 * On Citus everything that belongs to a meter is distributed by `meter_key` and so lies on one node: channel, meter_installation,
 * interval_block, register_reading, end_device_event, edit. `meter` and `ledger_exception` are distributed by `meter_id`,
 * `usage_point` by `usage_point_id`; `provenance` is a reference table. Every unique key holds its distribution column.
 */
export const ledgerTables: Migration = {
  number: 1,
  name: "ledger",
  sql: `
create schema mdm;

-- Distributed by usage_point_id.
create table mdm.usage_point (
  usage_point_id text primary key,
  commodity text not null,
  time_zone text not null,
  created_at timestamptz not null
);

-- The bound keeps (channel, day) within the safe integers of the programs that key maps by it.
create sequence mdm.meter_key_sequence as integer maxvalue 268435455;

-- Distributed by meter_id. meter_key is unique because one sequence draws it.
create table mdm.meter (
  meter_id text primary key,
  meter_key integer not null default nextval('mdm.meter_key_sequence'),
  registered_at timestamptz not null,
  registered_by text not null
);
create index meter_by_key on mdm.meter (meter_key);

-- Distributed by meter_key. A channel whose unit, scaler or interval changes becomes another channel: their values do not compare.
create table mdm.channel (
  meter_key integer not null,
  channel_no smallint not null check (channel_no between 0 and 255),
  name text not null,
  kind text not null check (kind in ('interval', 'register')),
  unit text not null,
  scaler smallint not null,
  interval_seconds integer not null,
  registered_at timestamptz not null,
  primary key (meter_key, channel_no),
  unique (meter_key, name, kind, unit, scaler, interval_seconds)
);

-- Distributed by meter_key. Which meter measures which usage point, and when: a meter exchange is two rows.
create table mdm.meter_installation (
  meter_key integer not null,
  installed_at timestamptz not null,
  removed_at timestamptz,
  usage_point_id text not null,
  multiplier numeric not null default 1,
  primary key (meter_key, installed_at),
  check (removed_at > installed_at)
);
create index meter_installation_by_usage_point on mdm.meter_installation (usage_point_id);

-- Reference table: a few rows for each author and source, named by every version.
create table mdm.provenance (
  provenance_id integer generated always as identity primary key,
  author text not null,
  reason text not null,
  source text not null,
  rule_set text not null,
  unique (author, reason, source, rule_set)
);

-- Distributed by meter_key. One row is one version of one channel's one UTC day; the columns stand in the order that wastes no
-- alignment, because each octet here counts once per 96 values.
create table mdm.interval_block (
  known_at timestamptz not null,
  meter_key integer not null,
  day date not null,
  provenance_id integer not null,
  channel_no smallint not null,
  version smallint not null check (version > 0),
  octets bytea not null,
  primary key (meter_key, channel_no, day, version)
);
-- Packed already: trying to compress again costs time and saves nothing.
alter table mdm.interval_block alter column octets set storage external;

-- Distributed by meter_key. A changed value of the same instant is a new version.
create table mdm.register_reading (
  read_at timestamptz not null,
  known_at timestamptz not null,
  meter_key integer not null,
  provenance_id integer not null,
  channel_no smallint not null,
  version smallint not null check (version > 0),
  quality integer not null,
  value numeric(20, 0) not null,
  primary key (meter_key, channel_no, read_at, version)
);

-- Distributed by meter_key. What the MDM knows of a meter's events; the head-end keeps its own.
create table mdm.end_device_event (
  meter_key integer not null,
  occurred_at timestamptz not null,
  log text not null,
  code integer not null,
  kind text not null,
  detail text,
  known_at timestamptz not null,
  source text not null,
  primary key (meter_key, occurred_at, log, code)
);

-- Distributed by meter_id. What could not be stored as it came, whole, until somebody decides. exception_id is the digest of its
-- content: the same again is the same row.
create table mdm.ledger_exception (
  meter_id text not null,
  exception_id text not null,
  kind text not null,
  reason text not null,
  source text not null,
  content jsonb not null,
  known_at timestamptz not null,
  resolved_at timestamptz,
  resolution text,
  primary key (meter_id, exception_id)
);
create index ledger_exception_open on mdm.ledger_exception (known_at) where resolved_at is null;

-- Distributed by meter_key. A person's change, by whom and why; the versions that it made carry the same provenance.
create table mdm.edit (
  meter_key integer not null,
  edit_id text not null,
  channel_no smallint not null,
  day date not null,
  version_before smallint not null,
  version_after smallint not null,
  author text not null,
  approved_by text,
  reason text not null,
  known_at timestamptz not null,
  undoes_edit_id text,
  primary key (meter_key, edit_id, channel_no, day)
);
`,
};
