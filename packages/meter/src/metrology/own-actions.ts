import type { MeterOperation } from "./operations.ts";
import type { PaymentTerms } from "./payment-change.ts";
import type { TariffPlan } from "./tariff-book.ts";

/** What a meter does by itself at one instant. */
export interface OwnActions {
  /** True time. */
  readonly atMs: number;
  readonly operations: readonly MeterOperation[];
}

/** The stretch of time in which to look: after the first, up to and with the second. `clockMs`: what the meter's clock showed at `afterMs`. */
export interface Outlook {
  readonly afterMs: number;
  readonly afterClockMs: number;
  readonly toMs: number;
}

/**
 * How a model of meter acts by itself: its schedules, monitors, calendar, account. Plain functions of the meter and the
 * time, shared by all meters `M` of the model; what they decide becomes operations, so that a replay decides the same.
 */
export interface MeterBehaviour<M> {
  /** The first things due in the outlook. */
  next(meter: M, outlook: Outlook): OwnActions | undefined;
  /** The tariff plan that the meter's settings amount to. */
  tariffPlan(meter: M): TariffPlan;
  /** Whether attributes of an object are part of the tariff plan. */
  isTariffSetting(object: string, attributeIds: readonly number[]): boolean;
  /** What the account charges. */
  paymentTerms(meter: M): PaymentTerms;
  isPaymentSetting(object: string): boolean;
  /** The class of an object whose parameter is watched by the parameter monitor; `undefined`: it is not. */
  monitoredClass(meter: M, object: string, attributeId: number): number | undefined;
  /** Whether push setup n pushes. */
  pushes(meter: M, setup: number): boolean;
  /** Alarm bits that are pushed. */
  alarmFilter(meter: M): number;
  /** Whether anybody outside would notice what the meter does by itself: supply, alarms, pushes. */
  actsOutside(meter: M): boolean;
}
