import { toHex } from "@amity/bytes";
import { data, parseObis, timeClasses, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import type { OwnActions, Outlook } from "../metrology/own-actions.ts";
import type { ConfiguredValue } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { readDateTime } from "./civil-time.ts";
import { refusalOfValue, toConfigure } from "./configured-values.ts";
import { READ_REFUSED, RIGHTS, value, type MeterObject } from "./meter-object.ts";
import { UnderstoodSettings, settingOf } from "./settings.ts";
import { TARIFF_OBJECTS } from "./tariff-plan.ts";
import { timeBaseOf } from "./time-base.ts";

const NAME = TARIFF_OBJECTS.calendar;
/** Name, seasons, weeks and days: the active calendar, and the passive one behind it. */
const ACTIVE = [2, 3, 4, 5] as const;
const TO_PASSIVE = 4;
const ACTIVATION_TIME = 10;
const NOT_SPECIFIED = data.octets(new Uint8Array(12).fill(0xff));

/**
 * Class 20 Activity calendar, 0-0:13.0.0: the passive calendar is written, then activated by method 1 or, by the meter
 * itself, at a time of its clock. One whose weeks or days are missing is not activated.
 */
export function activityCalendarObject(): MeterObject {
  return {
    definition: {
      classId: 20,
      version: 0,
      instanceId: parseObis(NAME),
      attributes: Array.from({ length: ACTIVATION_TIME }, (_, index) => ({
        id: index + 1,
        access: index + 1 > TO_PASSIVE + 1 ? RIGHTS.managementWrites : RIGHTS.clientsRead,
      })),
      methods: [{ id: 1, access: RIGHTS.managementInvokes }],
    },
    read: (attributeId, { meter }) => (attributeId > ACTIVATION_TIME ? READ_REFUSED.undefined : value(kept(meter, attributeId))),
    async write(attributeId, given, context) {
      if (attributeId <= TO_PASSIVE + 1) return "read-write-denied";
      const refusal = refusalOfValue(timeClasses.activityCalendar, attributeId, given);
      if (refusal !== undefined) return refusal;
      const values = [toConfigure(attributeId, given)];
      return (await context.perform({ kind: "configure", atMs: context.nowMs, object: NAME, values })) ? "success" : "temporary-failure";
    },
    async invoke(_methodId, _parameters, context): Promise<InvokeOutcome> {
      const { meter, nowMs } = context;
      if (!isConsistent(meter)) return { kind: "refused", result: "other-reason" };
      const isDone = await context.perform({ kind: "configure", atMs: nowMs, object: NAME, values: activated(meter) });
      return isDone ? { kind: "done" } : { kind: "refused", result: "temporary-failure" };
    },
  };
}

/** Whether setting these attributes changes the calendar in force. */
export function isActiveCalendar(attributeIds: readonly number[]): boolean {
  return attributeIds.some((id) => id > ACTIVE[0] && id <= TO_PASSIVE + 1);
}

/** The activation of the passive calendar, where its time comes and there is something to activate. */
export function calendarActivation(meter: SimulatedMeter, { afterMs, toMs }: Outlook): OwnActions | undefined {
  if (meter.configured(NAME, ACTIVATION_TIME) === undefined) return undefined;
  const time = kept(meter, ACTIVATION_TIME);
  if (time.type !== "octet-string" && time.type !== "date-time") return undefined;
  const clockMs = readDateTime(time.value, timeBaseOf(meter));
  if (typeof clockMs !== "number" || clockMs > meter.clockAt(toMs) || !isConsistent(meter)) return undefined;
  const atMs = Math.min(toMs, Math.max(afterMs + 1, meter.trueAt(clockMs)));
  return { atMs, operations: [{ kind: "configure", atMs, object: NAME, values: activated(meter) }] };
}

function kept(meter: SimulatedMeter, attributeId: number): DlmsData {
  const isName = attributeId === 2 || attributeId === 2 + TO_PASSIVE;
  const factory = attributeId === ACTIVATION_TIME ? NOT_SPECIFIED : isName ? data.octets(new Uint8Array(0)) : data.array();
  return settingOf(meter, NAME, attributeId, factory);
}

/** The passive calendar as the active one; its time is over. */
function activated(meter: SimulatedMeter): ConfiguredValue[] {
  return [...ACTIVE.map((id) => toConfigure(id, kept(meter, id + TO_PASSIVE))), toConfigure(ACTIVATION_TIME, NOT_SPECIFIED)];
}

/** Every season has its week, every week its days, and there is a season. */
const CONSISTENT = new UnderstoodSettings<boolean>(([seasonsSet, weeksSet, daysSet]) => {
  const { seasonProfilePassive, weekProfileTablePassive, dayProfileTablePassive } = timeClasses.activityCalendar.attributes;
  const seasons = seasonsSet === undefined ? [] : seasonProfilePassive.decode(seasonsSet);
  const weeks = weeksSet === undefined ? [] : weekProfileTablePassive.decode(weeksSet);
  const days = new Set((daysSet === undefined ? [] : dayProfileTablePassive.decode(daysSet)).map(({ dayId }) => dayId));
  const names = new Set(weeks.map(({ weekProfileName }) => toHex(weekProfileName)));
  return (
    seasons.length > 0 &&
    seasons.every(({ weekName }) => names.has(toHex(weekName))) &&
    weeks.every(({ weekProfileName: _name, ...week }) => Object.values(week).every((day) => days.has(day)))
  );
}, false);

function isConsistent(meter: SimulatedMeter): boolean {
  return CONSISTENT.of(meter, [
    [NAME, 7],
    [NAME, 8],
    [NAME, 9],
  ]);
}
