import type { AccessSelection, AttributeDescriptor, MethodDescriptor } from "../apdu/descriptors.ts";
import type { DataAccessResult } from "../apdu/results.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import { attributeRefusal, methodRefusal } from "./access-check.ts";
import { ASSOCIATION_LN, CURRENT_ASSOCIATION, associationObisOf, readAssociation } from "./association-object.ts";
import type { OpenAssociation } from "./association-state.ts";
import { whenReady, type MaybePromise } from "./maybe-promise.ts";
import type { RequestProtection } from "./protection-demand.ts";
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
  const refusal = attributeRefusal(device.model, opened.context.role, attribute, { right: "read", selection, protection });
  return refusal === undefined ? device.read(attribute, selection, opened.context) : { kind: "refused", result: refusal };
}

export function writeAttribute(
  { device, opened, protection }: ObjectAccess,
  attribute: AttributeDescriptor,
  value: DlmsData,
  selection: AccessSelection | undefined,
): DataAccessResult | Promise<DataAccessResult> {
  if (isOwnAssociation(device, opened, attribute)) {
    return attribute.attributeId === SECRET_ATTRIBUTE ? changeSecret(device, opened, value) : "read-write-denied";
  }
  const refusal = attributeRefusal(device.model, opened.context.role, attribute, { right: "write", selection, protection });
  return refusal ?? device.write(attribute, value, selection, opened.context);
}

export function invokeMethod(
  { device, opened, protection }: ObjectAccess,
  method: MethodDescriptor,
  parameters: DlmsData | undefined,
): InvokeOutcome | Promise<InvokeOutcome> {
  if (isOwnAssociation(device, opened, method)) {
    // Once associated there is no challenge left to answer; the object list is static.
    if (method.methodId !== CHANGE_SECRET_METHOD) return { kind: "refused", result: "read-write-denied" };
    return whenReady(changeSecret(device, opened, parameters), (result) =>
      result === "success" ? { kind: "done" } : { kind: "refused", result },
    );
  }
  const refusal = methodRefusal(device.model, opened.context.role, method, protection);
  return refusal === undefined ? device.invoke(method, parameters, opened.context) : { kind: "refused", result: refusal };
}

/** Password of LLS, attribute 7; secret of HLS, method 2 (Association LN). */
const SECRET_ATTRIBUTE = 7;
const CHANGE_SECRET_METHOD = 2;

function changeSecret(
  device: LogicalDevice,
  { definition, context }: OpenAssociation,
  value: DlmsData | undefined,
): MaybePromise<"success" | "read-write-denied" | "type-unmatched"> {
  if (definition.mayChangeSecret !== true || device.changeSecret === undefined) return "read-write-denied";
  if (value?.type !== "octet-string") return "type-unmatched";
  return whenReady(device.changeSecret(context.clientSap, value.value), (isTaken) => (isTaken ? "success" : "type-unmatched"));
}

/** Whether the object is the association in use, by its common or its own name. */
export function isOwnAssociation(device: LogicalDevice, opened: OpenAssociation, target: { classId: number; instanceId: string }): boolean {
  if (target.classId !== ASSOCIATION_LN) return false;
  return target.instanceId === CURRENT_ASSOCIATION || target.instanceId === associationObisOf(device.model, opened.definition);
}
