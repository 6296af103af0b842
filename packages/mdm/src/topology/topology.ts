import type { UsagePointId } from "@amity/model";
import { instantParam, type Store } from "@amity/store";

export type NodeKind = "substation" | "feeder" | "transformer";

/** A piece of the network. */
export interface NetworkNode {
  readonly nodeId: string;
  readonly kind: NodeKind;
  readonly name: string;
  /** What feeds it; absent for a substation. */
  readonly parentId?: string;
  readonly nameplateKva?: number;
  /** Iron losses, always there (W). */
  readonly noLoadLossW?: number;
  /** Copper losses at nameplate load (W); they grow with its square. */
  readonly loadLossW?: number;
}

/** `load`: the usage point is fed by the node. `supply`: its meter measures what flows into the node. */
export interface NetworkLink {
  readonly usagePointId: UsagePointId;
  readonly nodeId: string;
  readonly role: "load" | "supply";
}

/** The network as it was at an instant. */
export interface NetworkView {
  readonly nodes: ReadonlyMap<string, NetworkNode>;
  readonly links: readonly NetworkLink[];
}

/** The effective-dated network. */
export interface Topology {
  /** Says what holds from an instant on; the same again changes nothing, something else ends what held before. */
  declare(what: { nodes: readonly NetworkNode[]; links: readonly NetworkLink[] }, fromMs: number): Promise<void>;
  at(instantMs: number): Promise<NetworkView>;
}

export function createTopology(store: Store): Topology {
  return {
    async declare({ nodes, links }, fromMs) {
      await store.transaction(async (transaction) => {
        const at = instantParam(fromMs);
        const rows = JSON.stringify(nodes.map(nodeRow));
        await transaction.query(
          `update mdm.network_node n set valid_to = $2 from ${NODE_ROWS}
           where n.node_id = r.node_id and n.valid_from < $2 and (n.valid_to is null or n.valid_to > $2) and ${NODE_DIFFERS}`,
          [rows, at],
        );
        await transaction.query(
          `insert into mdm.network_node (node_id, valid_from, kind, name, parent_id, nameplate_kva, no_load_loss_w, load_loss_w)
           select r.node_id, $2, r.kind, r.name, r.parent_id, r.nameplate_kva, r.no_load_loss_w, r.load_loss_w from ${NODE_ROWS}
           where not exists (select 1 from mdm.network_node n where n.node_id = r.node_id and n.valid_from <= $2 and (n.valid_to is null or n.valid_to > $2))
           on conflict do nothing`,
          [rows, at],
        );
        const linkRows = [
          links.map(({ usagePointId }) => usagePointId),
          links.map(({ role }) => role),
          links.map(({ nodeId }) => nodeId),
          at,
        ];
        await transaction.query(
          `update mdm.network_link l set valid_to = $4 from ${LINK_ROWS}
           where l.usage_point_id = r.usage_point_id and l.role = r.role and l.valid_from < $4 and (l.valid_to is null or l.valid_to > $4)
             and l.node_id <> r.node_id`,
          linkRows,
        );
        await transaction.query(
          `insert into mdm.network_link (usage_point_id, role, valid_from, node_id)
           select r.usage_point_id, r.role, $4, r.node_id from ${LINK_ROWS}
           where not exists (select 1 from mdm.network_link l where l.usage_point_id = r.usage_point_id and l.role = r.role
             and l.valid_from <= $4 and (l.valid_to is null or l.valid_to > $4))
           on conflict do nothing`,
          linkRows,
        );
      });
    },
    async at(instantMs) {
      const at = [instantParam(instantMs)];
      const [nodes, links] = await Promise.all([
        store.query<NodeRow>(
          `select node_id, kind, name, parent_id, nameplate_kva::float8 as nameplate_kva, no_load_loss_w::float8 as no_load_loss_w,
             load_loss_w::float8 as load_loss_w
           from mdm.network_node where ${HOLDS} order by kind, node_id`,
          at,
        ),
        store.query<{ usage_point_id: string; role: "load" | "supply"; node_id: string }>(
          `select usage_point_id, role, node_id from mdm.network_link where ${HOLDS} order by usage_point_id, role`,
          at,
        ),
      ]);
      return {
        nodes: new Map(nodes.rows.map((row) => [row.node_id, nodeOf(row)])),
        links: links.rows.map((row) => ({ usagePointId: row.usage_point_id, role: row.role, nodeId: row.node_id })),
      };
    },
  };
}

const HOLDS = "valid_from <= $1 and (valid_to is null or valid_to > $1)";
const NODE_ROWS = `jsonb_to_recordset($1::jsonb) as r (node_id text, kind text, name text, parent_id text, nameplate_kva numeric,
  no_load_loss_w numeric, load_loss_w numeric)`;
const NODE_DIFFERS = `(n.kind, n.name, n.parent_id, n.nameplate_kva, n.no_load_loss_w, n.load_loss_w)
  is distinct from (r.kind, r.name, r.parent_id, r.nameplate_kva, r.no_load_loss_w, r.load_loss_w)`;
const LINK_ROWS = "unnest($1::text[], $2::text[], $3::text[]) as r (usage_point_id, role, node_id)";

interface NodeRow {
  node_id: string;
  kind: NodeKind;
  name: string;
  parent_id: string | null;
  nameplate_kva: number | null;
  no_load_loss_w: number;
  load_loss_w: number;
}

function nodeRow({ nodeId, kind, name, parentId, nameplateKva, noLoadLossW = 0, loadLossW = 0 }: NetworkNode): NodeRow {
  return {
    node_id: nodeId,
    kind,
    name,
    parent_id: parentId ?? null,
    nameplate_kva: nameplateKva ?? null,
    no_load_loss_w: noLoadLossW,
    load_loss_w: loadLossW,
  };
}

function nodeOf(row: NodeRow): NetworkNode {
  return {
    nodeId: row.node_id,
    kind: row.kind,
    name: row.name,
    ...(row.parent_id === null ? {} : { parentId: row.parent_id }),
    ...(row.nameplate_kva === null ? {} : { nameplateKva: row.nameplate_kva }),
    noLoadLossW: row.no_load_loss_w,
    loadLossW: row.load_loss_w,
  };
}
