import { data, parseObis, timeClasses, type DlmsData, type Obis } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { readDateTime } from "./civil-time.ts";
import { configuredObject } from "./configured-object.ts";
import { timeBaseOf } from "./time-base.ts";
import type { MeterObject } from "./meter-object.ts";
import { numberOf, type ScriptReference, type WatchedAttribute } from "./monitored-value.ts";
import { UnderstoodSettings } from "./settings.ts";

const { limiter } = timeClasses;
/** Class 71 Limiter of the supply. */
const NAME = "0-0:17.0.0";
/** The largest number: a threshold that nothing exceeds, which is how the meter leaves the factory. */
const NO_LIMIT = 0xffff_ffff;
const NO_DATE = new Uint8Array(12).fill(0xff);
const GROUPS_MAX = 16;

/** How the limiter is set. */
export interface LimiterSettings {
  readonly name: string;
  readonly watched: WatchedAttribute;
  readonly normal: number;
  readonly emergency: number;
  readonly overMs: number;
  readonly underMs: number;
  readonly profile: { readonly id: number; readonly startsAt: Uint8Array; readonly durationMs: number };
  readonly groups: readonly number[];
  readonly actionOver: ScriptReference;
  readonly actionUnder: ScriptReference;
  /** Whether it limits anything, now or in an emergency. */
  readonly isSet: boolean;
}

const FACTORY: Omit<LimiterSettings, "isSet"> = {
  name: NAME,
  watched: { classId: 3, logicalName: parseObis("1-0:1.7.0"), attributeIndex: 2 },
  normal: NO_LIMIT,
  emergency: NO_LIMIT,
  overMs: 60_000,
  underMs: 60_000,
  profile: { id: 0, startsAt: NO_DATE, durationMs: 0 },
  groups: [],
  actionOver: script(1),
  actionUnder: script(0),
};

/** Over the threshold the disconnector opens; under it nothing happens by itself. */
function script(scriptSelector: number): { scriptLogicalName: Obis; scriptSelector: number } {
  return { scriptLogicalName: parseObis("0-0:10.0.106"), scriptSelector };
}

const SET = [2, 4, 5, 6, 7, 8, 9, 11].map((attributeId) => [NAME, attributeId] as const);

const UNDERSTOOD = new UnderstoodSettings<LimiterSettings>(
  ([watched, normal, emergency, over, under, profile, groups, actions]) => {
    const { attributes } = limiter;
    const set = profile === undefined ? undefined : emergencyProfileOf(profile);
    const acts = actions === undefined ? undefined : attributes.actions.decode(actions);
    const thresholds = { normal: limitOf(normal), emergency: limitOf(emergency) };
    return {
      ...FACTORY,
      ...thresholds,
      ...(watched === undefined ? {} : { watched: attributes.monitoredValue.decode(watched) }),
      ...(over === undefined ? {} : { overMs: attributes.minOverThresholdDuration.decode(over) * 1000 }),
      ...(under === undefined ? {} : { underMs: attributes.minUnderThresholdDuration.decode(under) * 1000 }),
      ...(set === undefined ? {} : { profile: set }),
      ...(groups === undefined ? {} : { groups: attributes.emergencyProfileGroupIdList.decode(groups) }),
      ...(acts === undefined ? {} : { actionOver: acts.actionOverThreshold, actionUnder: acts.actionUnderThreshold }),
      isSet: thresholds.normal < NO_LIMIT || thresholds.emergency < NO_LIMIT,
    };
  },
  { ...FACTORY, isSet: false },
);

export function limiterSettings(meter: SimulatedMeter): LimiterSettings {
  return UNDERSTOOD.of(meter, SET);
}

/** The threshold that holds at an instant: the emergency's while its profile is active. */
export function limitAt(meter: SimulatedMeter, atMs: number): number {
  const settings = limiterSettings(meter);
  return isEmergency(meter, settings, atMs) ? settings.emergency : settings.normal;
}

/** From its activation time on for its duration, where the meter is in the profile's group; no group listed: every profile is for it. */
function isEmergency(meter: SimulatedMeter, { profile, groups }: LimiterSettings, atMs: number): boolean {
  if (profile.durationMs === 0 || (groups.length > 0 && !groups.includes(profile.id))) return false;
  const startMs = readDateTime(profile.startsAt, timeBaseOf(meter));
  const clockMs = meter.clockAt(atMs);
  return typeof startMs === "number" && clockMs >= startMs && clockMs < startMs + profile.durationMs;
}

/** The object. */
export function limiterObject(): MeterObject {
  const { attributes } = limiter;
  return configuredObject({
    class: limiter,
    name: NAME,
    values: {
      monitoredValue: attributes.monitoredValue.encode(FACTORY.watched),
      thresholdActive: ({ meter, nowMs }) => data.doubleLongUnsigned(limitAt(meter, nowMs)),
      thresholdNormal: data.doubleLongUnsigned(NO_LIMIT),
      thresholdEmergency: data.doubleLongUnsigned(NO_LIMIT),
      minOverThresholdDuration: data.doubleLongUnsigned(FACTORY.overMs / 1000),
      minUnderThresholdDuration: data.doubleLongUnsigned(FACTORY.underMs / 1000),
      emergencyProfile: data.structure(data.longUnsigned(0), data.octets(NO_DATE), data.doubleLongUnsigned(0)),
      emergencyProfileGroupIdList: data.array(),
      emergencyProfileActive: ({ meter, nowMs }) => data.boolean(isEmergency(meter, limiterSettings(meter), nowMs)),
      actions: attributes.actions.encode({ actionOverThreshold: FACTORY.actionOver, actionUnderThreshold: FACTORY.actionUnder }),
    },
    writable: [
      "monitoredValue",
      "thresholdNormal",
      "thresholdEmergency",
      "minOverThresholdDuration",
      "minUnderThresholdDuration",
      "emergencyProfile",
      "emergencyProfileGroupIdList",
      "actions",
    ],
    judge(attribute, given) {
      if (attribute.startsWith("threshold") && (numberOf(given) ?? -1) < 0) return "type-unmatched";
      return attribute === "emergencyProfileGroupIdList" && given.type === "array" && given.value.length > GROUPS_MAX
        ? "other-reason"
        : undefined;
    },
  });
}

function limitOf(threshold: DlmsData | undefined): number {
  return threshold === undefined ? NO_LIMIT : (numberOf(threshold) ?? NO_LIMIT);
}

/** The activation time keeps its octets: it is the meter's clock that reads it. */
function emergencyProfileOf(value: DlmsData): LimiterSettings["profile"] {
  const { emergencyProfileId: id, emergencyDuration } = limiter.attributes.emergencyProfile.decode(value);
  const stamp = value.type === "structure" ? value.value[1] : undefined;
  const startsAt = stamp?.type === "octet-string" || stamp?.type === "date-time" ? stamp.value : NO_DATE;
  return { id, startsAt, durationMs: emergencyDuration * 1000 };
}
