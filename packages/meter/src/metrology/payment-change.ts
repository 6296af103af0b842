/** What energy and time cost, in the account's smallest amounts. */
export interface PaymentTerms {
  /** For each import tariff: amounts for energy, as a fraction. */
  readonly perWattHour: readonly { readonly numerator: number; readonly denominator: number }[];
  readonly standing: { readonly amount: number; readonly periodMs: number };
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
  | { readonly what: "takeToken"; readonly token: TakenToken };
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
