import { data, encodeDataNotification, obisToOctets, type DlmsData } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import type { MeterModel } from "./meter-model.ts";
import { observingContext } from "./observing-context.ts";
import { pushSettings, type PushedAttribute } from "./push-objects.ts";

/** The Data-Notification of push setup n, in the clear: its object list as it reads at that instant. What cannot be read is null-data. */
export function pushMessage(model: MeterModel, meter: SimulatedMeter, push: { setup: number; atMs: number; invokeId: number }): Uint8Array {
  const { objects } = pushSettings(meter, push.setup);
  const body = data.structure(...objects.map((attribute) => pushedValue(model, meter, attribute, push.atMs)));
  return encodeDataNotification({ invokeId: push.invokeId, body });
}

function pushedValue(model: MeterModel, meter: SimulatedMeter, attribute: PushedAttribute, atMs: number): DlmsData {
  const { logicalName, attributeIndex, dataIndex, classId } = attribute;
  const object = model.object(logicalName);
  if (object?.definition.classId !== classId) return data.nothing;
  if (attributeIndex === 1) return data.octets(obisToOctets(logicalName));
  const outcome = object.read(attributeIndex, observingContext(meter, atMs), undefined);
  // A whole profile does not fit a push: what comes ready encoded is left out.
  if (outcome.kind !== "data") return data.nothing;
  if (dataIndex === 0) return outcome.data;
  const elements = outcome.data.type === "structure" || outcome.data.type === "array" ? outcome.data.value : [];
  return elements[dataIndex - 1] ?? data.nothing;
}
