import type { MigrationSet } from "@amity/store";
import { topologyTables } from "../../topology/topology-migrations.ts";

/**
 * Rules as versioned data and prepay accounts, in schema `mdm` (apply after `mdmMigrations`). On Citus `rule_document` and
 * `rule_activation` are reference tables; `prepay_account` and `prepay_entry` are distributed by account_id. Every unique
 * key holds its distribution column. Documents, activations and entries are never updated or deleted.
 */
export const mdmRulesMigrations: MigrationSet = {
  owner: "mdm-rules",
  migrations: [
    {
      number: 1,
      name: "rules-and-prepay",
      sql: `
create table mdm.rule_document (
  kind text not null check (kind in ('ruleSet', 'estimationPlan')),
  document_id text not null,
  version integer not null check (version > 0),
  document jsonb not null,
  author text not null,
  stored_at timestamptz not null,
  primary key (kind, document_id, version)
);

-- Which version rules from when on; the latest row at or before an instant counts.
create table mdm.rule_activation (
  kind text not null,
  document_id text not null,
  effective_at timestamptz not null,
  version integer not null,
  author text not null,
  stored_at timestamptz not null,
  primary key (kind, document_id, effective_at, stored_at),
  foreign key (kind, document_id, version) references mdm.rule_document (kind, document_id, version)
);

-- The balance is what the entries add up to, kept so that posting need not read them all.
create table mdm.prepay_account (
  account_id text primary key,
  usage_point_id text not null,
  currency text not null,
  balance numeric not null default 0,
  debt numeric not null default 0,
  last_read_at timestamptz,
  entries integer not null default 0,
  opened_at timestamptz not null
);
create index prepay_account_by_usage_point on mdm.prepay_account (usage_point_id);

create table mdm.prepay_entry (
  account_id text not null,
  entry_id text not null,
  entry_no integer not null check (entry_no > 0),
  entry jsonb not null,
  balance_after numeric not null,
  debt_after numeric not null,
  known_at timestamptz not null,
  primary key (account_id, entry_id),
  unique (account_id, entry_no)
);
`,
    },
    {
      number: 2,
      name: "reasons-and-tariff-candidates",
      sql: `
alter table mdm.rule_activation add column reason text not null default '';

-- Who published which version of a tariff, and why. Distributed by tariff_id on Citus; never updated or deleted.
create table mdm.tariff_publication (
  tariff_id text not null,
  version integer not null,
  author text not null,
  reason text not null,
  stored_at timestamptz not null,
  primary key (tariff_id, version, stored_at)
);

-- Tariffs that are only tried. Distributed by candidate_id on Citus.
create table mdm.tariff_candidate (
  candidate_id text primary key,
  document jsonb not null,
  author text not null,
  stored_at timestamptz not null
);
`,
    },
    topologyTables,
  ],
};
