import { accessClasses, parseObis, type DlmsData, type InvokeOutcome, type Obis } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { configure, configuredObject, outcomeOf, refused } from "./configured-object.ts";
import { configuredValue, hasForm } from "./configured-values.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { UnderstoodSettings } from "./settings.ts";

const { functionControl } = accessClasses;
const NAME = "0-0:44.1.0";
const STATUS = 2;
const LIST = 3;
const FUNCTIONS_MAX = 16;
const NAME_OCTETS_MAX = 32;
const OBJECTS_MAX = 32;

/** Functions of a meter from the factory, with the objects that belong to them. */
const METER_FUNCTIONS = {
  LIMITER: [[71, "0-0:17.0.0"]],
  MONITORS: [
    [21, "0-0:16.1.0"],
    [21, "0-0:16.1.1"],
  ],
  SCHEDULES: [
    [22, "0-0:15.0.0"],
    [22, "0-0:15.0.1"],
    [22, "0-0:15.0.2"],
    [22, "0-0:15.0.4"],
  ],
  PUSH: [0, 1, 2, 3, 4].map((setup): readonly [number, string] => [40, `0-${setup}:25.9.0`]),
} as const satisfies Readonly<Record<string, readonly (readonly [classId: number, name: string])[]>>;

type FunctionStatus = ReturnType<typeof functionControl.attributes.activationStatus.decode>[number];
type FunctionSpecification = ReturnType<typeof functionControl.attributes.functionList.decode>[number];

const ALL_LISTED = functionControl.attributes.functionList.encode(
  Object.entries(METER_FUNCTIONS).map(([name, objects]) => ({
    functionName: octetsOf(name),
    functionSpecification: objects.map(([classId, object]) => ({ classId, logicalName: parseObis(object) })),
  })),
);
const ALL_ON = functionControl.attributes.activationStatus.encode(
  Object.keys(METER_FUNCTIONS).map((name) => ({ functionName: octetsOf(name), isActive: true })),
);
const NONE_OFF: ReadonlySet<Obis> = new Set();

const SWITCHED_OFF = new UnderstoodSettings<ReadonlySet<Obis>>(([status, list]) => {
  const off = functionControl.attributes.activationStatus.decode(status ?? ALL_ON).filter(({ isActive }) => !isActive);
  const names = new Set(off.map(({ functionName }) => String(functionName)));
  const functions = functionControl.attributes.functionList.decode(list ?? ALL_LISTED);
  const objects = functions.filter(({ functionName }) => names.has(String(functionName)));
  return new Set(objects.flatMap(({ functionSpecification }) => functionSpecification.map(({ logicalName }) => logicalName)));
}, NONE_OFF);

/** Objects of functions that are switched off: they do nothing by themselves, and their methods are refused. */
export function switchedOff(meter: SimulatedMeter): ReadonlySet<Obis> {
  if (meter.configured(NAME, STATUS) === undefined) return NONE_OFF;
  return SWITCHED_OFF.of(meter, [
    [NAME, STATUS],
    [NAME, LIST],
  ]);
}

/**
 * Class 122 Function control, 0-0:44.1.0: method 1 switches functions, 2 adds one over objects of the meter, 3 removes one, whose objects then
 * act again.
 */
export function functionControlObject(objectOf: (name: Obis) => MeterObject | undefined): MeterObject {
  return configuredObject({
    class: functionControl,
    name: NAME,
    values: {
      activationStatus: (context) => configuredValue(context, NAME, STATUS, ALL_ON),
      functionList: (context) => configuredValue(context, NAME, LIST, ALL_LISTED),
    },
    methods: {
      setFunctionStatus,
      addFunction: (given, context) => addFunction(given, context, objectOf),
      removeFunction,
    },
  });
}

/** All or nothing: one name that is not there changes none. */
async function setFunctionStatus(given: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  if (!hasForm(() => functionControl.methods.setFunctionStatus.decode(given))) return refused("type-unmatched");
  const wanted = functionControl.methods.setFunctionStatus.decode(given);
  const { status } = functionsOf(context);
  if (!wanted.every(({ functionName }) => status.some((one) => sameName(one, functionName)))) return refused("other-reason");
  const next = status.map((one) => wanted.findLast(({ functionName }) => sameName(one, functionName)) ?? one);
  return keep(context, { status: next });
}

async function addFunction(
  given: DlmsData,
  context: ObjectContext,
  objectOf: (name: Obis) => MeterObject | undefined,
): Promise<InvokeOutcome> {
  if (!hasForm(() => functionControl.methods.addFunction.decode(given))) return refused("type-unmatched");
  const added = functionControl.methods.addFunction.decode(given);
  const { status, list } = functionsOf(context);
  const { functionName, functionSpecification } = added;
  if (functionName.length === 0 || functionName.length > NAME_OCTETS_MAX || functionSpecification.length > OBJECTS_MAX)
    return refused("other-reason");
  if (list.length >= FUNCTIONS_MAX || list.some((one) => sameName(one, functionName))) return refused("other-reason");
  const isThere = functionSpecification.every(({ classId, logicalName }) => objectOf(logicalName)?.definition.classId === classId);
  if (!isThere) return refused("object-undefined");
  // Who could switch off this object could never switch it on again.
  if (functionSpecification.some(({ logicalName }) => logicalName === parseObis(NAME))) return refused("other-reason");
  return keep(context, { list: [...list, added], status: [...status, { functionName, isActive: true }] });
}

async function removeFunction(given: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  if (given.type !== "octet-string") return refused("type-unmatched");
  const { status, list } = functionsOf(context);
  const kept = list.filter((one) => !sameName(one, given.value));
  if (kept.length === list.length) return refused("other-reason");
  return keep(context, { list: kept, status: status.filter((one) => !sameName(one, given.value)) });
}

function functionsOf(context: ObjectContext): { status: readonly FunctionStatus[]; list: readonly FunctionSpecification[] } {
  const { activationStatus, functionList } = functionControl.attributes;
  return {
    status: activationStatus.decode(configuredValue(context, NAME, STATUS, ALL_ON)),
    list: functionList.decode(configuredValue(context, NAME, LIST, ALL_LISTED)),
  };
}

async function keep(
  context: ObjectContext,
  { status, list }: { readonly status: readonly FunctionStatus[]; readonly list?: readonly FunctionSpecification[] },
): Promise<InvokeOutcome> {
  const { activationStatus, functionList } = functionControl.attributes;
  const values: (readonly [number, DlmsData])[] = [[STATUS, activationStatus.encode(status)]];
  if (list !== undefined) values.push([LIST, functionList.encode(list)]);
  return outcomeOf(await configure(NAME, values, context));
}

function sameName({ functionName }: { readonly functionName: Uint8Array }, other: Uint8Array): boolean {
  return String(functionName) === String(other);
}

function octetsOf(name: string): Uint8Array {
  return new TextEncoder().encode(name);
}
