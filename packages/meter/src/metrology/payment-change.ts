export type ChargeName = "consumption" | "standing" | "debt";

/** What energy and time cost, in the account's smallest amounts. */
export interface PaymentTerms {
  /** For each import tariff: amounts for energy, as a fraction. */
  readonly perWattHour: readonly { readonly numerator: number; readonly denominator: number }[];
  readonly standing: { readonly amount: number; readonly periodMs: number };
  /** Collected out of payments: their share of each in ten-thousandths, and the amount that is collected at once when that is asked for. */
  readonly debt: { readonly proportion: number; readonly amount: number };
  readonly emergencyAmount: number;
  readonly lowThreshold: number;
}

/** Something that happens to the account. */
export type PaymentChange =
  | { readonly what: "setMode"; readonly mode: PaymentMode }
  | { readonly what: "activate" | "close" | "reset" | "selectEmergency" | "noteLow" | "noteConsumed" }
  /** The supply ended for want of credit, or came back. */
  | { readonly what: "noteSupply"; readonly isEnded: boolean }
  /** Terms changed: what is due so far is due by the old ones. */
  | { readonly what: "newTerms" }
  | { readonly what: "addCredit"; readonly amount: number }
  | { readonly what: "setCredit"; readonly amount: number }
  | { readonly what: "takeToken"; readonly token: TakenToken }
  /** The amount that is still to be collected out of payments. */
  | { readonly what: "setDebt"; readonly amount: number }
  /** One collection, now, of a charge that is not for energy. */
  | { readonly what: "collect"; readonly charge: "standing" | "debt" };
export type PaymentMode = "credit" | "prepayment";
export type AccountStatus = "new" | "active" | "closed";

/** A token as it was judged; `amount` is credited where it was good. */
export interface TakenToken {
  /** As it came, in hex. */
  readonly octets: string;
  readonly outcome: "executed" | "formatFailure" | "authenticationFailure" | "validationFailure";
  readonly id: number | undefined;
  readonly amount: number;
}
