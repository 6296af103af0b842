import { DAY_MS, zoneOf } from "@amity/intervals";
import type { ScratchStore } from "@amity/store";
import { migrate } from "@amity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  compileRuleSet,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createRegistry,
  createRulesInForce,
  createRuleStore,
  faultsOf,
  mdmRulesMigrations,
  reviewDays,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type ChannelDay,
  type RuleSet,
} from "../src/index.ts";
import { deliveryOf, openLedgerScratch, seriesOf } from "./ledger-fixture.ts";

const START = Date.UTC(2026, 5, 1);

describe("rules by their activations", () => {
  let scratch: ScratchStore;
  const clock = { nowMs: () => START + 30 * DAY_MS };
  const before = { ruleSet: compileRuleSet(STANDARD_RULE_SET), plan: STANDARD_ESTIMATION_PLAN };
  const [was, is] = [STANDARD_RULE_SET.version, STANDARD_RULE_SET.version + 1];
  const withoutNegative: RuleSet = {
    ...STANDARD_RULE_SET,
    version: is,
    rules: STANDARD_RULE_SET.rules.filter(({ id }) => id !== "negative"),
  };

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    await migrate(scratch.store, [mdmRulesMigrations]);
  });
  afterAll(() => scratch.close());

  test("each day is judged by the version of its date, however late it is reviewed", async () => {
    const rules = createRuleStore(scratch.store, clock);
    const inForce = createRulesInForce(rules, "standard", before);
    expect(await inForce.forInstants([START])).toEqual([before]);
    await rules.keep("ruleSet", withoutNegative, "ann");
    const effectiveAtMs = START + 2 * DAY_MS;
    await rules.activate("ruleSet", { id: "standard", version: is, effectiveAtMs, author: "ann", reason: "too many" });
    expect(await rules.activations("ruleSet", "standard")).toMatchObject([
      { version: is, effectiveAtMs, author: "ann", reason: "too many" },
    ]);
    expect(await rules.ids("ruleSet")).toEqual(["standard"]);

    const ledger = createLedger(scratch.store, clock);
    const registry = createRegistry(scratch.store, clock);
    const exceptions = createExceptionQueue(scratch.store, clock);
    const changed: ChannelDay[] = [];
    const sink = createLedgerSink({ store: scratch.store, ledger, registry, clock, onStored: (stored) => changed.push(...stored.changed) });
    const values = Array.from({ length: 4 * 96 }, (_, slot) => (slot % 96 === 40 ? -300 : 100 + ((slot * 31) % 17)));
    await sink.accept([deliveryOf(seriesOf("M", START, values))]);
    await reviewDays({ store: scratch.store, ledger, exceptions, clock, ...before, inForce, zone: zoneOf("UTC") }, changed);

    const { rows } = await scratch.store.query<{ from_at: number; rule_set_version: number }>(
      "select from_at, rule_set_version from mdm.vee_exception where rule_id = 'negative' order by from_at",
    );
    const at = (day: number) => START + day * DAY_MS + 40 * 900_000;
    expect(rows).toEqual([0, 1].map((day) => ({ from_at: at(day), rule_set_version: was })));
    const channelId = (await registry.channelsOf(["M"]))[0]!.channelId;
    const judgedBy = async (day: number) => {
      const version = (await ledger.versions({ channelId, dayStartMs: START + day * DAY_MS })).at(-1);
      const found = await scratch.store.query<{ rule_set: string }>("select rule_set from mdm.provenance where provenance_id = $1", [
        version?.provenanceId ?? 0,
      ]);
      return found.rows[0]?.rule_set;
    };
    expect([await judgedBy(1), await judgedBy(2)]).toEqual([`standard v${was}`, `standard v${is}`]);
  });
});

test("all faults of a rule set are told at once, each with a pointer to its field", () => {
  const rules = [
    { id: "gap", kind: "gap", severity: "issue", parameters: { none: 1 } },
    { id: "gap", kind: "spike", severity: "issue", parameters: { ratio: "high", minimumInUnit: Number.NaN } },
    { id: "odd", kind: "toString", severity: "issue", enabled: false },
  ] as unknown as RuleSet["rules"];
  expect(faultsOf({ id: "r", version: 0, rules }).map(({ pointer }) => pointer)).toEqual([
    "/version",
    "/rules/0/parameters/none",
    "/rules/1/id",
    "/rules/1/parameters/ratio",
    "/rules/1/parameters/minimumInUnit",
    "/rules/2/kind",
  ]);
  expect(faultsOf(STANDARD_RULE_SET)).toEqual([]);
});
