import { EVENT_CODES } from "./operations.ts";
import type { AccountStatus, ChargeName, PaymentChange, PaymentMode, PaymentTerms, TakenToken } from "./payment-change.ts";
import { TARIFFS } from "./tariff-book.ts";

/** What the account needs to know of its meter. */
export interface PaymentSource {
  tariffsAt(trueMs: number): Float64Array;
}

/** Amounts due since the account was last settled, by charge. */
interface Due {
  readonly consumption: number;
  readonly standing: number;
}

/** When a charge was last collected, and how much. */
export interface Collection {
  readonly atMs: number;
  readonly amount: number;
}

/** Numbers of tokens remembered; a token older than all of them is refused. */
const TOKENS_MAX = 50;

/**
 * A prepayment account: one balance that falls with energy and time and rises with tokens. Below zero it is emergency
 * credit in use or, without that, debt. Nothing is counted as time passes; amounts follow from the registers.
 */
export class PaymentBook {
  readonly #source: PaymentSource;
  #terms: PaymentTerms;
  #settledMs: number;
  #settledTariffs: Float64Array;
  #balance = 0;
  #paid: Readonly<Record<ChargeName, number>> = NOTHING_PAID;
  /** Still to be collected out of payments. */
  #debt = 0;
  /** Collections that did not come with time or energy. */
  #collections: Partial<Record<ChargeName, Collection>> = {};
  #tokens: readonly number[] = [];
  mode: PaymentMode = "credit";
  status: AccountStatus = "new";
  activatedMs: number | undefined;
  closedMs: number | undefined;
  isEmergencySelected = false;
  isLowNoted = false;
  isConsumedNoted = false;
  /** Whether it is for want of credit that the supply is off. */
  hasEndedSupply = false;
  lastToken: (TakenToken & { readonly atMs: number }) | undefined;

  constructor(source: PaymentSource, terms: PaymentTerms, atMs: number) {
    this.#source = source;
    this.#terms = terms;
    this.#settledMs = atMs;
    this.#settledTariffs = source.tariffsAt(atMs);
  }

  /** Whether energy and time cost credit now. */
  get isPrepaying(): boolean {
    return this.mode === "prepayment" && this.status === "active";
  }
  get tokens(): readonly number[] {
    return this.#tokens;
  }
  get terms(): PaymentTerms {
    return this.#terms;
  }

  balanceAt(trueMs: number): number {
    const due = this.#dueAt(trueMs);
    return this.#balance - due.consumption - due.standing;
  }

  /** Collected since the account began, by charge. */
  paidAt(trueMs: number): Readonly<Record<ChargeName, number>> {
    return withDue(this.#paid, this.#dueAt(trueMs));
  }

  get debt(): number {
    return this.#debt;
  }

  /** The last collection of a charge for time or out of payments; `undefined`: there was none. */
  lastCollectionAt(charge: "standing" | "debt", trueMs: number): Collection | undefined {
    const asked = this.#collections[charge];
    const { amount, periodMs } = this.#terms.standing;
    if (charge === "debt" || !this.isPrepaying || periodMs === 0 || amount === 0) return asked;
    const dueMs = Math.floor(trueMs / periodMs) * periodMs;
    const isDue = dueMs > (this.activatedMs ?? Number.POSITIVE_INFINITY) && dueMs >= (asked?.atMs ?? 0);
    return isDue ? { atMs: dueMs, amount } : asked;
  }

  /** The balance at which the supply ends. */
  get floor(): number {
    return this.isEmergencySelected ? -this.#terms.emergencyAmount : 0;
  }

  isConsumedAt(trueMs: number): boolean {
    return this.isPrepaying && this.balanceAt(trueMs) <= this.floor;
  }

  /** Whether a token of that number may be taken: not one that was, nor one older than all that are remembered. */
  isFresh(id: number): boolean {
    const oldest = this.#tokens.length < TOKENS_MAX ? -1 : Math.min(...this.#tokens);
    return id > oldest && !this.#tokens.includes(id);
  }

  /** @returns the code for the standard event log, `undefined` where nothing is logged. */
  apply(change: PaymentChange, atMs: number, terms: PaymentTerms): number | undefined {
    this.#settle(atMs, terms);
    switch (change.what) {
      case "setMode":
        this.mode = change.mode;
        return EVENT_CODES.parametersChanged;
      case "activate":
        this.status = "active";
        this.activatedMs = atMs;
        return EVENT_CODES.parametersChanged;
      case "close":
        this.status = "closed";
        this.closedMs = atMs;
        return EVENT_CODES.parametersChanged;
      case "reset":
        this.#begin();
        return EVENT_CODES.parametersChanged;
      case "selectEmergency":
        this.isEmergencySelected = true;
        this.isConsumedNoted = false;
        return EVENT_CODES.emergencyCredit;
      case "noteLow":
        this.isLowNoted = true;
        return EVENT_CODES.creditLow;
      case "noteConsumed":
        this.isConsumedNoted = true;
        return EVENT_CODES.creditConsumed;
      case "noteSupply":
        this.hasEndedSupply = change.isEnded;
        return undefined;
      case "newTerms":
        return undefined;
      case "addCredit":
        return this.#credit(this.#balance + change.amount);
      case "setCredit":
        return this.#credit(change.amount);
      case "takeToken":
        return this.#take(change.token, atMs);
      case "setDebt":
        this.#debt = Math.max(0, Math.min(AMOUNT_MAX, change.amount));
        return EVENT_CODES.parametersChanged;
      case "collect":
        return this.#collect(change.charge, atMs);
    }
  }

  #take(token: TakenToken, atMs: number): number {
    this.lastToken = { ...token, atMs };
    if (token.outcome !== "executed" || token.id === undefined) return EVENT_CODES.tokenRefused;
    this.#tokens = [...this.#tokens, token.id].toSorted((left, right) => left - right).slice(-TOKENS_MAX);
    const { proportion } = this.#terms.debt;
    const collected = this.#collected("debt", Math.floor((token.amount * proportion) / PROPORTION_WHOLE), atMs);
    return this.#credit(this.#balance + token.amount - collected);
  }

