import { parseObis } from "@amity/dlms";
import type { MeterBehaviour, OwnActions, Outlook } from "../metrology/own-actions.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { alarmFilterOf } from "./alarm-objects.ts";
import { calendarActivation, isActiveCalendar } from "./calendar-object.ts";
import { monitorActions } from "./monitors.ts";
import type { ReadNumber } from "./monitored-value.ts";
import { paymentActions } from "./payment-actions.ts";
import { paymentTermsOf } from "./payment-terms.ts";
import { scheduleActions } from "./schedule-entries.ts";
import { scheduledActions } from "./schedules.ts";
import { switchedOff } from "./function-control.ts";
import { isMonitored } from "./parameter-monitor.ts";
import { UnderstoodSettings } from "./settings.ts";
import { TARIFF_OBJECTS, tariffPlanOf } from "./tariff-plan.ts";
import type { TariffPlan } from "../metrology/tariff-book.ts";
import type { Zone } from "@amity/intervals";

/** Account, credits and charges, and the friendly times. */
const PAYMENT_PREFIX = "0-0:19.";
const { calendar, specialDays, activation } = TARIFF_OBJECTS;
const TARIFF_SETTINGS = [
  [calendar, 3],
  [calendar, 4],
  [calendar, 5],
  [specialDays, 2],
  [activation, 3],
] as const;

/** How a DLMS/COSEM meter acts by itself, after what its objects were set to. `read` gives it the values that it watches. */
export function cosemBehaviour(read: ReadNumber, classOf: (object: string) => number | undefined): MeterBehaviour<SimulatedMeter> {
  const plans = new Map<Zone | undefined, UnderstoodSettings<TariffPlan>>();
  return {
    next: (meter, outlook) => earliest(meter, outlook, read),
    tariffPlan(meter) {
      const { type, zone } = meter.surroundings;
      const base = type.timeBase === "local" ? zone : undefined;
      let settings = plans.get(base);
      if (settings === undefined) plans.set(base, (settings = planSettings(base)));
      return settings.of(meter, TARIFF_SETTINGS);
    },
    isTariffSetting: (object, ids) => object === specialDays || object === activation || (object === calendar && isActiveCalendar(ids)),
    paymentTerms: paymentTermsOf,
    isPaymentSetting: (object) => object.startsWith(PAYMENT_PREFIX),
    monitoredClass: (meter, object, attributeId) => (isMonitored(meter, object, attributeId) ? classOf(object) : undefined),
    pushes: (meter, setup) => !switchedOff(meter).has(parseObis(`0-${setup}:25.9.0`)),
    alarmFilter: alarmFilterOf,
    actsOutside: (meter) => meter.isConfigured || meter.functionsIfAny?.payment !== undefined,
  };
}

function planSettings(zone: Zone | undefined): UnderstoodSettings<TariffPlan> {
  return new UnderstoodSettings(
    ([seasons, weeks, days, special, masks]) => tariffPlanOf({ seasons, weeks, days, specialDays: special, masks }, zone),
    tariffPlanOf({}, zone),
  );
}

/** What comes first; everything of one instant together, for the next look begins after it. */
function earliest(meter: SimulatedMeter, outlook: Outlook, read: ReadNumber): OwnActions | undefined {
  const scheduled = [...scheduledActions(meter, outlook), ...scheduleActions(meter, outlook)].map(({ atMs, operation }): OwnActions => ({
    atMs,
    operations: [operation],
  }));
  const activating = calendarActivation(meter, outlook);
  const planned = [...scheduled, ...(activating === undefined ? [] : [activating])];
  // What was missed without power is made up for when it comes back: all of that is one instant.
  const instantOf = ({ atMs }: OwnActions): number => Math.max(atMs, meter.lastOperationMs);
  const paying = paymentActions(meter, outlook);
  if (paying !== undefined) planned.push(paying);
  const firstMs = Math.min(outlook.toMs, ...planned.map(instantOf));
  const monitored = monitorActions(meter, { ...outlook, toMs: firstMs }, read);
  if (monitored !== undefined && monitored.atMs < firstMs) return monitored;
  const due = [...planned.filter((one) => instantOf(one) === firstMs), ...(monitored === undefined ? [] : [monitored])];
  return due.length === 0 ? undefined : { atMs: firstMs, operations: due.flatMap(({ operations }) => operations) };
}
