import { UsageError } from "@amity/bytes";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store } from "@amity/store";
import { canonicalJson } from "../billing/canonical-json.ts";
import { checkDefinition, type VirtualChannel } from "./virtual-channel.ts";

export interface KeptVirtualChannel {
  readonly definition: VirtualChannel;
  readonly author: string;
  readonly reason: string;
  readonly storedAtMs: number;
}

/** Formulas by version; the highest version counts. */
export interface VirtualChannels {
  /** @throws UsageError `virtual-channel` for a formula that cannot be, `version-kept` for another content under a kept version. */
  keep(definition: VirtualChannel, by: { author: string; reason: string }): Promise<void>;
  /** The latest version of each, by identifier. */
  list(): Promise<readonly KeptVirtualChannel[]>;
  /** A version, or the latest. */
  find(id: string, version?: number): Promise<KeptVirtualChannel | undefined>;
}

interface Row {
  document: VirtualChannel;
  author: string;
  reason: string;
  stored_at: number;
}

export function createVirtualChannels(store: Store, clock: Pick<Clock, "nowMs">): VirtualChannels {
  const find: VirtualChannels["find"] = async (id, version) => {
    const { rows } = await store.query<Row>(
      `select document, author, reason, stored_at from mdm.virtual_channel
       where virtual_id = $1 and ($2::integer is null or version = $2) order by version desc limit 1`,
      [id, version ?? null],
    );
    return rows[0] === undefined ? undefined : keptOf(rows[0]);
  };
  return {
    find,
    async keep(definition, { author, reason }) {
      checkDefinition(definition);
      const { id, version } = definition;
      await store.query(
        `insert into mdm.virtual_channel (virtual_id, version, document, author, reason, stored_at) values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing`,
        [id, version, JSON.stringify(definition), author, reason, instantParam(clock.nowMs())],
      );
      const kept = await find(id, version);
      if (canonicalJson(kept?.definition) !== canonicalJson(definition))
        throw new UsageError(`version ${version} of virtual channel ${id} is kept with another formula`, {
          code: "version-kept",
          advice: "keep the change as the next version",
        });
    },
    async list() {
      const { rows } = await store.query<Row>(
        `select distinct on (virtual_id) document, author, reason, stored_at from mdm.virtual_channel order by virtual_id, version desc`,
      );
      return rows.map(keptOf);
    },
  };
}

function keptOf({ document, author, reason, stored_at: storedAtMs }: Row): KeptVirtualChannel {
  return { definition: document, author, reason, storedAtMs };
}
