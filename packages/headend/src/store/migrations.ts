import type { MigrationSet } from "@amity/store";

/**
 * Tables of the head-end, schema `headend`. On Citus: device, coverage and event are distributed by meter_id, quarantine by
 * concentrator_id, command and command_audit by command_id, secret by owner, counter by name; concentrator and firmware are reference
 * tables. Every unique key holds the distribution column. Instants are UTC milliseconds.
 */
export const headEndMigrations: MigrationSet = {
  owner: "headend",
  migrations: [
    {
      number: 1,
      name: "registry",
      sql: `
create schema if not exists headend;

create table headend.device (
  meter_id text primary key,
  protocol text not null,
  concentrator_id text,
  host text,
  port integer,
  meter_address text,
  settings jsonb not null,
  status text not null,
  health jsonb not null default '{}',
  last_seen_ms bigint not null default 0,
  failures integer not null default 0,
  check ((concentrator_id is null) = (meter_address is null)),
  check ((concentrator_id is null) = (host is not null and port is not null))
);
create index device_last_seen on headend.device (last_seen_ms, meter_id);
create index device_concentrator on headend.device (concentrator_id) where concentrator_id is not null;

create table headend.concentrator (
  concentrator_id text primary key,
  host text not null,
  port integer not null,
  settings jsonb not null,
  sessions_max integer not null,
  status text not null,
  last_seen_ms bigint,
  last_error text
);

create table headend.coverage (
  meter_id text not null,
  profile text not null,
  covered jsonb not null,
  primary key (meter_id, profile)
);

create sequence headend.event_cursor;
create table headend.event (
  meter_id text not null,
  log text not null,
  at_ms bigint not null,
  code integer not null,
  kind text not null,
  detail text,
  cursor bigint not null default nextval('headend.event_cursor'),
  received_ms bigint not null,
  primary key (meter_id, at_ms, log, code)
);
create index event_by_cursor on headend.event (cursor);
create index event_by_meter on headend.event (meter_id, cursor);

create table headend.quarantine (
  concentrator_id text not null,
  sequence bigint not null,
  meter_id text not null,
  object text not null,
  collected_ms bigint not null,
  from_ms bigint not null,
  to_ms bigint not null,
  payload bytea not null,
  reason text not null,
  at_ms bigint not null,
  primary key (concentrator_id, sequence, meter_id, collected_ms)
);

create table headend.command (
  command_id text primary key,
  meter_id text not null,
  control jsonb not null,
  requested_by text not null,
  requested_ms bigint not null,
  expires_ms bigint not null,
  state text not null,
  changed_ms bigint not null,
  outcome text,
  attempts integer not null
);
create index command_by_meter on headend.command (meter_id, requested_ms);
create index command_by_time on headend.command (requested_ms, command_id);
create index command_open on headend.command (state) where state in ('waiting', 'dispatched', 'unknown');

create table headend.command_audit (
  command_id text not null,
  entry bigint generated always as identity,
  at_ms bigint not null,
  state text not null,
  by_whom text not null,
  note text not null,
  primary key (command_id, entry)
);

create table headend.secret (
  owner text not null,
  purpose text not null,
  sealed bytea not null,
  primary key (owner, purpose)
);

create table headend.counter (
  name text primary key,
  next bigint not null
);`,
    },
    {
      number: 2,
      name: "routes of every kind",
      sql: `
alter table headend.device drop constraint device_check;
alter table headend.device drop constraint device_check1;
alter table headend.device add column route text;
alter table headend.device add column host_meter_id text;
alter table headend.device add column channel integer;
update headend.device set route = case when concentrator_id is null then 'direct' else 'concentrator' end;
alter table headend.device alter column route set not null;
alter table headend.device add constraint device_route check (case route
  when 'direct' then host is not null and port is not null
  when 'listen' then host is not null and port is not null
  when 'concentrator' then concentrator_id is not null and meter_address is not null
  when 'wireless' then concentrator_id is not null and meter_address is not null
  when 'behind' then host_meter_id is not null and channel between 1 and 4
  else false end);
create index device_host_meter on headend.device (host_meter_id) where host_meter_id is not null;`,
    },
    {
      number: 3,
      name: "second person for commands",
      sql: `
alter table headend.command add column needs_approval boolean not null default false;
alter table headend.command add column approved_by text;
alter table headend.command add column approval_note text;`,
    },
    {
      number: 4,
      name: "reasons of commands",
      sql: "alter table headend.command add column reason text;",
    },
    {
      number: 5,
      name: "firmware images",
      sql: `
create table headend.firmware (
  identification text primary key,
  firmware text not null,
  size integer not null,
  sha256 text not null,
  signature text,
  note text not null,
  added_by text not null,
  added_ms bigint not null,
  content bytea not null
);`,
    },
  ],
};
