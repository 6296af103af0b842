import type { IntervalBlock } from "@amity/intervals";
import type { Unit } from "@amity/model";
import type { EstimatorName } from "../estimation/plan.ts";
import type { ChannelId } from "../ledger/channel-id.ts";

/**
 * A change of a run of intervals. Values are counts of the channel. Every kind but `estimate` leaves the quality `edited`,
 * which nothing that is delivered replaces; an estimate stays an estimate, and gives way to what is measured.
 */
export type IntervalChange =
  /** The same value in each interval. */
  | { readonly kind: "set"; readonly value: number }
  /** One value for each interval from the first on; null leaves the interval as it is. */
  | { readonly kind: "values"; readonly values: readonly (number | null)[] }
  /** Every value times a decimal factor, rounded to a count. */
  | { readonly kind: "scale"; readonly factor: string }
  /** The values of another civil day at the same time of day. */
  | { readonly kind: "copyDay"; readonly day: number }
  /** By one estimator with its usual parameters. */
  | { readonly kind: "estimate"; readonly method: EstimatorName; readonly scaleToRegisters: boolean };

/** `accept`: the meter's values take the estimates' place. `estimate`: the estimates stay. `dismiss`: nothing changes. */
export type ExceptionAction = "accept" | "estimate" | "dismiss";

/** What somebody wants done. */
export type DecisionAsk =
  | { readonly kind: "exceptions"; readonly exceptionIds: readonly string[]; readonly action: ExceptionAction }
  /** The change is made over each exception's own time. */
  | { readonly kind: "exceptions"; readonly exceptionIds: readonly string[]; readonly action: "edit"; readonly change: IntervalChange }
  | {
      readonly kind: "edit";
      readonly channelId: ChannelId;
      readonly fromMs: number;
      readonly toMs: number;
      readonly change: IntervalChange;
    }
  /** Puts back what a decision changed, as new versions, and opens its exceptions again. */
  | { readonly kind: "undo"; readonly decisionId: string };

/** What a bill becomes. Totals are decimal text in the bill's currency. */
export interface BillChange {
  readonly billId: string;
  readonly usagePointId: string;
  readonly state: "held" | "issued";
  readonly currency: string;
  readonly before: string;
  readonly after: string;
}

/** What a decision changes. Amounts are decimal text in the channel's unit, multiplier of transformers applied. */
export interface DecisionEffect {
  /** Exceptions that change their state. */
  readonly exceptions: number;
  /** Named, but left alone. */
  readonly skipped: readonly { readonly exceptionId: string; readonly reason: string }[];
  readonly meters: number;
  readonly channels: number;
  readonly days: number;
  readonly intervals: number;
  readonly amounts: readonly {
    readonly unit: Unit;
    readonly before: string;
    readonly after: string;
    /** Sum of the absolute changes. */
    readonly moved: string;
  }[];
  /** Larger of what is moved and what was in question, at the policy's prices. */
  readonly atStake: { readonly kWh: string; readonly cubicMetres: string; readonly money: string; readonly currency: string };
  /** Bills that are not cancelled and whose total becomes another. */
  readonly bills: {
    readonly changes: readonly BillChange[];
    /** Bills over the changed time that were rated again. */
    readonly rated: number;
    /** Bills over the changed time that were not: more than one preview rates. */
    readonly notRated: number;
    readonly change: string;
  };
}

export interface DecisionPreview {
  /** Names what would be done to what: a request with another fingerprint than it finds is refused. */
  readonly fingerprint: string;
  readonly effect: DecisionEffect;
  /** Why somebody else must approve it; empty where nobody must. */
  readonly secondPerson: string;
  /** The days of an edit of one channel as they would be; empty for other asks. */
  readonly days: readonly IntervalBlock[];
}

/**
 * `running`: being made. `waiting`: for a second person. `superseded`: values or exceptions changed before it was approved.
 * `undone`: by another decision. `failed`: nothing was changed.
 */
export const DECISION_STATES = ["running", "waiting", "done", "undone", "rejected", "withdrawn", "superseded", "failed"] as const;
export type DecisionState = (typeof DECISION_STATES)[number];

/** A decision with everything that an auditor asks. */
export interface Decision {
  readonly decisionId: string;
  readonly ask: DecisionAsk;
  readonly fingerprint: string;
  readonly state: DecisionState;
  readonly author: string;
  readonly reason: string;
  readonly requestedAtMs: number;
  readonly effect: DecisionEffect;
  readonly secondPerson: string;
  /** Who approved or rejected it, where somebody had to. */
  readonly review: { readonly by: string; readonly atMs: number; readonly note: string } | undefined;
  readonly doneAtMs: number | undefined;
  /** The decision that this one undoes, and the one that undid it. */
  readonly undoes: string | undefined;
  readonly undoneBy: string | undefined;
  /** What went wrong, for `failed` and `superseded`. */
  readonly outcome: string;
}

export interface DecisionWarrant {
  /** Chosen by the requester: the same id again is the same decision. */
  readonly decisionId: string;
  readonly author: string;
  /** Never empty. */
  readonly reason: string;
  /** Of the preview that the requester saw; absent for a decision that nobody looked at before. */
  readonly fingerprint?: string;
}

export type DecisionOutcome =
  /** Made, or waiting for a second person: see its state. */
  | { readonly kind: "taken"; readonly decision: Decision }
  /** There was a decision of that id; nothing was done now. */
  | { readonly kind: "repeated"; readonly decision: Decision }
  /** What it would do is no longer what the requester saw, or somebody changed these days meanwhile; nothing was changed. */
  | { readonly kind: "superseded"; readonly reason: string; readonly decision?: Decision }
  /** Not by this person, or not in this state. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "notFound" };

/** Told on the way of a long decision. */
export interface DecisionProgress {
  readonly phase: "planning" | "rating" | "writing";
  readonly done: number;
  readonly total: number;
}
