import { toHex } from "@amity/bytes";
import { data, parseObis, timeClasses, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import { readDateTime } from "./civil-time.ts";
import { configuredValue, refusalOfValue, toConfigure } from "./configured-values.ts";
import { READ_REFUSED, RIGHTS, value, type MeterObject, type ObjectContext } from "./meter-object.ts";

const NAME = "0-0:13.0.0";
/** Name, seasons, weeks and days: the active calendar, and the passive one behind it. */
const ACTIVE = [2, 3, 4, 5] as const;
const TO_PASSIVE = 4;
const ACTIVATION_TIME = 10;
const NOT_SPECIFIED = data.octets(new Uint8Array(12).fill(0xff));

/**
 * Class 20 Activity calendar, 0-0:13.0.0: the passive calendar is written, then activated by method 1 or at a time of the
 * meter's clock. One whose weeks or days are missing is not activated.
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
    read(attributeId, context) {
      if (attributeId > ACTIVATION_TIME) return READ_REFUSED.undefined;
      const isActive = attributeId <= TO_PASSIVE + 1;
      return value(kept(context, isActive && isDue(context) ? attributeId + TO_PASSIVE : attributeId));
    },
    async write(attributeId, given, context) {
      if (attributeId <= TO_PASSIVE + 1) return "read-write-denied";
      const refusal = refusalOfValue(timeClasses.activityCalendar, attributeId, given);
      if (refusal !== undefined) return refusal;
      // What was due is carried out before the passive calendar changes under it.
      if (isDue(context) && !(await activate(context))) return "temporary-failure";
      const values = [toConfigure(attributeId, given)];
      return (await context.perform({ kind: "configure", atMs: context.nowMs, object: NAME, values })) ? "success" : "temporary-failure";
    },
    async invoke(_methodId, _parameters, context): Promise<InvokeOutcome> {
      if (!isConsistent(context)) return { kind: "refused", result: "other-reason" };
      return (await activate(context)) ? { kind: "done" } : { kind: "refused", result: "temporary-failure" };
    },
  };
}

function kept(context: ObjectContext, attributeId: number): DlmsData {
  const isName = attributeId === 2 || attributeId === 2 + TO_PASSIVE;
  const factory = attributeId === ACTIVATION_TIME ? NOT_SPECIFIED : isName ? data.octets(new Uint8Array(0)) : data.array();
  return configuredValue(context, NAME, attributeId, factory);
}

function activate(context: ObjectContext): Promise<boolean> {
  const copied = ACTIVE.map((id) => toConfigure(id, kept(context, id + TO_PASSIVE)));
  const values = [...copied, toConfigure(ACTIVATION_TIME, NOT_SPECIFIED)];
  return context.perform({ kind: "configure", atMs: context.nowMs, object: NAME, values });
}

/** Whether the time of activation has come by the meter's clock, and there is something to activate. */
function isDue(context: ObjectContext): boolean {
  const time = kept(context, ACTIVATION_TIME);
  if (time.type !== "octet-string" && time.type !== "date-time") return false;
  const atMs = readDateTime(time.value, context.base);
  return typeof atMs === "number" && atMs <= context.meter.clockAt(context.nowMs) && isConsistent(context);
}

/** Every season has its week, every week its days, and there is a season. */
function isConsistent(context: ObjectContext): boolean {
  const { seasonProfilePassive, weekProfileTablePassive, dayProfileTablePassive } = timeClasses.activityCalendar.attributes;
  const seasons = seasonProfilePassive.decode(kept(context, 7));
  const weeks = weekProfileTablePassive.decode(kept(context, 8));
  const days = new Set(dayProfileTablePassive.decode(kept(context, 9)).map(({ dayId }) => dayId));
  const names = new Set(weeks.map(({ weekProfileName }) => toHex(weekProfileName)));
  return (
    seasons.length > 0 &&
    seasons.every(({ weekName }) => names.has(toHex(weekName))) &&
    weeks.every(({ weekProfileName: _name, ...week }) => Object.values(week).every((day) => days.has(day)))
  );
}
