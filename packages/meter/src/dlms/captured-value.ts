import { data, obisToOctets, type DlmsData, type Obis } from "@amity/dlms";
import type { MeterObject, ObjectContext } from "./meter-object.ts";

/** One attribute of one object; `dataIndex` 0 is the whole of it. */
export interface CapturedAttribute {
  readonly classId: number;
  readonly logicalName: Obis;
  readonly attributeIndex: number;
  readonly dataIndex: number;
}

/** An attribute as it reads now; null-data for what there is not, or what comes ready encoded (whole profiles). */
export function capturedValue(
  objectOf: (name: Obis) => MeterObject | undefined,
  attribute: CapturedAttribute,
  context: ObjectContext,
): DlmsData {
  const { logicalName, attributeIndex, dataIndex, classId } = attribute;
  const object = objectOf(logicalName);
  if (object?.definition.classId !== classId) return data.nothing;
  if (attributeIndex === 1) return data.octets(obisToOctets(logicalName));
  const outcome = object.read(attributeIndex, context, undefined);
  if (outcome.kind !== "data") return data.nothing;
  if (dataIndex === 0) return outcome.data;
  const elements = outcome.data.type === "structure" || outcome.data.type === "array" ? outcome.data.value : [];
  return elements[dataIndex - 1] ?? data.nothing;
}
