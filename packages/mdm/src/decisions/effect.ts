import { isMissingSlot } from "@amity/intervals";
import type { Unit } from "@amity/model";
import { Money } from "../rating/money.ts";
import type { DecisionEffect } from "./decision.ts";
import type { Plan, PlannedDay } from "./plan.ts";
import type { DecisionPolicy } from "./policy.ts";

interface Sum {
  before: Money;
  after: Money;
  moved: Money;
}

/** What a plan changes, without its bills. */
export function effectOf(plan: Plan, policy: DecisionPolicy): Omit<DecisionEffect, "bills"> {
  const sums = new Map<Unit, Sum>();
  const meters = new Set<string>();
  const channels = new Set<number>();
  let intervals = 0;
  for (const day of plan.days) {
    meters.add(day.channel.meterId);
    channels.add(day.channel.channelId);
    intervals += addDay(sums, day, plan.multipliers.get(day.channel.channelId) ?? 1);
  }
  for (const { meterId } of plan.moves) meters.add(meterId);
  for (const channelId of plan.inQuestion.keys()) channels.add(channelId);
  return {
    exceptions: plan.moves.length,
    skipped: plan.skipped,
    meters: meters.size,
    channels: channels.size,
    days: plan.days.length,
    intervals,
    amounts: [...sums].map(([unit, { before, after, moved }]) => ({
      unit,
      before: before.toFixed(),
      after: after.toFixed(),
      moved: moved.toFixed(),
    })),
    atStake: atStake(plan, sums, policy),
  };
}

/** Adds what a day changes; returns in how many intervals. A missing value counts as nothing. */
function addDay(sums: Map<Unit, Sum>, { channel, before, block }: PlannedDay, multiplier: number): number {
  let [standing, becoming, moved, changed] = [0, 0, 0, 0];
  for (let slot = 0; slot < block.values.length; slot++) {
    const old = valueAt(before, slot);
    const made = valueAt(block, slot);
    if (old === made && before.qualities[slot] === block.qualities[slot]) continue;
    changed++;
    standing += old;
    becoming += made;
    moved += Math.abs(made - old);
  }
  const factor = new Money(10).pow(channel.scaler).times(multiplier);
  const sum = sums.get(channel.unit) ?? { before: new Money(0), after: new Money(0), moved: new Money(0) };
  sums.set(channel.unit, {
    before: sum.before.plus(factor.times(standing)),
    after: sum.after.plus(factor.times(becoming)),
    moved: sum.moved.plus(factor.times(moved)),
  });
  return changed;
}

function valueAt(block: PlannedDay["block"], slot: number): number {
  return isMissingSlot(block.qualities[slot] ?? 0) ? 0 : (block.values[slot] ?? 0);
}

/** The larger of what is moved and what was in question. Reactive energy and the like have no price of their own here. */
function atStake(plan: Plan, sums: ReadonlyMap<Unit, Sum>, policy: DecisionPolicy): DecisionEffect["atStake"] {
  const inQuestion = (unit: Unit): Money => {
    let total = new Money(0);
    for (const [channelId, counts] of plan.inQuestion) {
      const channel = plan.channels.get(channelId);
      if (channel?.unit !== unit) continue;
      total = total.plus(
        new Money(10)
          .pow(channel.scaler)
          .times(plan.multipliers.get(channelId) ?? 1)
          .times(counts),
      );
    }
    return total;
  };
  const larger = (unit: Unit): Money => Money.max(sums.get(unit)?.moved ?? 0, inQuestion(unit));
  const kWh = larger("Wh").div(1000);
  const cubicMetres = larger("m3");
  const money = kWh.times(policy.prices.perKwh).plus(cubicMetres.times(policy.prices.perCubicMetre));
  return { kWh: kWh.toFixed(), cubicMetres: cubicMetres.toFixed(), money: money.toFixed(2), currency: policy.currency };
}
