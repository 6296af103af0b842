import { realTimers, seededRandom } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  accountOf,
  createPrepayStore,
  mdmRulesMigrations,
  runBillsBench,
  type PrepayEntry,
  type PrepayTerms,
} from "../../src/billing/index.ts";
import { STANDARD_ESTIMATION_PLAN } from "../../src/estimation/index.ts";
import { mdmMigrations } from "../../src/migrations/mdm-migrations.ts";
import { createRuleStore, STANDARD_RULE_SET } from "../../src/vee/index.ts";

describe("in PostgreSQL", () => {
  let scratch: ScratchStore;
  let nowMs = Date.UTC(2026, 0, 1);
  const clock = { nowMs: () => nowMs };

  beforeAll(async () => {
    scratch = await openScratchStore({ timers: realTimers, random: seededRandom(`rules ${process.pid}`) });
    await migrate(scratch.store, [leaseMigrations, mdmMigrations, mdmRulesMigrations]);
  });
  afterAll(() => scratch.close());

  test("a kept rule set comes back whole, the same again changes nothing, another content under its version is refused", async () => {
    const rules = createRuleStore(scratch.store, clock);
    await rules.keep("ruleSet", STANDARD_RULE_SET, "ann");
    await rules.keep("ruleSet", STANDARD_RULE_SET, "bob");
    expect(await rules.find("ruleSet", "standard", STANDARD_RULE_SET.version)).toEqual(STANDARD_RULE_SET);
    expect(await rules.versions("ruleSet", "standard")).toEqual([{ version: STANDARD_RULE_SET.version, author: "ann", storedAtMs: nowMs }]);
    await expect(rules.keep("ruleSet", { ...STANDARD_RULE_SET, rules: [] }, "ann")).rejects.toMatchObject({ code: "rules-changed" });
    await expect(
      rules.keep(
        "ruleSet",
        { id: "bad", version: 1, rules: [{ id: "x", kind: "spike", severity: "info", parameters: { ration: 1 } }] },
        "ann",
      ),
    ).rejects.toThrow(/no parameter ration/);
    expect(await rules.find("ruleSet", "bad", 1)).toBeUndefined();
  });

  test("the version that was activated last rules, from its instant on, and a correction of an activation wins", async () => {
    const rules = createRuleStore(scratch.store, clock);
    for (const version of [1, 2, 3]) await rules.keep("estimationPlan", { ...STANDARD_ESTIMATION_PLAN, id: "plan", version }, "ann");
    const march = Date.UTC(2026, 2, 1);
    await rules.activate("estimationPlan", { id: "plan", version: 1, effectiveAtMs: 0, author: "ann" });
    await rules.activate("estimationPlan", { id: "plan", version: 2, effectiveAtMs: march, author: "ann" });
    const versionAt = async (atMs: number) => (await rules.activeAt("estimationPlan", "plan", atMs))?.version;
    expect([await versionAt(march - 1), await versionAt(march), await versionAt(-1)]).toEqual([1, 2, undefined]);
    nowMs += 1000;
    await rules.activate("estimationPlan", { id: "plan", version: 3, effectiveAtMs: march, author: "bob" });
    expect(await versionAt(march)).toBe(3);
    await expect(rules.activate("estimationPlan", { id: "plan", version: 9, effectiveAtMs: 0, author: "ann" })).rejects.toMatchObject({
      code: "unknown-rules",
    });
  });

  test("twenty writers post the same entries at once: each is in the account once, and the balance is that of the entries", async () => {
    const prepay = createPrepayStore(scratch.store, clock);
    const terms: PrepayTerms = {
      debtRecoveryPercent: "25",
      emergencyCredit: "5",
      lowBalance: "3",
      friendlyHours: { fromHour: 20, toHour: 8 },
      friendlyDays: true,
      readingAgeMsMax: 1,
      priceAgeMsMax: 1,
    };
    await prepay.open({ accountId: "a", usagePointId: "u", currency: "EUR" });
    const entries: PrepayEntry[] = [
      { entryId: "debt", atMs: 1, kind: "debt", amount: "30" },
      { entryId: "top", atMs: 2, kind: "topUp", amount: "50.01", reference: "r" },
      ...Array.from({ length: 8 }, (_, index): PrepayEntry => ({
        entryId: `use ${index}`,
        atMs: 3,
        kind: "consumption",
        amount: `1.${index}7`,
        readAtMs: 1000 + index,
        priceVersion: "t/1",
      })),
    ];
    for (const entry of entries.slice(0, 2)) await prepay.post("a", entry, terms);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, writer) => prepay.post("a", entries[writer % entries.length] as PrepayEntry, terms)),
    );
    expect(outcomes.filter((outcome) => outcome.kind === "posted")).toHaveLength(8);
    expect(outcomes.filter((outcome) => outcome.kind === "repeated")).toHaveLength(12);
    expect(await prepay.post("a", { ...(entries[1] as PrepayEntry), amount: "5000" }, terms)).toMatchObject({ kind: "conflict" });
    expect(
      await prepay.post("a", { entryId: "c", atMs: 4, kind: "correction", amount: "1", corrects: "use 3", sign: 1 }, terms),
    ).toMatchObject({ kind: "posted" });
    expect(
      await prepay.post("a", { entryId: "d", atMs: 4, kind: "correction", amount: "1", corrects: "never", sign: 1 }, terms),
    ).toMatchObject({ kind: "refused" });
    const stored = await prepay.entries("a", { limit: 100 });
    expect(stored.map((entry) => entry.entryNo)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const folded = accountOf(
      stored.toReversed().map((entry) => entry.entry),
      terms,
    );
    const account = await prepay.account("a");
    expect([account?.balance.toFixed(), account?.debt.toFixed(), account?.lastReadAtMs]).toEqual([
      folded.balance.toFixed(),
      folded.debt.toFixed(),
      1007,
    ]);
    expect(await prepay.account("nobody")).toBeUndefined();
    await expect(prepay.post("nobody", entries[0] as PrepayEntry, terms)).rejects.toMatchObject({ code: "unknown-account" });
  });

  test("the bills benchmark bills from the ledger and leaves nothing behind", async () => {
    const results = await runBillsBench(scratch.store, { timers: realTimers, clock, points: 5, runs: 2 });
    expect(results.bills_per_s).toBeGreaterThan(0);
    for (const table of ["bill", "tariff", "meter", "channel", "interval_block"]) {
      expect((await scratch.store.query(`select 1 from mdm.${table}`)).rowCount).toBe(0);
    }
  });
});
