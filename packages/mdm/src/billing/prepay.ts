import { Money } from "../rating/money.ts";
import { canonicalJson } from "./canonical-json.ts";

/** What moves a prepay balance. Amounts are decimal text in the account's currency and positive; the kind says the direction. */
export type PrepayEntry = {
  /** Chosen by whoever makes the entry; the same id again is the same entry. */
  readonly entryId: string;
  readonly atMs: number;
} & (
  | { readonly kind: "topUp"; readonly amount: string; readonly reference: string }
  /** Energy used up to `readAtMs`, priced by the tariff version named. */
  | { readonly kind: "consumption"; readonly amount: string; readonly readAtMs: number; readonly priceVersion: string }
  | { readonly kind: "standingCharge"; readonly amount: string; readonly day: number }
  | { readonly kind: "debt"; readonly amount: string }
  | { readonly kind: "refund"; readonly amount: string }
  | { readonly kind: "correction"; readonly amount: string; readonly corrects: string; readonly sign: 1 | -1 }
);

export interface PrepayTerms {
  /** Share of each top-up that goes to the debt while there is one, in percent. */
  readonly debtRecoveryPercent: string;
  /** Credit that is lent below zero before supply may be cut. */
  readonly emergencyCredit: string;
  /** Balance below which the customer is told. */
  readonly lowBalance: string;
  /** Local hours without disconnection: from, to (exclusive); may wrap over midnight. */
  readonly friendlyHours: { readonly fromHour: number; readonly toHour: number };
  /** Nobody is cut off on Saturday, Sunday and holidays. */
  readonly friendlyDays: boolean;
  /** Older readings than this say nothing about the balance. */
  readonly readingAgeMsMax: number;
  readonly priceAgeMsMax: number;
}

export interface PrepayAccount {
  readonly balance: Money;
  readonly debt: Money;
  readonly entries: ReadonlyMap<string, PrepayEntry>;
  readonly lastReadAtMs: number | undefined;
}

export const EMPTY_ACCOUNT: PrepayAccount = { balance: new Money(0), debt: new Money(0), entries: new Map(), lastReadAtMs: undefined };

export type PostOutcome =
  | { readonly kind: "posted"; readonly account: PrepayAccount }
  /** The same entry was there already: nothing changed. */
  | { readonly kind: "repeated"; readonly account: PrepayAccount }
  /** The id is taken by a different entry: somebody must look. */
  | { readonly kind: "conflict"; readonly standing: PrepayEntry }
  | { readonly kind: "refused"; readonly reason: string };

/** Adds an entry to an account; repeating one changes nothing. Pure. */
export function post(account: PrepayAccount, entry: PrepayEntry, terms: PrepayTerms): PostOutcome {
  const standing = account.entries.get(entry.entryId);
  if (standing !== undefined) return isSame(standing, entry) ? { kind: "repeated", account } : { kind: "conflict", standing };
  if (!/^\d+(\.\d+)?$/.test(entry.amount)) return { kind: "refused", reason: `amount "${entry.amount}" is not a positive decimal` };
  if (entry.kind === "correction" && !account.entries.has(entry.corrects))
    return { kind: "refused", reason: `there is no entry ${entry.corrects} to correct` };
  const { balance, debt } = moved(account, entry, terms);
  const lastReadAtMs =
    entry.kind === "consumption" ? Math.max(entry.readAtMs, account.lastReadAtMs ?? entry.readAtMs) : account.lastReadAtMs;
  return { kind: "posted", account: { balance, debt, lastReadAtMs, entries: new Map(account.entries).set(entry.entryId, entry) } };
}

