import type { Migration } from "@amity/store";

/**
 * Which usage points stand at one place and are paid by one customer, and what gas volumes are turned into energy with.
 * `gas_quality` is distributed by zone_id, `gas_site` by usage_point_id; rows are only ever added.
 */
export const premisesAndGas: Migration = {
  number: 6,
  name: "premises-and-gas",
  sql: `
alter table mdm.usage_point add column premises_id text;
alter table mdm.usage_point add column customer_id text;
create index usage_point_by_premises on mdm.usage_point (premises_id) where premises_id is not null;
create index usage_point_by_customer on mdm.usage_point (customer_id) where customer_id is not null;

-- One gas day's superior calorific value in a zone, kWh for a cubic metre at base conditions.
create table mdm.gas_quality (
  zone_id text not null,
  day date not null,
  version integer not null check (version > 0),
  kwh_per_m3 numeric not null check (kwh_per_m3 > 0),
  known_at timestamptz not null,
  author text not null,
  primary key (zone_id, day, version)
);

-- Where a gas meter stands: its zone, and what brings its volume to base conditions, from a civil day on.
create table mdm.gas_site (
  usage_point_id text not null,
  from_day date not null,
  version integer not null check (version > 0),
  zone_id text not null,
  conditions jsonb not null,
  known_at timestamptz not null,
  author text not null,
  primary key (usage_point_id, from_day, version)
);
`,
};
