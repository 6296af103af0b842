import type {
  Decision as DecisionShape,
  DecisionAsk as AskShape,
  DecisionEffect as EffectShape,
  IntervalChange as ChangeShape,
} from "@amity/api";
import { formatDay, parseDay } from "@amity/intervals";
import { channelsById, type Channel, type Decision, type DecisionAsk, type DecisionEffect, type IntervalChange } from "@amity/mdm";
import { instantText } from "../api/cursor.ts";
import { intervalChannel } from "../api/interval-views.ts";
import type { UtilityParts } from "../api/utility-parts.ts";
import { selected } from "./cluster-views.ts";

const SKIPPED_MAX = 100;

/** What was asked for as the MDM takes it; `undefined` where it names a cluster or a channel that is not there. */
export async function askOf(parts: UtilityParts, ask: AskShape): Promise<DecisionAsk | undefined> {
  switch (ask.kind) {
    case "undo":
      return { kind: "undo", decisionId: ask.decision };
    case "edit": {
      const channel = await intervalChannel(parts, ask.meterId, ask.channel);
      if (channel === undefined) return undefined;
      const { channelId } = channel;
      return { kind: "edit", channelId, fromMs: Date.parse(ask.from), toMs: Date.parse(ask.to), change: changeOf(ask.change) };
    }
    case "exceptions": {
      const exceptionIds = await selected(parts, ask.selection);
      if (exceptionIds === undefined) return undefined;
      if (ask.action !== "edit") return { kind: "exceptions", exceptionIds, action: ask.action };
      return ask.change === undefined ? undefined : { kind: "exceptions", exceptionIds, action: "edit", change: changeOf(ask.change) };
    }
  }
}

function changeOf(change: ChangeShape): IntervalChange {
  return change.kind === "copyDay" ? { kind: "copyDay", day: parseDay(change.day) ?? 0 } : change;
}

/** The channels that decisions edit, for their shapes. */
export function channelsOf(parts: UtilityParts, decisions: readonly Decision[]): Promise<ReadonlyMap<number, Channel>> {
  const ids = decisions.flatMap(({ ask }) => (ask.kind === "edit" ? [ask.channelId] : []));
  return channelsById(parts.mdm.store, [...new Set(ids)]);
}

export function decisionShape(decision: Decision, channels: ReadonlyMap<number, Channel>): DecisionShape {
  const { ask, review, doneAtMs, undoes, undoneBy, outcome } = decision;
  const channel = ask.kind === "edit" ? channels.get(ask.channelId) : undefined;
  return {
    id: decision.decisionId,
    title: titleOf(decision, channel),
    kind: ask.kind,
    state: decision.state,
    by: decision.author,
    reason: decision.reason,
    at: instantText(decision.requestedAtMs),
    effect: effectShape(decision.effect),
    secondPerson: decision.secondPerson,
    ...(review === undefined ? {} : { review: { by: review.by, at: instantText(review.atMs), note: review.note } }),
    ...(doneAtMs === undefined ? {} : { doneAt: instantText(doneAtMs) }),
    ...(undoes === undefined ? {} : { undoes }),
    ...(undoneBy === undefined ? {} : { undoneBy }),
    ...(outcome === "" ? {} : { outcome }),
    ...(ask.kind !== "edit" || channel === undefined
      ? {}
      : { edit: { meterId: channel.meterId, channel: channel.name, from: instantText(ask.fromMs), to: instantText(ask.toMs) } }),
  };
}

export function effectShape({ skipped, bills, ...effect }: DecisionEffect): EffectShape {
  return {
    ...effect,
    amounts: effect.amounts.map((amount) => ({ ...amount })),
    skipped: skipped.slice(0, SKIPPED_MAX).map(({ exceptionId, reason }) => ({ exception: exceptionId, reason })),
    skippedCount: skipped.length,
    bills: {
      rated: bills.rated,
      notRated: bills.notRated,
      change: bills.change,
      changes: bills.changes.map(({ billId, usagePointId, ...change }) => ({ bill: billId, usagePoint: usagePointId, ...change })),
    },
  };
}

const EMPTY_EFFECT: DecisionEffect = {
  exceptions: 0,
  skipped: [],
  meters: 0,
  channels: 0,
  days: 0,
  intervals: 0,
  amounts: [],
  atStake: { kWh: "0", cubicMetres: "0", money: "0.00", currency: "" },
  bills: { changes: [], rated: 0, notRated: 0, change: "0.00" },
};

/** A decision that is being planned and not kept yet. */
export function plannedDecision(asked: Pick<Decision, "decisionId" | "ask" | "author" | "reason" | "requestedAtMs">): Decision {
  return {
    ...asked,
    state: "running",
    fingerprint: "",
    effect: EMPTY_EFFECT,
    secondPerson: "",
    review: undefined,
    doneAtMs: undefined,
    undoes: asked.ask.kind === "undo" ? asked.ask.decisionId : undefined,
    undoneBy: undefined,
    outcome: "",
  };
}

const ACTIONS = { accept: "Accept as measured", estimate: "Keep the estimates of", dismiss: "Dismiss", edit: "Edit" } as const;

function titleOf({ ask, undoes }: Decision, channel: Channel | undefined): string {
  switch (ask.kind) {
    case "undo":
      return `Undo ${undoes ?? ask.decisionId}`;
    case "edit":
      return `Edit ${channel?.meterId ?? "a channel"}: ${changeWords(ask.change)}`;
    case "exceptions": {
      const count = ask.exceptionIds.length;
      const what = `${count} ${count === 1 ? "exception" : "exceptions"}`;
      return ask.action === "edit" ? `${ACTIONS.edit} ${what}: ${changeWords(ask.change)}` : `${ACTIONS[ask.action]} ${what}`;
    }
  }
}

function changeWords(change: IntervalChange): string {
  switch (change.kind) {
    case "set":
      return `set each interval to ${change.value}`;
    case "values":
      return `set ${change.values.filter((value) => value !== null).length} values`;
    case "scale":
      return `scale by ${change.factor}`;
    case "copyDay":
      return `copy from ${formatDay(change.day)}`;
    case "estimate":
      return `estimate by ${change.method}`;
  }
}
