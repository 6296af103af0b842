import { data, dataClasses, type DlmsData } from "@amity/dlms";
import { demandAt, peakBetween, type DemandPeak, type DemandSettings } from "../metrology/demand.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { dateTimeOctets } from "./civil-time.ts";
import { configuredObject } from "./configured-object.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { numberOf } from "./monitored-value.ts";
import { NO_DATE } from "./no-date.ts";
import { UnderstoodSettings } from "./settings.ts";

const WATTS = data.structure(data.integer(0), data.enumerated(27));
const NORMAL = data.unsigned(0);
const PERIODS_MAX = 15;
const FACTORY: DemandSettings = { periodSeconds: 900, periods: 1 };

/** Import and export, as groups C of their names. */
const DIRECTIONS = [
  { register: 0, group: 1 },
  { register: 1, group: 2 },
] as const;

const UNDERSTOOD = new UnderstoodSettings<DemandSettings>(
  ([period, periods]) => ({
    periodSeconds: (period === undefined ? undefined : numberOf(period)) ?? FACTORY.periodSeconds,
    periods: (periods === undefined ? undefined : numberOf(periods)) ?? FACTORY.periods,
  }),
  FACTORY,
);

/** Demand registers (class 5) 1-0:1.4.0 and 2.4.0, in blocks or, with more than one period, sliding; maximum demand (class 4) 1.6.0 and 2.6.0 of the billing period. */
export function demandObjects(): MeterObject[] {
  return DIRECTIONS.flatMap(({ register, group }) => [demandRegister(register, group), maximumRegister(register, group)]);
}

/** The maximum of a billing period that began at one instant and ended at the other. */
export function maximumDemand(
  meter: SimulatedMeter,
  register: 0 | 1,
  span: { readonly fromMs: number; readonly toMs: number },
): DemandPeak | undefined {
  const name = `1-0:${register + 1}.4.0`;
  return peakBetween(
    meter,
    register,
    UNDERSTOOD.of(meter, [
      [name, 8],
      [name, 9],
    ]),
    span,
  );
}

/** When the running billing period began: the last reset, or before all time. */
export function billingPeriodStart(meter: SimulatedMeter): number {
  return meter.functions.billing.resets.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
}

/** A stamp of the meter's clock; not specified where there is none. */
export function stampOf(clockMs: number | undefined, { base }: Pick<ObjectContext, "base">): DlmsData {
  return clockMs === undefined ? NO_DATE : data.octets(dateTimeOctets(clockMs, base));
}

function demandRegister(register: 0 | 1, group: number): MeterObject {
  const name = `1-0:${group}.4.0`;
  const now = ({ meter, nowMs }: ObjectContext) =>
    demandAt(
      meter,
      register,
      UNDERSTOOD.of(meter, [
        [name, 8],
        [name, 9],
      ]),
      nowMs,
    );
  return configuredObject({
    class: dataClasses.demandRegister,
    name,
    values: {
      currentAverageValue: (context) => data.doubleLongUnsigned(now(context).currentW),
      lastAverageValue: (context) => data.doubleLongUnsigned(now(context).lastW),
      scalerUnit: WATTS,
      status: NORMAL,
      captureTime: (context) => stampOf(now(context).capturedClockMs, context),
      startTimeCurrent: (context) => stampOf(now(context).startClockMs, context),
      period: data.doubleLongUnsigned(FACTORY.periodSeconds),
      numberOfPeriods: data.longUnsigned(FACTORY.periods),
    },
    writable: ["period", "numberOfPeriods"],
    judge(attribute, given) {
      const number = numberOf(given) ?? 0;
      const isGood = attribute === "period" ? number >= 60 && 3_600 % number === 0 : number >= 1 && number <= PERIODS_MAX;
      return isGood ? undefined : "other-reason";
    },
  });
}

function maximumRegister(register: 0 | 1, group: number): MeterObject {
  const peak = ({ meter, nowMs }: ObjectContext): DemandPeak | undefined =>
    maximumDemand(meter, register, { fromMs: billingPeriodStart(meter), toMs: nowMs });
  return configuredObject({
    class: dataClasses.extendedRegister,
    name: `1-0:${group}.6.0`,
    values: {
      value: (context) => data.doubleLongUnsigned(peak(context)?.watts ?? 0),
      scalerUnit: WATTS,
      status: NORMAL,
      captureTime: (context) => stampOf(peak(context)?.clockMs, context),
    },
  });
}
