import type { SqlRunner } from "@amity/store";

/** Who says so, why, from where, by which rules: recorded with every version. Empty text where there is none. */
export interface Provenance {
  /** A person, or the part of the system that wrote it (`ingest`, `vee`). */
  readonly author: string;
  readonly reason: string;
  /** Where the values came from: `headend`, or the name of a file. */
  readonly source: string;
  /** Identifier and version of the VEE rule set. */
  readonly ruleSet: string;
}

/** Most provenances kept in memory; the rest is asked for again. */
const KNOWN_MAX = 10_000;

/** Finds or makes the numbers under which blocks name their provenance. */
export class ProvenanceRegistry {
  readonly #known = new Map<string, number>();

  /** The number of a provenance. Made outside the caller's transaction, so it is safe to remember. */
  async idOf(runner: SqlRunner, provenance: Provenance): Promise<number> {
    const { author, reason, source, ruleSet } = provenance;
    const key = JSON.stringify([author, reason, source, ruleSet]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const parts = [author, reason, source, ruleSet];
    await runner.query(
      "insert into mdm.provenance (author, reason, source, rule_set) values ($1, $2, $3, $4) on conflict do nothing",
      parts,
    );
    const { rows } = await runner.query<{ id: number }>(
      "select provenance_id as id from mdm.provenance where author = $1 and reason = $2 and source = $3 and rule_set = $4",
      parts,
    );
    const id = rows[0]?.id ?? 0;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(key, id);
    return id;
  }
}
