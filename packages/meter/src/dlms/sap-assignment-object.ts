import { fromHex } from "@amity/bytes";
import { accessClasses, decodeData, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { LOGICAL_DEVICES } from "./associations.ts";
import { configure, configuredObject, outcomeOf, refused } from "./configured-object.ts";
import { hasForm } from "./configured-values.ts";
import { logicalDeviceName } from "./identity.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";

const { sapAssignment } = accessClasses;
const NAME = "0-0:41.0.0";
const LIST = 2;
/** Connects a logical device to no access point. */
const NO_SAP = 0;
const SAP_MAX = 0x3fff;

interface Assignment {
  readonly sap: number;
  /** The access point that it has from the factory, which is what the meter knows it by. */
  readonly device: number;
}

/** Which logical device answers at an access point, by its number from the factory; `undefined`: none. */
export function logicalDeviceAt(meter: SimulatedMeter, serverSap: number): number | undefined {
  const known = Object.values(LOGICAL_DEVICES).find((device) => device === serverSap);
  if (meter.configured(NAME, LIST) === undefined) return known;
  return assignmentsOf(meter).find(({ sap }) => sap === serverSap)?.device;
}

/**
 * Class 17 SAP assignment, 0-0:41.0.0: the logical devices and where they answer. Method 1 connects one, named, to another access point, or to none
 * (0), from the next association on; the management logical device stays where the standard has it.
 */
export function sapAssignmentObject(readers: readonly string[]): MeterObject {
  return configuredObject({
    class: sapAssignment,
    name: NAME,
    readers,
    values: { sapAssignmentList: ({ meter }) => listData(meter, assignmentsOf(meter)) },
    methods: { connectLogicalDevice },
  });
}

async function connectLogicalDevice(given: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  if (!hasForm(() => sapAssignment.methods.connectLogicalDevice.decode(given))) return refused("type-unmatched");
  const { sap, logicalDeviceName: name } = sapAssignment.methods.connectLogicalDevice.decode(given);
  const { meter } = context;
  const device = Object.values(LOGICAL_DEVICES).find((one) => nameOf(meter, one) === name);
  const others = assignmentsOf(meter).filter((one) => one.device !== device);
  if (device === undefined || device === LOGICAL_DEVICES.management) return refused("other-reason");
  if (sap > SAP_MAX || others.some((one) => one.sap === sap)) return refused("other-reason");
  const list = sap === NO_SAP ? others : [...others, { sap, device }];
  return outcomeOf(await configure(NAME, [[LIST, listData(meter, list)]], context));
}

function assignmentsOf(meter: SimulatedMeter): readonly Assignment[] {
  const hex = meter.configured(NAME, LIST);
  const devices = Object.values(LOGICAL_DEVICES);
  if (hex === undefined) return devices.map((device) => ({ sap: device, device }));
  return sapAssignment.attributes.sapAssignmentList.decode(decodeData(fromHex(hex))).flatMap(({ sap, logicalDeviceName: name }) => {
    const device = devices.find((one) => nameOf(meter, one) === name);
    return device === undefined ? [] : [{ sap, device }];
  });
}

function listData(meter: SimulatedMeter, assignments: readonly Assignment[]): DlmsData {
  const named = assignments.map(({ sap, device }) => ({ sap, logicalDeviceName: nameOf(meter, device) }));
  return sapAssignment.attributes.sapAssignmentList.encode(named);
}

function nameOf({ surroundings, plan }: SimulatedMeter, device: number): string {
  return logicalDeviceName(surroundings.type, plan.serial, device);
}
