import { civilDateOf } from "@amity/intervals";
import type { Flow, Netting } from "../tariff/tariff.ts";
import type { BillLine, Carried, RatingInput } from "./bill.ts";
import { Money, ZERO } from "./money.ts";
import { energyKwh, flowOf, type FlowPart, type Segment } from "./segment.ts";
import type { NettingState, RatingState } from "./state.ts";

export function startNetting(input: RatingInput): NettingState {
  const energy = Object.entries(input.carried?.energyKwh ?? {}).map(([period, kwh]) => [period, new Money(kwh)] as const);
  return {
    energyKwh: new Map(energy),
    money: new Money(input.carried?.money ?? 0),
    netKwh: new Money(input.carried?.netKwh ?? 0),
    settled: new Map(),
    isCarried: false,
  };
}

/**
 * Under net metering the billed import of a period is import less export less what was carried, never below zero; the
 * rest is carried. Undefined where the tariff does not net over the bill or the flow is not the net one.
 */
export function nettedKwh(flow: Flow, periods: ReadonlySet<number> | undefined, segment: Segment, state: RatingState): Money | undefined {
  if (segment.ready.version.netting?.kind !== "billingPeriod" || (flow !== "netImport" && flow !== "netExport")) return undefined;
  const settled = state.netting.settled.get(segment) ?? settle(segment, state);
  let total = ZERO;
  for (const [period, kwh] of settled.entries()) {
    if (periods !== undefined && !periods.has(period)) continue;
    if (flow === "netImport" ? kwh.isPositive() : kwh.isNegative()) total = total.plus(kwh.abs());
  }
  return total;
}

function settle(segment: Segment, state: RatingState): readonly Money[] {
  const { netting, input } = state;
  const imports = flowOf(segment, input, "import");
  const exports = flowOf(segment, input, "export");
  const rules = segment.ready.version.netting;
  const { periods } = segment.ready.calendar;
  const net = periods.map((name) => {
    const group = indicesOf(periods, name, rules?.netTogether);
    return group.size === 0 ? ZERO : energyKwh(imports, group).minus(energyKwh(exports, group));
  });
  netting.netKwh = Money.max(0, netting.netKwh.minus(net.reduce((sum, kwh) => sum.plus(kwh), ZERO)));
  if (rules?.surplus === "kWh") {
    moveCarried(netting, rules, occurringPeriods(imports, periods));
    for (const [index, name] of periods.entries()) {
      const open = (net[index] ?? ZERO).minus(netting.energyKwh.get(name) ?? ZERO);
      netting.energyKwh.set(name, Money.max(0, open.neg()));
      net[index] = Money.max(0, open);
    }
  }
  netting.settled.set(segment, net);
  return net;
}

/** What nets under a name: itself, or all of its list where it stands first; nothing where another stands for it. */
function indicesOf(periods: readonly string[], name: string, lists: readonly (readonly string[])[] | undefined): ReadonlySet<number> {
  const list = lists?.find((candidate) => candidate.includes(name));
  if (list === undefined) return new Set([periods.indexOf(name)]);
  return list[0] === name ? new Set(list.map((other) => periods.indexOf(other)).filter((index) => index >= 0)) : new Set();
}

function occurringPeriods(parts: readonly FlowPart[], periods: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  for (const part of parts) for (let index = part.from; index < part.to; index += 1) seen.add(periods[part.slots[index] ?? 0] ?? "");
  return seen;
}

/** Moves the surplus of times of use that do not occur now to those that the tariff names for it. */
function moveCarried(netting: NettingState, rules: Netting, occurring: ReadonlySet<string>): void {
  for (const [from, targets] of Object.entries(rules.carryTo ?? {})) {
    const surplus = netting.energyKwh.get(from);
    const to = targets.find((name) => occurring.has(name));
    if (surplus === undefined || occurring.has(from) || to === undefined) continue;
    netting.energyKwh.delete(from);
    netting.energyKwh.set(to, (netting.energyKwh.get(to) ?? ZERO).plus(surplus));
  }
}

