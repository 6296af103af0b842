import type { Migration } from "@amity/store";

/**
 * The network that energy flows through, effective-dated: a transformer that is fed from another feeder is a second row.
 * Reference tables on Citus: a few rows for each transformer and usage point.
 */
export const topologyTables: Migration = {
  number: 3,
  name: "topology-and-virtual-channels",
  sql: `
create table mdm.network_node (
  node_id text not null,
  valid_from timestamptz not null,
  valid_to timestamptz,
  kind text not null check (kind in ('substation', 'feeder', 'transformer')),
  name text not null,
  parent_id text,
  nameplate_kva numeric,
  no_load_loss_w numeric not null default 0,
  load_loss_w numeric not null default 0,
  primary key (node_id, valid_from),
  check (valid_to > valid_from)
);

-- What hangs on a node (load), and which meters measure what flows into it (supply).
create table mdm.network_link (
  usage_point_id text not null,
  role text not null check (role in ('load', 'supply')),
  valid_from timestamptz not null,
  valid_to timestamptz,
  node_id text not null,
  primary key (usage_point_id, role, valid_from),
  check (valid_to > valid_from)
);
create index network_link_by_node on mdm.network_link (node_id);

-- Channels that are computed from others when they are read. A version never changes.
create table mdm.virtual_channel (
  virtual_id text not null,
  version integer not null check (version > 0),
  document jsonb not null,
  author text not null,
  reason text not null,
  stored_at timestamptz not null,
  primary key (virtual_id, version)
);
`,
};
