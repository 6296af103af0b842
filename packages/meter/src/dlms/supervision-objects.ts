import { fromHex } from "@amity/bytes";
import {
  accessClasses,
  data,
  dataClasses,
  decodeData,
  obisToOctets,
  parseObis,
  timeClasses,
  type DlmsData,
  type InvokeOutcome,
} from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { configure, configuredObject, outcomeOf, refused } from "./configured-object.ts";
import { configuredValue, hasForm } from "./configured-values.ts";
import { stampOf } from "./demand-objects.ts";
import { octetText } from "./identity.ts";
import { settingOf } from "./settings.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";

const { parameterMonitor0 } = timeClasses;
const { functionControl } = accessClasses;
const MONITOR = "0-0:16.2.0";
const FUNCTIONS = "0-0:44.1.0";
const PARAMETERS_MAX = 32;

/** Functions that the utility may switch off, with the objects that belong to them. */
export const METER_FUNCTIONS = {
  LIMITER: [71, "0-0:17.0.0"],
  MONITORS: [21, "0-0:16.1.0"],
  SCHEDULES: [22, "0-0:15.0.1"],
  PUSH: [40, "0-0:25.9.0"],
} as const;
export type MeterFunction = keyof typeof METER_FUNCTIONS;

/** Status mapping 0-0:96.5.0, parameter monitor 0-0:16.2.0, function control 0-0:44.1.0. */
export function supervisionObjects(statusOf: (context: ObjectContext) => number): MeterObject[] {
  return [statusMapping(statusOf), parameterMonitor(), functionControlObject()];
}

/** Whether a function of the meter is on. */
export function isFunctionOn(meter: SimulatedMeter, name: MeterFunction): boolean {
  if (meter.configured(FUNCTIONS, 2) === undefined) return true;
  const status = functionControl.attributes.activationStatus.decode(settingOf(meter, FUNCTIONS, 2, ALL_ON));
  return status.find(({ functionName }) => new TextDecoder().decode(functionName) === name)?.isActive !== false;
}

/** Whether a change of an attribute is to be noted by the parameter monitor. */
export function isMonitored(meter: SimulatedMeter, object: string, attributeId: number): boolean {
  if (meter.configured(MONITOR, 4) === undefined) return false;
  const list = parameterMonitor0.attributes.parameterList.decode(settingOf(meter, MONITOR, 4, data.array()));
  const name = parseObis(object);
  return list.some(({ logicalName, attributeIndex }) => logicalName === name && attributeIndex === attributeId);
}

/** Class 63: the status of a profile row, mapped bit by bit to reference table 0. */
function statusMapping(statusOf: (context: ObjectContext) => number): MeterObject {
  return configuredObject({
    class: dataClasses.statusMapping,
    name: "0-0:96.5.0",
    values: {
      statusWord: (context) => data.bits(8, Uint8Array.of(statusOf(context))),
      mappingTable: data.structure(data.unsigned(0), data.longUnsigned(0)),
    },
  });
}

/** Class 65 version 0: the last change of a parameter on its list, with value and time. */
function parameterMonitor(): MeterObject {
  const nothing = data.structure(data.longUnsigned(0), data.octets(new Uint8Array(6)), data.integer(0), data.nothing);
  const keep = async (list: readonly DlmsData[], context: ObjectContext): Promise<InvokeOutcome> =>
    list.length > PARAMETERS_MAX ? refused("other-reason") : outcomeOf(await configure(MONITOR, [[4, data.array(...list)]], context));
  const listOf = (context: ObjectContext): readonly DlmsData[] => {
    const list = configuredValue(context, MONITOR, 4, data.array());
    return list.type === "array" ? list.value : [];
  };
  const isParameter = (given: DlmsData): boolean => hasForm(() => parameterMonitor0.methods.addParameter.decode(given));
  const same = (left: DlmsData, right: DlmsData): boolean => JSON.stringify(left) === JSON.stringify(right);
  return configuredObject({
    class: parameterMonitor0,
    name: MONITOR,
    values: {
      changedParameter({ meter }) {
        const change = meter.functionsIfAny?.lastChange;
        if (change === undefined) return nothing;
        const name = data.octets(obisToOctets(parseObis(change.object)));
        return data.structure(
          data.longUnsigned(change.classId),
          name,
          data.integer(change.attributeId),
          decodeData(fromHex(change.octets)),
        );
      },
      captureTime: (context) => stampOf(context.meter.functionsIfAny?.lastChange?.clockMs, context),
      parameterList: data.array(),
    },
    writable: ["parameterList"],
    judge: (_attribute, given) => (given.type === "array" && given.value.length > PARAMETERS_MAX ? "other-reason" : undefined),
    methods: {
      addParameter: async (given, context) =>
        isParameter(given) ? keep([...listOf(context).filter((known) => !same(known, given)), given], context) : refused("type-unmatched"),
      deleteParameter: async (given, context) => {
        const list = listOf(context);
        const kept = list.filter((known) => !same(known, given));
        return kept.length === list.length ? refused("other-reason") : keep(kept, context);
      },
    },
  });
}

const ALL_ON = statusOfFunctions(new Map());

function statusOfFunctions(status: ReadonlyMap<string, boolean>): DlmsData {
  return data.array(...Object.keys(METER_FUNCTIONS).map((name) => data.structure(octetText(name), data.boolean(status.get(name) ?? true))));
}

/** Class 122: functions are fixed; method 1 switches them. */
function functionControlObject(): MeterObject {
  return configuredObject({
    class: functionControl,
    name: FUNCTIONS,
    values: {
      activationStatus: (context) => configuredValue(context, FUNCTIONS, 2, ALL_ON),
      functionList: data.array(
        ...Object.entries(METER_FUNCTIONS).map(([name, [classId, object]]) =>
          data.structure(
            octetText(name),
            data.array(data.structure(data.longUnsigned(classId), data.octets(obisToOctets(parseObis(object))))),
          ),
        ),
      ),
    },
    methods: {
      setFunctionStatus: async (given, context) => {
        if (!hasForm(() => functionControl.attributes.activationStatus.decode(given))) return refused("type-unmatched");
        const status = new Map(functionsOf(configuredValue(context, FUNCTIONS, 2, ALL_ON)));
        for (const [name, isActive] of functionsOf(given)) {
          if (!Object.hasOwn(METER_FUNCTIONS, name)) return refused("other-reason");
          status.set(name, isActive);
        }
        return outcomeOf(await configure(FUNCTIONS, [[2, statusOfFunctions(status)]], context));
      },
    },
  });
}

function functionsOf(status: DlmsData): [name: string, isActive: boolean][] {
  return functionControl.attributes.activationStatus
    .decode(status)
    .map(({ functionName, isActive }) => [new TextDecoder().decode(functionName), isActive]);
}
