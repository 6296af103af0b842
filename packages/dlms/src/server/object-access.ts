import type { AccessSelection, AttributeDescriptor, MethodDescriptor } from "../apdu/descriptors.ts";
import type { DataAccessResult } from "../apdu/results.ts";
import { decodeData } from "../data/axdr.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { attributeRefusal, methodRefusal } from "./access-check.ts";
import { objectOf } from "./association-changes.ts";
import { associationObject, readAssociation } from "./association-object.ts";
import { associationAt, changeSecret, invokeOfAssociation } from "./association-service.ts";
import type { OpenAssociation } from "./association-state.ts";
import type { RequestProtection } from "./protection-demand.ts";
import type { InvokeOutcome, LogicalDevice, ObjectDefinition, ReadOutcome } from "./cosem-device.ts";

/** One request's way to the objects: the associations' own objects, then rights, then the device. */
export interface ObjectAccess {
  readonly device: LogicalDevice;
  readonly opened: OpenAssociation;
  readonly serverSap: number;
  readonly protection: RequestProtection;
}

/** Attribute 0 stands for all of them where that was agreed. */
export function readAttribute(
  access: ObjectAccess,
  attribute: AttributeDescriptor,
  selection: AccessSelection | undefined,
): ReadOutcome | Promise<ReadOutcome> {
  if (attribute.attributeId === 0 && access.opened.conformance.has("attribute0-supported-with-get"))
    return readAll(access, attribute, selection);
  return readOne(access, attribute, selection);
}

function readOne(
  access: ObjectAccess,
  attribute: AttributeDescriptor,
  selection: AccessSelection | undefined,
): ReadOutcome | Promise<ReadOutcome> {
  const { device, opened, serverSap, protection } = access;
  const definition = associationAt(device, opened, attribute);
  if (definition !== undefined) return readAssociation(device, { definition, opened, serverSap }, attribute.attributeId, selection);
  const request = { right: "read", selection, protection } as const;
  const refusal = attributeRefusal(targetOf(access, attribute), opened.context.role, attribute, request);
  return refusal === undefined ? device.read(attribute, selection, opened.context) : { kind: "refused", result: refusal };
}

export function writeAttribute(
  access: ObjectAccess,
  attribute: AttributeDescriptor,
  value: DlmsData,
  selection: AccessSelection | undefined,
): DataAccessResult | Promise<DataAccessResult> {
  if (attribute.attributeId === 0 && access.opened.conformance.has("attribute0-supported-with-set"))
    return writeAll(access, attribute, value, selection);
  return writeOne(access, attribute, value, selection);
}

function writeOne(
  access: ObjectAccess,
  attribute: AttributeDescriptor,
  value: DlmsData,
  selection: AccessSelection | undefined,
): DataAccessResult | Promise<DataAccessResult> {
  const { device, opened, protection } = access;
  const definition = associationAt(device, opened, attribute);
  if (definition !== undefined)
    return attribute.attributeId === SECRET_ATTRIBUTE ? changeSecret(device, definition, value) : "read-write-denied";
  const request = { right: "write", selection, protection } as const;
  const refusal = attributeRefusal(targetOf(access, attribute), opened.context.role, attribute, request);
  return refusal ?? device.write(attribute, value, selection, opened.context);
}

export function invokeMethod(
  access: ObjectAccess,
  method: MethodDescriptor,
  parameters: DlmsData | undefined,
): InvokeOutcome | Promise<InvokeOutcome> {
  const { device, opened, protection } = access;
  const definition = associationAt(device, opened, method);
  if (definition !== undefined) return invokeOfAssociation(device, opened, { definition, methodId: method.methodId }, parameters);
  const refusal = methodRefusal(targetOf(access, method), opened.context.role, method, protection);
  return refusal === undefined ? device.invoke(method, parameters, opened.context) : { kind: "refused", result: refusal };
}

/** Password of LLS. */
const SECRET_ATTRIBUTE = 7;

/** The object as this association has it. */
function targetOf({ device, opened }: ObjectAccess, { instanceId }: Pick<AttributeDescriptor, "instanceId">): ObjectDefinition | undefined {
  return objectOf(device, opened.definition, instanceId);
}

/** The object with its attributes, association objects included. */
function definitionOf(access: ObjectAccess, attribute: AttributeDescriptor): ObjectDefinition | undefined {
  const { device, opened } = access;
  const association = associationAt(device, opened, attribute);
  return association === undefined ? targetOf(access, attribute) : associationObject(device.model, association, opened.definition);
}

/** A structure of every attribute, null-data for those that this client may not read (Green Book 9.3.1, attribute_0). */
async function readAll(access: ObjectAccess, attribute: AttributeDescriptor, selection: AccessSelection | undefined): Promise<ReadOutcome> {
  const object = definitionOf(access, attribute);
  if (object === undefined) return { kind: "refused", result: "object-undefined" };
  if (object.classId !== attribute.classId) return { kind: "refused", result: "object-class-inconsistent" };
  if (selection !== undefined) return { kind: "refused", result: "scope-of-access-violated" };
  const values: DlmsData[] = [];
  for (const attributeId of idsOf(object)) {
    const outcome = await readOne(access, { ...attribute, attributeId }, undefined);
    values.push(outcome.kind === "refused" ? data.nothing : outcome.kind === "data" ? outcome.data : decodeData(outcome.octets));
  }
  return values.every(({ type }) => type === "null-data")
    ? { kind: "refused", result: "read-write-denied" }
    : { kind: "data", data: data.structure(...values) };
}

/** A structure with a value for each attribute, null-data for those that stay as they are. The first refusal ends it. */
async function writeAll(
  access: ObjectAccess,
  attribute: AttributeDescriptor,
  value: DlmsData,
  selection: AccessSelection | undefined,
): Promise<DataAccessResult> {
  const object = definitionOf(access, attribute);
  if (object === undefined) return "object-undefined";
  if (object.classId !== attribute.classId) return "object-class-inconsistent";
  const ids = idsOf(object);
  if (value.type !== "structure" || value.value.length !== ids.length) return "type-unmatched";
  if (selection !== undefined) return "scope-of-access-violated";
  for (const [index, attributeId] of ids.entries()) {
    const one = value.value[index];
    if (one === undefined || one.type === "null-data") continue;
    const result = await writeOne(access, { ...attribute, attributeId }, one, undefined);
    if (result !== "success") return result;
  }
  return "success";
}

function idsOf({ attributes }: ObjectDefinition): number[] {
  return attributes.map(({ id }) => id).toSorted((left, right) => left - right);
}

/** Whether the object is the association in use, by its common or its own name. */
export function isOwnAssociation(device: LogicalDevice, opened: OpenAssociation, target: { classId: number; instanceId: string }): boolean {
  return associationAt(device, opened, target) === opened.definition;
}
