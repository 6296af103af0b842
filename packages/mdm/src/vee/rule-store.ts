import { UsageError } from "@amity/bytes";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store } from "@amity/store";
import { canonicalJson } from "../billing/canonical-json.ts";
import { compilePlan, type EstimationPlan } from "../estimation/plan.ts";
import { compileRuleSet, type RuleSet } from "./rule-set.ts";

interface Documents {
  readonly ruleSet: RuleSet;
  readonly estimationPlan: EstimationPlan;
}
export type RuleDocumentKind = keyof Documents;

/** Rule sets and estimation plans as versioned data. */
export interface RuleStore {
  /**
   * Keeps a version. The same again changes nothing; a kept version cannot become another.
   * @throws UsageError for a document that does not compile, `rules-changed` for another content under a kept version.
   */
  keep<K extends RuleDocumentKind>(kind: K, document: Documents[K], author: string): Promise<void>;
  find<K extends RuleDocumentKind>(kind: K, id: string, version: number): Promise<Documents[K] | undefined>;
  versions(
    kind: RuleDocumentKind,
    id: string,
  ): Promise<readonly { readonly version: number; readonly author: string; readonly storedAtMs: number }[]>;
  /** Lets a version rule from an instant on. @throws UsageError `unknown-rules` for a version that is not kept. */
  activate(kind: RuleDocumentKind, activation: Activation): Promise<void>;
  /** The identifiers of the documents of a kind. */
  ids(kind: RuleDocumentKind): Promise<readonly string[]>;
  /** Who let which version rule from when, and why, in the order of their word. Nothing is ever taken out of it. */
  activations(kind: RuleDocumentKind, id: string): Promise<readonly KeptActivation[]>;
  /** The version that rules at an instant; undefined where none was activated. */
  activeAt<K extends RuleDocumentKind>(kind: K, id: string, atMs: number): Promise<Documents[K] | undefined>;
}

export interface Activation {
  readonly id: string;
  readonly version: number;
  readonly effectiveAtMs: number;
  readonly author: string;
  readonly reason?: string;
}

export interface KeptActivation {
  readonly version: number;
  readonly effectiveAtMs: number;
  readonly author: string;
  readonly reason: string;
  readonly storedAtMs: number;
}

export function createRuleStore(store: Store, clock: Pick<Clock, "nowMs">): RuleStore {
  const documentOf = async <K extends RuleDocumentKind>(
    sql: string,
    values: readonly (string | number)[],
  ): Promise<Documents[K] | undefined> => {
    const { rows } = await store.query<{ document: Documents[K] }>(sql, values);
    return rows[0]?.document;
  };
  const find = <K extends RuleDocumentKind>(kind: K, id: string, version: number) =>
    documentOf<K>("select document from mdm.rule_document where kind = $1 and document_id = $2 and version = $3", [kind, id, version]);
  return {
    find,
    async keep(kind, document, author) {
      requireSound(kind, document);
      await store.query(
        `insert into mdm.rule_document (kind, document_id, version, document, author, stored_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (kind, document_id, version) do nothing`,
        [kind, document.id, document.version, JSON.stringify(document), author, instantParam(clock.nowMs())],
      );
      const kept = await find(kind, document.id, document.version);
      if (canonicalJson(kept) !== canonicalJson(document)) {
        throw new UsageError(`version ${document.version} of ${kind} ${document.id} is kept with another content`, {
          code: "rules-changed",
          advice: "keep the change as the next version",
        });
      }
    },
    async versions(kind, id) {
      const { rows } = await store.query<{ version: number; author: string; stored_at: number }>(
        "select version, author, stored_at from mdm.rule_document where kind = $1 and document_id = $2 order by version",
        [kind, id],
      );
      return rows.map((row) => ({ version: row.version, author: row.author, storedAtMs: row.stored_at }));
    },
    ids: (kind) => idsOf(store, kind),
    activations: (kind, id) => activationsOf(store, kind, id),
    async activate(kind, { id, version, effectiveAtMs, author, reason = "" }) {
      if ((await find(kind, id, version)) === undefined)
        throw new UsageError(`there is no version ${version} of ${kind} ${id}`, { code: "unknown-rules" });
      await store.query(
        `insert into mdm.rule_activation (kind, document_id, effective_at, version, author, stored_at, reason)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
        [kind, id, instantParam(effectiveAtMs), version, author, instantParam(clock.nowMs()), reason],
      );
    },
    activeAt: (kind, id, atMs) =>
      documentOf(
        `select d.document from mdm.rule_activation a join mdm.rule_document d using (kind, document_id, version)
         where a.kind = $1 and a.document_id = $2 and a.effective_at <= $3 order by a.effective_at desc, a.stored_at desc limit 1`,
        [kind, id, instantParam(atMs)],
      ),
  };
}

async function idsOf(store: Store, kind: RuleDocumentKind): Promise<readonly string[]> {
  const { rows } = await store.query<{ document_id: string }>(
    "select distinct document_id from mdm.rule_document where kind = $1 order by document_id",
    [kind],
  );
  return rows.map((row) => row.document_id);
}

async function activationsOf(store: Store, kind: RuleDocumentKind, id: string): Promise<readonly KeptActivation[]> {
  const { rows } = await store.query<{ version: number; effective_at: number; author: string; reason: string; stored_at: number }>(
    `select version, effective_at, author, reason, stored_at from mdm.rule_activation
     where kind = $1 and document_id = $2 order by stored_at, effective_at`,
    [kind, id],
  );
  return rows.map((row) => ({
    version: row.version,
    effectiveAtMs: row.effective_at,
    author: row.author,
    reason: row.reason,
    storedAtMs: row.stored_at,
  }));
}

function requireSound(kind: RuleDocumentKind, document: RuleSet | EstimationPlan): void {
  if (kind === "ruleSet" && "rules" in document) compileRuleSet(document);
  else if (kind === "estimationPlan" && "steps" in document) compilePlan(document);
  else throw new UsageError(`${document.id} is no ${kind}`, { code: "rule-set-invalid" });
}
