import { fromHex } from "@amity/bytes";
import { digest } from "@amity/crypto";
import {
  data,
  decodeData,
  encodeData,
  obisToOctets,
  parseObis,
  timeClasses,
  type DlmsData,
  type InvokeOutcome,
  type Obis,
} from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { capturedValue, mayHold } from "./captured-value.ts";
import { configure, configuredObject, outcomeOf, refused, type ConfiguredObject } from "./configured-object.ts";
import { configuredValue, hasForm } from "./configured-values.ts";
import { stampOf } from "./demand-objects.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { settingOf } from "./settings.ts";

const { parameterMonitor, parameterMonitor0 } = timeClasses;
const NAME = "0-0:16.2.0";
const LIST = 4;
const PARAMETERS_MAX = 32;
const LIST_NAME_OCTETS_MAX = 64;

/** Whether a change of an attribute is to be noted by the parameter monitor. */
export function isMonitored(meter: SimulatedMeter, object: string, attributeId: number): boolean {
  if (meter.configured(NAME, LIST) === undefined) return false;
  const list = parameterMonitor0.attributes.parameterList.decode(settingOf(meter, NAME, LIST, data.array()));
  const name = parseObis(object);
  return list.some(({ logicalName, attributeIndex }) => logicalName === name && attributeIndex === attributeId);
}

/**
 * Class 65 Parameter monitor, 0-0:16.2.0: the last change of a parameter on its list, with value and time. Version 1 also shows the values of all
 * of them and their SHA-256, by which a client sees a change without reading them.
 */
export function parameterMonitorObject(version: 0 | 1, objectOf: (name: Obis) => MeterObject | undefined): MeterObject {
  const monitor = version === 0 ? parameterMonitor0 : parameterMonitor;
  const values = (context: ObjectContext): DlmsData => parameterValues(context, objectOf);
  const more: ConfiguredObject["values"] = {
    parameterListName: data.octets(new Uint8Array(0)),
    // SHA-256, the only one offered.
    hashAlgorithmId: data.enumerated(0),
    parameterValueDigest: (context) => data.octets(digest("sha256", encodeData(values(context)))),
    parameterValues: values,
  };
  return configuredObject({
    class: monitor,
    name: NAME,
    values: {
      changedParameter,
      captureTime: (context) => stampOf(context.meter.functionsIfAny?.lastChange?.clockMs, context),
      parameterList: data.array(),
      ...(version === 0 ? {} : more),
    },
    writable: ["parameterList", ...(version === 0 ? [] : ["parameterListName"])],
    judge(attribute, given) {
      if (attribute === "parameterList") return given.type === "array" && given.value.length > PARAMETERS_MAX ? "other-reason" : undefined;
      return given.type === "octet-string" && given.value.length > LIST_NAME_OCTETS_MAX ? "other-reason" : undefined;
    },
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

const NO_CHANGE = data.structure(data.longUnsigned(0), data.octets(new Uint8Array(6)), data.integer(0), data.nothing);

function changedParameter({ meter }: ObjectContext): DlmsData {
  const change = meter.functionsIfAny?.lastChange;
  if (change === undefined) return NO_CHANGE;
  const name = data.octets(obisToOctets(parseObis(change.object)));
  return data.structure(data.longUnsigned(change.classId), name, data.integer(change.attributeId), decodeData(fromHex(change.octets)));
}

/** In the order of the list; null-data for what cannot be read. */
function parameterValues(context: ObjectContext, objectOf: (name: Obis) => MeterObject | undefined): DlmsData {
  const list = parameterMonitor.attributes.parameterList.decode(data.array(...listOf(context)));
  return data.structure(
    ...list.map((parameter) =>
      mayHold(parameterMonitor.id, parameter.classId) ? capturedValue(objectOf, { ...parameter, dataIndex: 0 }, context) : data.nothing,
    ),
  );
}

async function keep(list: readonly DlmsData[], context: ObjectContext): Promise<InvokeOutcome> {
  return list.length > PARAMETERS_MAX ? refused("other-reason") : outcomeOf(await configure(NAME, [[LIST, data.array(...list)]], context));
}

function listOf(context: ObjectContext): readonly DlmsData[] {
  const list = configuredValue(context, NAME, LIST, data.array());
  return list.type === "array" ? list.value : [];
}

function isParameter(given: DlmsData): boolean {
  return hasForm(() => parameterMonitor0.methods.addParameter.decode(given));
}

function same(left: DlmsData, right: DlmsData): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