  /** Out of the balance, rather than out of a payment. */
  #collect(charge: "standing" | "debt", atMs: number): undefined {
    this.#balance -= this.#collected(charge, this.#terms[charge].amount, atMs);
  }

  /** Notes a collection: of the debt never more than is left. @returns how much it was. */
  #collected(charge: "standing" | "debt", wanted: number, atMs: number): number {
    const amount = charge === "debt" ? Math.min(this.#debt, wanted) : wanted;
    if (amount === 0) return 0;
    if (charge === "debt") this.#debt -= amount;
    this.#paid = { ...this.#paid, [charge]: this.#paid[charge] + amount };
    this.#collections = { ...this.#collections, [charge]: { atMs, amount } };
    return amount;
  }

  /** Credit repays emergency credit first, for it is one balance; above zero, emergency credit is there again. */
  #credit(balance: number): number {
    this.#balance = Math.max(-AMOUNT_MAX, Math.min(AMOUNT_MAX, balance));
    if (this.#balance > 0) this.isEmergencySelected = false;
    if (this.#balance > this.#terms.lowThreshold) this.isLowNoted = false;
    if (this.#balance > this.floor) this.isConsumedNoted = false;
    return EVENT_CODES.creditAdded;
  }

  #begin(): void {
    this.#balance = 0;
    this.#paid = NOTHING_PAID;
    this.#debt = 0;
    this.#collections = {};
    this.status = "new";
    this.isEmergencySelected = this.isLowNoted = this.isConsumedNoted = false;
  }

  #settle(atMs: number, terms: PaymentTerms): void {
    const due = this.#dueAt(atMs);
    this.#balance -= due.consumption + due.standing;
    this.#paid = withDue(this.#paid, due);
    this.#settledMs = atMs;
    this.#settledTariffs = this.#source.tariffsAt(atMs);
    this.#terms = terms;
  }

  /** Standing charges fall due with each whole period of the calendar of all periods, so that settling in between loses none. */
  #dueAt(trueMs: number): Due {
    if (!this.isPrepaying || trueMs <= this.#settledMs) return NOTHING_DUE;
    const tariffs = this.#source.tariffsAt(trueMs);
    let consumption = 0;
    for (let tariff = 0; tariff < TARIFFS; tariff++) {
      const { numerator, denominator } = this.#terms.perWattHour[tariff] ?? { numerator: 0, denominator: 1 };
      // Of the registers, not of their difference: amounts do not depend on how often the account is settled.
      const before = Math.floor(((this.#settledTariffs[tariff] ?? 0) * numerator) / denominator);
      consumption += Math.floor(((tariffs[tariff] ?? 0) * numerator) / denominator) - before;
    }
    const { amount, periodMs } = this.#terms.standing;
    const periods = periodMs === 0 ? 0 : Math.floor(trueMs / periodMs) - Math.floor(this.#settledMs / periodMs);
    return { consumption, standing: periods * amount };
  }
}

function withDue(paid: Readonly<Record<ChargeName, number>>, due: Due): Readonly<Record<ChargeName, number>> {
  return { ...paid, consumption: paid.consumption + due.consumption, standing: paid.standing + due.standing };
}

const NOTHING_PAID: Readonly<Record<ChargeName, number>> = { consumption: 0, standing: 0, debt: 0 };
/** Proportions are in ten-thousandths. */
const PROPORTION_WHOLE = 10_000;
const NOTHING_DUE: Due = { consumption: 0, standing: 0 };
/** Double-long. */
const AMOUNT_MAX = 0x7fff_ffff;
