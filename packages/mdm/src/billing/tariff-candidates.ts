import { UsageError } from "@amity/bytes";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store } from "@amity/store";
import type { Tariff } from "../tariff/index.ts";

/** A tariff that is only tried. */
export interface TariffCandidate {
  readonly candidateId: string;
  readonly tariff: Tariff;
  readonly author: string;
  readonly storedAtMs: number;
}

/** Tariffs that are tried before anybody decides. They bill nobody. */
export interface TariffCandidates {
  /** @throws UsageError `candidates-full` beyond 200. */
  keep(candidateId: string, tariff: Tariff, author: string): Promise<TariffCandidate>;
  /** Newest first. */
  list(): Promise<readonly TariffCandidate[]>;
  find(candidateId: string): Promise<TariffCandidate | undefined>;
  /** What was dropped; `undefined` where there was none. */
  drop(candidateId: string): Promise<TariffCandidate | undefined>;
}

const CANDIDATES_MAX = 200;
const SELECT = "select candidate_id, document, author, stored_at from mdm.tariff_candidate";

interface Row {
  candidate_id: string;
  document: Tariff;
  author: string;
  stored_at: number;
}

export function createTariffCandidates(store: Store, clock: Pick<Clock, "nowMs">): TariffCandidates {
  const find = async (candidateId: string): Promise<TariffCandidate | undefined> => {
    const { rows } = await store.query<Row>(`${SELECT} where candidate_id = $1`, [candidateId]);
    return rows[0] === undefined ? undefined : candidateOf(rows[0]);
  };
  return {
    find,
    async keep(candidateId, tariff, author) {
      const storedAtMs = clock.nowMs();
      const { rowCount } = await store.query(
        `insert into mdm.tariff_candidate (candidate_id, document, author, stored_at)
         select $1, $2, $3, $4 where (select count(*) from mdm.tariff_candidate) < $5::integer`,
        [candidateId, JSON.stringify(tariff), author, instantParam(storedAtMs), CANDIDATES_MAX],
      );
      if (rowCount === 0)
        throw new UsageError(`${CANDIDATES_MAX} candidates are kept already`, { code: "candidates-full", advice: "drop some first" });
      return { candidateId, tariff, author, storedAtMs };
    },
    async list() {
      const { rows } = await store.query<Row>(`${SELECT} order by stored_at desc, candidate_id`);
      return rows.map(candidateOf);
    },
    async drop(candidateId) {
      const before = await find(candidateId);
      await store.query("delete from mdm.tariff_candidate where candidate_id = $1", [candidateId]);
      return before;
    },
  };
}

function candidateOf(row: Row): TariffCandidate {
  return { candidateId: row.candidate_id, tariff: row.document, author: row.author, storedAtMs: row.stored_at };
}
