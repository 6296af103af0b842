import { data, dataClasses, type DlmsData } from "@amity/dlms";
import { DONE, configure, configuredObject, keep, refused } from "../configured-object.ts";
import { configuredValue } from "../configured-values.ts";
import { numberOf } from "../monitored-value.ts";
import type { MeterObject, ObjectContext } from "../meter-object.ts";

const { measurementDataMonitoring } = dataClasses;
const NAME = "0-0:16.3.0";
const ATTRIBUTE = { triggerTime: 3, triggerSource: 4, samplingRate: 6, before: 7, after: 8 } as const;
const FACTORY = { samplingRate: 2_000, before: 0, after: 0 } as const;
const SAMPLES_MAX = 4_096;
const RATE_MAX = 20_000;
/** Our own numbers: the standard's are not public. */
const STATUS = { empty: 0, sampling: 1, captured: 2 } as const;
const NEVER = { type: "long64-unsigned", value: 0n } as const;
const REMOTE = data.structure(data.enumerated(0), data.longUnsigned(0));

/**
 * Class 66 Measurement data monitoring, 0-0:16.3.0: samples of the voltage of phase L1 around a trigger, in tenths of a volt. Nothing is captured
 * until the samples before or after the trigger are set to some; changing how it is sampled lets go of what was captured.
 */
export function measurementMonitoringObject(): MeterObject {
  const sampling = (attributeId: number, most: number) => async (given: DlmsData, context: ObjectContext) =>
    (numberOf(given) ?? -1) > most || (attributeId === ATTRIBUTE.samplingRate && numberOf(given) === 0)
      ? ("other-reason" as const)
      : configure(
          NAME,
          [
            [attributeId, given],
            [ATTRIBUTE.triggerTime, NEVER],
          ],
          context,
        );
  return configuredObject({
    class: measurementDataMonitoring,
    name: NAME,
    values: {
      waveformData,
      triggerTime: (context) => configuredValue(context, NAME, ATTRIBUTE.triggerTime, NEVER),
      triggerSource: REMOTE,
      status: (context) => data.enumerated(statusOf(context)),
      samplingRate: (context) => data.doubleLongUnsigned(settingsOf(context).samplingRate),
      numberOfSamplesBeforeTrigger: (context) => data.doubleLongUnsigned(settingsOf(context).before),
      numberOfSamplesAfterTrigger: (context) => data.doubleLongUnsigned(settingsOf(context).after),
      scalerUnit: data.structure(data.integer(-1), data.enumerated(35)),
    },
    actsOnWrite: {
      samplingRate: sampling(ATTRIBUTE.samplingRate, RATE_MAX),
      numberOfSamplesBeforeTrigger: sampling(ATTRIBUTE.before, SAMPLES_MAX / 2),
      numberOfSamplesAfterTrigger: sampling(ATTRIBUTE.after, SAMPLES_MAX / 2),
    },
    methods: {
      reset: async (_parameter, context) =>
        (await keep(NAME, [[ATTRIBUTE.triggerTime, NEVER]], context)) ? DONE : refused("temporary-failure"),
      async trigger(_parameter, context) {
        const { before, after } = settingsOf(context);
        if (before + after === 0) return refused("other-reason");
        // What is being sampled is not cut short by another trigger.
        if (statusOf(context) === STATUS.sampling) return refused("temporary-failure");
        const time = { type: "long64-unsigned", value: BigInt(context.meter.clockAt(context.nowMs)) * 1_000n } as const;
        return (await keep(NAME, [[ATTRIBUTE.triggerTime, time]], context)) ? DONE : refused("temporary-failure");
      },
    },
  });
}

function settingsOf(context: ObjectContext): { samplingRate: number; before: number; after: number } {
  const numberAt = (attributeId: number, factory: number): number =>
    numberOf(configuredValue(context, NAME, attributeId, data.doubleLongUnsigned(factory))) ?? factory;
  return {
    samplingRate: numberAt(ATTRIBUTE.samplingRate, FACTORY.samplingRate),
    before: numberAt(ATTRIBUTE.before, FACTORY.before),
    after: numberAt(ATTRIBUTE.after, FACTORY.after),
  };
}

/** Milliseconds of the meter's clock; 0: there was no trigger. */
function triggerMs(context: ObjectContext): number {
  const time = configuredValue(context, NAME, ATTRIBUTE.triggerTime, NEVER);
  return time.type === "long64-unsigned" ? Number(time.value / 1_000n) : 0;
}

function statusOf(context: ObjectContext): number {
  const atMs = triggerMs(context);
  if (atMs === 0) return STATUS.empty;
  const { samplingRate, after } = settingsOf(context);
  const endMs = atMs + (after * 1000) / samplingRate;
  return context.meter.clockAt(context.nowMs) < endMs ? STATUS.sampling : STATUS.captured;
}

/** The samples up to now: a sine of the phase's voltage and the grid's frequency at the trigger. */
function waveformData(context: ObjectContext): DlmsData {
  const { meter, nowMs } = context;
  const description = { type: "long" } as const;
  const atMs = triggerMs(context);
  if (atMs === 0) return { type: "compact-array", description, value: [] };
  const { samplingRate, before, after } = settingsOf(context);
  const taken = Math.floor(((meter.clockAt(nowMs) - atMs) * samplingRate) / 1000);
  const { phases, frequencyMilliHertz } = meter.momentaryAt(meter.trueAt(atMs));
  const peak = (phases[0]?.deciVolts ?? 0) * Math.SQRT2;
  const value = Array.from({ length: before + Math.max(0, Math.min(after, taken)) }, (_, sample) => {
    const seconds = (sample - before) / samplingRate;
    return data.long(Math.round(peak * Math.sin(2 * Math.PI * (frequencyMilliHertz / 1000) * seconds)));
  });
  return { type: "compact-array", description, value };
}