/** Credits, carries or forfeits what is left over: once a bill, at the netting charge or after all charges. */
export function carrySurplus(state: RatingState, segment: Segment): void {
  const rules = segment.ready.version.netting;
  if (rules === undefined || state.netting.isCarried || segment.toMs < state.input.usage.toMs) return;
  state.netting.isCarried = true;
  const total = state.lines.reduce((sum, line) => sum.plus(line.amount), ZERO);
  if (rules.surplus === "forfeit" && total.isNegative())
    addLine(state, segment, { label: "Credit not paid out", quantity: total.neg(), unit: "credit", amount: total.neg() });
  if (rules.surplus !== "money") return;
  const credits = rules.creditsApply === "nextBill" ? exportCredits(state) : ZERO;
  if (!credits.isZero()) addLine(state, segment, { label: "Credit for the next bill", quantity: credits, unit: "credit", amount: credits });
  const open = total.plus(credits);
  const applied = Money.min(state.netting.money, Money.max(0, open));
  if (applied.gt(0)) addLine(state, segment, { label: "Credit applied", quantity: applied, unit: "credit", amount: applied.neg() });
  if (open.isNegative()) addLine(state, segment, { label: "Credit carried", quantity: open.neg(), unit: "credit", amount: open.neg() });
  state.netting.money = state.netting.money.minus(applied).plus(credits).plus(Money.max(0, open.neg()));
}

/** What export lines earned, as a positive amount. */
function exportCredits(state: RatingState): Money {
  return state.lines
    .filter((line) => line.trace.flow === "export" || line.trace.flow === "netExport")
    .reduce((sum, line) => sum.minus(line.amount), ZERO);
}

/** Settles what is carried at the end of the netting year, and says what the next bill begins with. */
export function finishNetting(state: RatingState, last: Segment): Carried | undefined {
  const rules = last.ready.version.netting;
  if (rules === undefined || rules.kind === "none") return undefined;
  carrySurplus(state, last);
  if (rules.trueUpMonth !== civilDateOf(state.input.toDay - 1).month) return carriedOf(state.netting);
  if (rules.kind === "billingPeriod" && !state.netting.settled.has(last)) settle(last, state);
  const surplus =
    rules.trueUpOn === "netEnergy" ? state.netting.netKwh : [...state.netting.energyKwh.values()].reduce((sum, kwh) => sum.plus(kwh), ZERO);
  if (surplus.gt(0) && rules.trueUpRate !== undefined) {
    addLine(state, last, {
      label: "Surplus energy settled",
      quantity: surplus,
      unit: "kWh",
      rate: new Money(rules.trueUpRate),
      amount: surplus.times(rules.trueUpRate).neg(),
    });
  }
  const { money } = state.netting;
  if (rules.trueUpPaysMoney === true && money.gt(0))
    addLine(state, last, { label: "Credit paid out", quantity: money, unit: "credit", amount: money.neg() });
  return { energyKwh: {}, money: "0" };
}

interface CarriedLine {
  readonly label: string;
  readonly quantity: Money;
  readonly unit: BillLine["unit"];
  readonly rate?: Money;
  readonly amount: Money;
}

function addLine(state: RatingState, segment: Segment, line: CarriedLine): void {
  state.lines.push({
    id: `${state.lines.length + 1}`,
    chargeId: "carried",
    kind: "carried",
    label: line.label,
    tariffVersion: segment.ready.version.version,
    quantity: line.quantity.toFixed(),
    unit: line.unit,
    ...(line.rate === undefined ? {} : { rate: line.rate.toFixed() }),
    amount: line.amount.toFixed(),
    isTax: false,
    trace: { fromMs: segment.fromMs, toMs: segment.toMs },
  });
}

function carriedOf(netting: NettingState): Carried {
  const energy = [...netting.energyKwh].filter(([, kwh]) => kwh.gt(0)).map(([period, kwh]) => [period, kwh.toFixed()] as const);
  return {
    energyKwh: Object.fromEntries(energy),
    money: netting.money.toFixed(),
    ...(netting.netKwh.isZero() ? {} : { netKwh: netting.netKwh.toFixed() }),
  };
}
