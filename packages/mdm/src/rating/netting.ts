import { civilDateOf } from "@amity/intervals";
import type { Flow } from "../tariff/tariff.ts";
import type { BillLine, Carried, RatingInput } from "./bill.ts";
import { Money, ZERO } from "./money.ts";
import { energyKwh, flowOf, type Segment } from "./segment.ts";
import type { RatingState } from "./state.ts";

/** Surplus that came from the bill before and what this bill makes of it. */
export interface NettingState {
  /** kWh carried, by time of use; used up and added to while rating. */
  readonly energyKwh: Map<string, Money>;
  money: Money;
  /** Netted energy by time of use of each segment, computed once. */
  readonly settled: Map<Segment, readonly Money[]>;
}

export function startNetting(input: RatingInput): NettingState {
  const energy = Object.entries(input.carried?.energyKwh ?? {}).map(([period, kwh]) => [period, new Money(kwh)] as const);
  return { energyKwh: new Map(energy), money: new Money(input.carried?.money ?? 0), settled: new Map() };
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
  const carries = segment.ready.version.netting?.surplus === "kWh";
  const settled = segment.ready.calendar.periods.map((name, index) => {
    const only = new Set([index]);
    const net = energyKwh(imports, only).minus(energyKwh(exports, only));
    if (!carries) return net;
    const open = net.minus(netting.energyKwh.get(name) ?? ZERO);
    netting.energyKwh.set(name, Money.max(0, open.neg()));
    return Money.max(0, open);
  });
  netting.settled.set(segment, settled);
  return settled;
}

/** Carries or settles what is left over: adds its lines, and says what the next bill begins with. */
export function finishNetting(state: RatingState, last: Segment): Carried | undefined {
  const { netting } = last.ready.version;
  if (netting === undefined || netting.kind === "none") return undefined;
  const { month } = civilDateOf(state.input.toDay - 1);
  const isTrueUp = netting.trueUpMonth === month;
  settleMoney(state, last, isTrueUp);
  if (!isTrueUp) return carriedOf(state.netting);
  const surplus = [...state.netting.energyKwh.values()].reduce((sum, kwh) => sum.plus(kwh), ZERO);
  if (surplus.gt(0) && netting.trueUpRate !== undefined) {
    addLine(state, last, {
      label: "Surplus energy settled",
      quantity: surplus,
      unit: "kWh",
      rate: new Money(netting.trueUpRate),
      amount: surplus.times(netting.trueUpRate).neg(),
    });
  }
  state.netting.energyKwh.clear();
  return carriedOf(state.netting);
}

function settleMoney(state: RatingState, last: Segment, isTrueUp: boolean): void {
  const netting = last.ready.version.netting;
  const total = state.lines.reduce((sum, line) => sum.plus(line.amount), ZERO);
  if (netting?.surplus === "forfeit" && total.isNegative())
    addLine(state, last, { label: "Credit not paid out", quantity: total.neg(), unit: "credit", amount: total.neg() });
  if (netting?.surplus !== "money") return;
  const balance = total.minus(state.netting.money);
  const applied = Money.min(state.netting.money, Money.max(0, total));
  if (applied.gt(0)) addLine(state, last, { label: "Credit applied", quantity: applied, unit: "credit", amount: applied.neg() });
  state.netting.money = balance.isNegative() ? balance.neg() : ZERO;
  if (total.isNegative()) addLine(state, last, { label: "Credit carried", quantity: total.neg(), unit: "credit", amount: total.neg() });
  if (!isTrueUp) return;
  if (netting.trueUpPaysMoney === true && state.netting.money.gt(0))
    addLine(state, last, { label: "Credit paid out", quantity: state.netting.money, unit: "credit", amount: state.netting.money.neg() });
  state.netting.money = ZERO;
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
  return { energyKwh: Object.fromEntries(energy), money: netting.money.toFixed() };
}