/** The account that entries in their order give; conflicts and refusals are skipped as when they were made. */
export function accountOf(entries: Iterable<PrepayEntry>, terms: PrepayTerms): PrepayAccount {
  let [balance, debt, lastReadAtMs] = [EMPTY_ACCOUNT.balance, EMPTY_ACCOUNT.debt, EMPTY_ACCOUNT.lastReadAtMs];
  const known = new Map<string, PrepayEntry>();
  for (const entry of entries) {
    if (known.has(entry.entryId)) continue;
    known.set(entry.entryId, entry);
    ({ balance, debt } = moved({ balance, debt }, entry, terms));
    if (entry.kind === "consumption") lastReadAtMs = Math.max(entry.readAtMs, lastReadAtMs ?? entry.readAtMs);
  }
  return { balance, debt, entries: known, lastReadAtMs };
}

function moved(account: Pick<PrepayAccount, "balance" | "debt">, entry: PrepayEntry, terms: PrepayTerms): { balance: Money; debt: Money } {
  const { balance, debt } = account;
  const amount = new Money(entry.amount);
  switch (entry.kind) {
    case "topUp": {
      const recovered = Money.min(debt, amount.times(terms.debtRecoveryPercent).div(100).toDecimalPlaces(2, Money.ROUND_DOWN));
      return { balance: balance.plus(amount).minus(recovered), debt: debt.minus(recovered) };
    }
    case "consumption":
    case "standingCharge":
    case "refund":
      return { balance: balance.minus(amount), debt };
    case "debt":
      return { balance, debt: debt.plus(amount) };
    case "correction":
      return { balance: balance.plus(amount.times(entry.sign)), debt };
  }
}

function isSame(a: PrepayEntry, b: PrepayEntry): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** What is known at the moment of the decision. Whatever is not known is left out: then nobody is cut off. */
export interface SupplyFacts {
  readonly nowMs: number;
  /** Local hour and whether it is a weekend or holiday there. */
  readonly localHour: number;
  readonly isFriendlyDay: boolean;
  /** When the price in force was last confirmed. */
  readonly priceConfirmedAtMs?: number;
  /** Life support, registered vulnerability, a running complaint: never cut off by machine. */
  readonly isProtected: boolean;
  /** Undefined: the account could not be read. */
  readonly account?: PrepayAccount;
}

export type SupplyDecision =
  | { readonly kind: "keep"; readonly reason: string }
  | { readonly kind: "warn"; readonly reason: string; readonly balance: string }
  | { readonly kind: "disconnect"; readonly reason: string; readonly balance: string };

/** Whether supply may be cut for lack of credit. Fails safe: a missing or old reading, a stale price or an unknown balance keeps supply. */
export function supplyDecision(facts: SupplyFacts, terms: PrepayTerms): SupplyDecision {
  const { account } = facts;
  if (account === undefined) return { kind: "keep", reason: "the balance is unknown" };
  const balance = account.balance.toFixed();
  const floor = new Money(terms.emergencyCredit).neg();
  if (account.balance.gt(terms.lowBalance)) return { kind: "keep", reason: "there is credit" };
  const warn = (reason: string): SupplyDecision => ({ kind: "warn", reason, balance });
  if (account.balance.gte(floor)) return warn(account.balance.isNegative() ? "emergency credit is in use" : "credit is low");
  if (account.lastReadAtMs === undefined || facts.nowMs - account.lastReadAtMs > terms.readingAgeMsMax)
    return warn("credit seems used up, but the last reading is too old to act on");
  if (facts.priceConfirmedAtMs === undefined || facts.nowMs - facts.priceConfirmedAtMs > terms.priceAgeMsMax)
    return warn("credit seems used up, but the price may be stale");
  if (facts.isProtected) return warn("the customer is protected from disconnection");
  if (terms.friendlyDays && facts.isFriendlyDay) return warn("no disconnection on this day");
  if (isFriendlyHour(facts.localHour, terms.friendlyHours)) return warn("no disconnection at this hour");
  return { kind: "disconnect", reason: `credit and emergency credit of ${terms.emergencyCredit} are used up`, balance };
}

function isFriendlyHour(hour: number, { fromHour, toHour }: PrepayTerms["friendlyHours"]): boolean {
  return fromHour <= toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour;
}
