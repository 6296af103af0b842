import type { AccessSelection, AttributeDescriptor, MethodDescriptor } from "../apdu/descriptors.ts";
import type { DataAccessResult } from "../apdu/results.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import { attributeRefusal, methodRefusal, type RequestProtection } from "./access-check.ts";
import { ASSOCIATION_LN, CURRENT_ASSOCIATION, associationObisOf, readAssociation } from "./association-object.ts";
import type { OpenAssociation } from "./association-state.ts";
import type { InvokeOutcome, LogicalDevice, ReadOutcome } from "./cosem-device.ts";

/** One request's way to the objects: the association's own object, then rights, then the device. */
export interface ObjectAccess {
  readonly device: LogicalDevice;
  readonly opened: OpenAssociation;
  readonly serverSap: number;
  readonly protection: RequestProtection;
}

export function readAttribute(
  { device, opened, serverSap, protection }: ObjectAccess,
  attribute: AttributeDescriptor,
  selection: AccessSelection | undefined,
): ReadOutcome | Promise<ReadOutcome> {
  if (isOwnAssociation(device, opened, attribute)) return readAssociation(device.model, opened, serverSap, attribute.attributeId);
  const refusal = attributeRefusal(device.model, opened.context.role, attribute, { ...protection, right: "read", selection });
  return refusal === undefined ? device.read(attribute, selection, opened.context) : { kind: "refused", result: refusal };
}

export function writeAttribute(
  { device, opened, protection }: ObjectAccess,
  attribute: AttributeDescriptor,
  value: DlmsData,
  selection: AccessSelection | undefined,
): DataAccessResult | Promise<DataAccessResult> {
  if (isOwnAssociation(device, opened, attribute)) return "read-write-denied";
  const refusal = attributeRefusal(device.model, opened.context.role, attribute, { ...protection, right: "write", selection });
  return refusal ?? device.write(attribute, value, selection, opened.context);
}

export function invokeMethod(
  { device, opened, protection }: ObjectAccess,
  method: MethodDescriptor,
  parameters: DlmsData | undefined,
): InvokeOutcome | Promise<InvokeOutcome> {
  // Once associated there is no challenge left to answer; the other methods change the association list, which is static.
  if (isOwnAssociation(device, opened, method)) return { kind: "refused", result: "read-write-denied" };
  const refusal = methodRefusal(device.model, opened.context.role, method, protection);
  return refusal === undefined ? device.invoke(method, parameters, opened.context) : { kind: "refused", result: refusal };
}

/** Whether the object is the association in use, by its common or its own name. */
export function isOwnAssociation(device: LogicalDevice, opened: OpenAssociation, target: { classId: number; instanceId: string }): boolean {
  if (target.classId !== ASSOCIATION_LN) return false;
  return target.instanceId === CURRENT_ASSOCIATION || target.instanceId === associationObisOf(device.model, opened.definition);
}
