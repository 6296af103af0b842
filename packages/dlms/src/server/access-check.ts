import type { AttributeDescriptor, MethodDescriptor, AccessSelection } from "../apdu/descriptors.ts";
import type { ActionRefusal, DataAccessRefusal } from "../apdu/results.ts";
import { ACCESS, type AttributeDefinition, type ObjectDefinition } from "./cosem-device.ts";
import { isExchangeProtectedEnough, type RequestProtection } from "./protection-demand.ts";

/** Why a client of this role may not read or write the attribute of an object of this name, if there is one; `undefined`: it may. */
export function attributeRefusal(
  object: ObjectDefinition | undefined,
  role: string,
  attribute: AttributeDescriptor,
  request: { readonly right: "read" | "write"; readonly selection: AccessSelection | undefined; readonly protection: RequestProtection },
): DataAccessRefusal | undefined {
  if (object === undefined) return "object-undefined";
  if (object.classId !== attribute.classId) return "object-class-inconsistent";
  const definition = object.attributes.find((candidate) => candidate.id === attribute.attributeId);
  if (definition === undefined) return "object-undefined";
  const rights = definition.access[role] ?? ACCESS.none;
  if ((rights & ACCESS[request.right]) === 0) return "read-write-denied";
  if (!isExchangeProtectedEnough(rights, request.protection)) return "scope-of-access-violated";
  return request.selection === undefined || offers(definition, request.selection) ? undefined : "scope-of-access-violated";
}

/** Why this client may not invoke the method; `undefined`: it may. */
export function methodRefusal(
  object: ObjectDefinition | undefined,
  role: string,
  method: MethodDescriptor,
  request: RequestProtection,
): ActionRefusal | undefined {
  if (object === undefined) return "object-undefined";
  if (object.classId !== method.classId) return "object-class-inconsistent";
  const definition = object.methods?.find((candidate) => candidate.id === method.methodId);
  if (definition === undefined) return "object-undefined";
  const rights = definition.access[role] ?? ACCESS.none;
  if ((rights & ACCESS.invoke) === 0) return "read-write-denied";
  return isExchangeProtectedEnough(rights, request) ? undefined : "scope-of-access-violated";
}

function offers(definition: AttributeDefinition, selection: AccessSelection): boolean {
  return definition.selectors?.includes(selection.selector) ?? false;
}
