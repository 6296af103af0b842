import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accountOf,
  EMPTY_ACCOUNT,
  post,
  supplyDecision,
  type PrepayAccount,
  type PrepayEntry,
  type PrepayTerms,
  type SupplyFacts,
} from "../../src/billing/index.ts";

const HOUR_MS = 3_600_000;
const now = Date.UTC(2026, 0, 14, 12);
const terms: PrepayTerms = {
  debtRecoveryPercent: "20",
  emergencyCredit: "5",
  lowBalance: "3",
  friendlyHours: { fromHour: 16, toHour: 10 },
  friendlyDays: true,
  readingAgeMsMax: 24 * HOUR_MS,
  priceAgeMsMax: 7 * 24 * HOUR_MS,
};
const use = (entryId: string, amount: string, readAtMs = now - HOUR_MS): PrepayEntry => ({
  entryId,
  atMs: now,
  kind: "consumption",
  amount,
  readAtMs,
  priceVersion: "t/1",
});
const topUp = (entryId: string, amount: string): PrepayEntry => ({ entryId, atMs: now, kind: "topUp", amount, reference: "voucher" });

function posted(account: PrepayAccount, entry: PrepayEntry): PrepayAccount {
  const outcome = post(account, entry, terms);
  if (outcome.kind !== "posted") throw new Error(outcome.kind);
  return outcome.account;
}

describe("prepay ledger", () => {
  test("a top-up pays the debt its share first, and energy and standing charges come off the balance", () => {
    let account = posted(EMPTY_ACCOUNT, { entryId: "d", atMs: now, kind: "debt", amount: "10" });
    account = posted(account, topUp("t1", "25.55"));
    expect([account.balance.toFixed(), account.debt.toFixed()]).toEqual(["20.44", "4.89"]);
    account = posted(account, topUp("t2", "40"));
    expect([account.balance.toFixed(), account.debt.toFixed()]).toEqual(["55.55", "0"]);
    account = posted(account, use("u1", "1.234"));
    account = posted(account, { entryId: "s1", atMs: now, kind: "standingCharge", amount: "0.31", day: 20_467 });
    expect(account.balance.toFixed()).toBe("54.006");
    account = posted(account, { entryId: "c1", atMs: now, kind: "correction", amount: "1.234", corrects: "u1", sign: 1 });
    expect(account.balance.toFixed()).toBe("55.24");
  });

  test("the same entry again changes nothing; the same id with other content is a conflict; nonsense is refused", () => {
    const account = posted(EMPTY_ACCOUNT, topUp("t1", "20"));
    expect(post(account, topUp("t1", "20"), terms)).toEqual({ kind: "repeated", account });
    expect(post(account, topUp("t1", "200"), terms)).toMatchObject({ kind: "conflict", standing: { amount: "20" } });
    expect(post(account, topUp("t2", "-5"), terms)).toMatchObject({ kind: "refused" });
    expect(post(account, { entryId: "c", atMs: now, kind: "correction", amount: "1", corrects: "nothing", sign: 1 }, terms)).toMatchObject({
      kind: "refused",
    });
  });

  test("whatever is repeated in whatever order after the first time, the account is the same", () => {
    const entries = fc.uniqueArray(
      fc.record({
        entryId: fc.integer({ min: 1, max: 30 }).map(String),
        amount: fc.integer({ min: 0, max: 99_999 }).map((cents) => (cents / 100).toFixed(2)),
        isTopUp: fc.boolean(),
      }),
      { selector: (entry) => entry.entryId },
    );
    fc.assert(
      fc.property(entries, fc.array(fc.nat(29)), (drafts, repeats) => {
        const list = drafts.map(({ entryId, amount, isTopUp }) => (isTopUp ? topUp(entryId, amount) : use(entryId, amount)));
        const once = accountOf(list, terms);
        const again = accountOf([...list, ...repeats.flatMap((index) => list[index] ?? [])], terms);
        expect(again).toEqual(once);
        expect(list.reduce(posted, EMPTY_ACCOUNT)).toEqual(once);
      }),
    );
  });
});

describe("supply is only cut when everything is known", () => {
  const account = posted(posted(EMPTY_ACCOUNT, topUp("t", "10")), use("u", "15.01"));
  const facts: SupplyFacts = {
    nowMs: now,
    localHour: 12,
    isFriendlyDay: false,
    priceConfirmedAtMs: now - HOUR_MS,
    isProtected: false,
    account,
  };

  test("credit and emergency credit used up, by day, with fresh reading and price: disconnect", () => {
    expect(supplyDecision(facts, terms)).toEqual({
      kind: "disconnect",
      reason: "credit and emergency credit of 5 are used up",
      balance: "-5.01",
    });
  });

  const { account: _account, ...withoutAccount } = facts;
  const { priceConfirmedAtMs: _price, ...withoutPrice } = facts;
  test.each<[string, SupplyFacts, "keep" | "warn"]>([
    ["the balance cannot be read", withoutAccount, "keep"],
    ["the last reading is old", { ...facts, account: { ...account, lastReadAtMs: now - 25 * HOUR_MS } }, "warn"],
    ["there never was a reading", { ...facts, account: { ...account, lastReadAtMs: undefined } }, "warn"],
    ["the price is stale", { ...facts, priceConfirmedAtMs: now - 8 * 24 * HOUR_MS }, "warn"],
    ["the price was never confirmed", withoutPrice, "warn"],
    ["the customer is protected", { ...facts, isProtected: true }, "warn"],
    ["it is evening", { ...facts, localHour: 16 }, "warn"],
    ["it is early", { ...facts, localHour: 9 }, "warn"],
    ["it is a weekend or holiday", { ...facts, isFriendlyDay: true }, "warn"],
    ["emergency credit is not used up", { ...facts, account: posted(account, topUp("more", "0.01")) }, "warn"],
    ["there is credit", { ...facts, account: posted(account, topUp("much", "50")) }, "keep"],
  ])("%s: supply stays", (_name, known, expected) => {
    expect(supplyDecision(known, terms).kind).toBe(expected);
  });
});
