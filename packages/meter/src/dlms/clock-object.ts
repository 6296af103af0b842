import { data, parseObis, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import { CLOCK_STATUS, dateTimeOctets, readDateTime } from "./civil-time.ts";
import { READ_REFUSED, RIGHTS, attributes, value, type MeterObject, type ObjectContext } from "./meter-object.ts";

/** Class 8 Clock, 0-0:1.0.0: time may be set by attribute 2 or shifted by method 6. */
export function clockObject(): MeterObject {
  const definition = {
    classId: 8,
    version: 0,
    instanceId: parseObis("0-0:1.0.0"),
    attributes: [
      { id: 1, access: RIGHTS.everybodyReads },
      { id: 2, access: { ...RIGHTS.everybodyReads, management: RIGHTS.managementWrites.management } },
      ...attributes(RIGHTS.clientsRead, 9).slice(2),
    ],
    methods: [1, 2, 3, 6].map((id) => ({ id, access: RIGHTS.managementInvokes })),
  };
  return {
    definition,
    read: readClock,
    async write(attributeId, time, context) {
      if (attributeId !== 2) return "read-write-denied";
      if (time.type !== "octet-string" && time.type !== "date-time") return "type-unmatched";
      const toMs = readDateTime(time.value, context.base);
      if (typeof toMs !== "number") return "other-reason";
      return (await context.perform({ kind: "setClock", atMs: context.nowMs, toMs })) ? "success" : "temporary-failure";
    },
    invoke: adjustClock,
  };
}

function readClock(attributeId: number, context: ObjectContext): ReturnType<MeterObject["read"]> {
  const { meter, base, nowMs } = context;
  const clockMs = meter.clockAt(nowMs);
  const offsetMs = base.zone?.offsetMsAt(clockMs) ?? 0;
  const isDaylightSaving = base.zone !== undefined && offsetMs > base.standardOffsetMs;
  switch (attributeId) {
    case 2:
      return value(data.octets(dateTimeOctets(clockMs, base, meter.isClockInvalid)));
    case 3:
      return value(data.long(-base.standardOffsetMs / 60_000));
    case 4:
      return value(data.unsigned((isDaylightSaving ? CLOCK_STATUS.daylightSaving : 0) | (meter.isClockInvalid ? CLOCK_STATUS.invalid : 0)));
    case 5:
      return value(data.octets(nextShift(context, "begins")));
    case 6:
      return value(data.octets(nextShift(context, "ends")));
    case 7:
      return value(data.integer(60));
    case 8:
      return value(data.boolean(base.zone !== undefined && nextTransitions(context).length > 0));
    case 9:
      // Internal crystal.
      return value(data.enumerated(1));
    default:
      return READ_REFUSED.undefined;
  }
}

/** The next begin or end of daylight saving as a local date-time; all wildcards where there is none. */
function nextShift(context: ObjectContext, which: "begins" | "ends"): Uint8Array {
  const shift = nextTransitions(context).find(
    ({ offsetBeforeMs, offsetAfterMs }) => offsetAfterMs > offsetBeforeMs === (which === "begins"),
  );
  const octets =
    shift === undefined
      ? new Uint8Array(12).fill(0xff)
      : dateTimeOctets(shift.atMs + shift.offsetBeforeMs, { zone: undefined, standardOffsetMs: 0 });
  // Deviation not specified, status not specified.
  octets.set([0x80, 0x00, 0xff], 9);
  return octets;
}

function nextTransitions({ base, nowMs }: ObjectContext): readonly { atMs: number; offsetBeforeMs: number; offsetAfterMs: number }[] {
  return base.zone?.transitionsBetween(nowMs, nowMs + 366 * 86_400_000) ?? [];
}

async function adjustClock(methodId: number, parameters: DlmsData | undefined, context: ObjectContext): Promise<InvokeOutcome> {
  const clockMs = context.meter.clockAt(context.nowMs);
  const toMs = adjusted(methodId, parameters, clockMs, context.meter.surroundings.type.loadProfile.periodSeconds * 1000);
  if (toMs === undefined) return { kind: "refused", result: "type-unmatched" };
  const done = await context.perform({ kind: "setClock", atMs: context.nowMs, toMs });
  return done ? { kind: "done" } : { kind: "refused", result: "temporary-failure" };
}

/** 1 to the quarter-hour, 2 to the measuring period, 3 to the minute, 6 by seconds. */
function adjusted(methodId: number, parameters: DlmsData | undefined, clockMs: number, periodMs: number): number | undefined {
  if (methodId === 6) {
    if (parameters?.type !== "long" || Math.abs(parameters.value) > 900) return undefined;
    return clockMs + parameters.value * 1000;
  }
  const stepMs = methodId === 1 ? 900_000 : methodId === 2 ? periodMs : 60_000;
  return Math.round(clockMs / stepMs) * stepMs;
}
