import { AmityError, DecodeError, SecurityError } from "@amity/bytes";
import {
  ACCESS,
  ACTION_RESULTS,
  accessClasses,
  data,
  dataLayersOf,
  decodeData,
  encodeData,
  type ActionRefusal,
  type DataAccessResult,
  type DataLayer,
  type DlmsData,
  type InvokeOutcome,
  type Obis,
  type ProtectedData,
  type ProtectionParameters,
} from "@amity/dlms";
import { capturedValue, mayHold, type CapturedAttribute } from "../captured-value.ts";
import { DONE, configuredObject, refused } from "../configured-object.ts";
import { configuredValue } from "../configured-values.ts";
import { READ_REFUSED, value, type MeterObject, type ObjectContext } from "../meter-object.ts";

const { dataProtection } = accessClasses;
const NAME = "0-0:43.2.0";
const OBJECT_LIST = 3;
const PARAMETERS = { get: 4, set: 5 } as const;
const REQUIRED = 6;
const OBJECTS_MAX = 32;
const NO_TITLE: Uint8Array = new Uint8Array(0);
/** Everything authenticated and encrypted, both ways. */
const FACTORY_REQUIRED = ACCESS.authenticatedRequest | ACCESS.encryptedRequest | ACCESS.authenticatedResponse | ACCESS.encryptedResponse;
const PROTECTION_BITS = 0b1111_1100;
const SIGNATURE_BITS = ACCESS.signedRequest | ACCESS.signedResponse;

type ObjectOf = (name: Obis) => MeterObject | undefined;

/**
 * Class 30 Data protection version 0, 0-0:43.2.0: attributes read and written, and methods invoked, with their values protected beside whatever
 * protects the association. The rights that the client has in the target hold; required_protection is the least that counts, of requests
 * (bits 2 to 4) and of answers (5 to 7). Reading protection_buffer protects what the object list reads now; writing it opens and sets it.
 */
export function dataProtectionObject(objectOf: ObjectOf): MeterObject {
  const made = configuredObject({
    class: dataProtection,
    name: NAME,
    values: {
      protectionObjectList: data.array(),
      protectionParametersGet: data.array(),
      protectionParametersSet: data.array(),
      requiredProtection: data.enumerated(FACTORY_REQUIRED),
    },
    writable: ["protectionObjectList", "protectionParametersGet", "protectionParametersSet", "requiredProtection"],
    judge,
    actsOnWrite: { protectionBuffer: (given, context) => writeBuffer(given, context, objectOf) },
    methods: {
      getProtectedAttributes: (given, context) => outcome(() => getAttributes(given, context, objectOf)),
      setProtectedAttributes: (given, context) => outcome(() => setAttributes(given, context, objectOf)),
      invokeProtectedMethod: (given, context) => outcome(() => invokeMethod(given, context, objectOf)),
    },
  });
  return {
    ...made,
    read: (id, context, selection) => (id === 2 ? readBuffer(context, objectOf) : made.read(id, context, selection)),
  };
}

function judge(attribute: string, given: DlmsData, context: ObjectContext): DataAccessResult | undefined {
  if (attribute === "requiredProtection") return judgeRequired(given, context);
  if (given.type === "array" && given.value.length > OBJECTS_MAX) return "other-reason";
  if (attribute === "protectionObjectList") return undefined;
  try {
    const layers = dataLayersOf(dataProtection.attributes.protectionParametersGet.decode(given));
    // A key made for one reading of the buffer would have no way to the reader.
    const isFresh = (layer: DataLayer): boolean =>
      layer.kind === "ciphered" && (layer.keyInfo === "wrapped" || layer.keyInfo === "one-pass");
    return attribute === "protectionParametersGet" && layers.some(isFresh) ? "other-reason" : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return "other-reason";
    throw error;
  }
}

/** Without a key that signs, nothing could be asked any more. */
function judgeRequired(given: DlmsData, { meter }: ObjectContext): DataAccessResult | undefined {
  const wanted = given.type === "enum" ? given.value : 0;
  const isSigned = (wanted & SIGNATURE_BITS) !== 0;
  return (wanted & ~PROTECTION_BITS) !== 0 || (isSigned && meter.surroundings.type.securitySuite === 0) ? "other-reason" : undefined;
}

async function getAttributes(given: DlmsData, context: ObjectContext, objectOf: ObjectOf): Promise<InvokeOutcome> {
  const { objectList, protectionParameters } = dataProtection.methods.getProtectedAttributes.decode(given);
  const layers = dataLayersOf(protectionParameters);
  const refusal = refusalOf(objectList, ACCESS.read, context) ?? refusalOfLayers(layers, "response", context);
  if (refusal !== undefined) return refused(refusal);
  return {
    kind: "done",
    data: answer(valuesOf(objectList, context, objectOf), layers, recipientOf(protectionParameters, context), context),
  };
}

async function setAttributes(given: DlmsData, context: ObjectContext, objectOf: ObjectOf): Promise<InvokeOutcome> {
  const request = dataProtection.methods.setProtectedAttributes.decode(given);
  const sent = { parameters: request.protectionParameters, octets: request.protectedAttributes };
  const result = await setOpened(request.objectList, sent, context, objectOf);
  return result === "success" ? DONE : refused(asActionRefusal(result));
}

/** Rights and protection are checked before anything is set; the first value that is not taken ends it. */
async function setOpened(
  objects: readonly CapturedAttribute[],
  sent: ProtectedData,
  context: ObjectContext,
  objectOf: ObjectOf,
): Promise<DataAccessResult> {
  const refusal = refusalOf(objects, ACCESS.write, context);
  if (refusal !== undefined) return refusal;
  const opened = guardOf(context).open(sent);
  const weak = refusalOfLayers(opened.layers, "request", context);
  if (weak !== undefined) return weak;
  const values = decodeData(opened.plain);
  if (values.type !== "structure" || values.value.length !== objects.length) return "type-unmatched";
  for (const [index, { logicalName, attributeIndex }] of objects.entries()) {
    const one = values.value[index];
    const result = one === undefined ? undefined : await objectOf(logicalName)?.write?.(attributeIndex, one, context);
    if (result !== "success") return result ?? "read-write-denied";
  }
  return "success";
}

async function invokeMethod(given: DlmsData, context: ObjectContext, objectOf: ObjectOf): Promise<InvokeOutcome> {
  const request = dataProtection.methods.invokeProtectedMethod.decode(given);
  const { classId, logicalName, methodIndex } = request.objectMethod;
  const target = context.seen(logicalName);
  const object = objectOf(logicalName);
  if (target?.classId !== classId || object?.invoke === undefined) return refused("object-undefined");
  const rights = target.methods?.find(({ id }) => id === methodIndex)?.access[context.role] ?? ACCESS.none;
  if ((rights & ACCESS.invoke) === 0) return refused("read-write-denied");
  const opened = guardOf(context).open({
    parameters: request.protectionParameters,
    octets: request.protectedMethodInvocationParameters,
  });
  const weak = refusalOfLayers(opened.layers, "request", context) ?? refusalOfLayers(opened.layers, "response", context);
  if (weak !== undefined) return refused(weak);
  const invoked = await object.invoke(methodIndex, decodeData(opened.plain), context);
  if (invoked.kind === "refused") return invoked;
  return { kind: "done", data: answer(invoked.data ?? data.nothing, opened.layers, opened.originator, context) };
}

function readBuffer(context: ObjectContext, objectOf: ObjectOf): ReturnType<MeterObject["read"]> {
  const { attributes } = dataProtection;
  const objects = attributes.protectionObjectList.decode(configuredValue(context, NAME, OBJECT_LIST, data.array()));
  const parameters = attributes.protectionParametersGet.decode(configuredValue(context, NAME, PARAMETERS.get, data.array()));
  const layers = dataLayersOf(parameters);
  const guard = context.dataGuard();
  if (objects.length === 0 || guard === undefined) return value(data.octets(NO_TITLE));
  if (refusalOf(objects, ACCESS.read, context) !== undefined || refusalOfLayers(layers, "response", context) !== undefined)
    return READ_REFUSED.denied;
  try {
    const recipient = recipientOf(parameters, context);
    const transactionId = parameters[0]?.protectionOptions.transactionId;
    const plain = encodeData(valuesOf(objects, context, objectOf));
    return value(data.octets(guard.protect(plain, layers, recipient, transactionId).octets));
  } catch (error) {
    if (error instanceof SecurityError) return READ_REFUSED.otherReason;
    throw error;
  }
}

async function writeBuffer(given: DlmsData, context: ObjectContext, objectOf: ObjectOf): Promise<DataAccessResult> {
  if (given.type !== "octet-string") return "type-unmatched";
  const { attributes } = dataProtection;
  const objects = attributes.protectionObjectList.decode(configuredValue(context, NAME, OBJECT_LIST, data.array()));
  const parameters = attributes.protectionParametersSet.decode(configuredValue(context, NAME, PARAMETERS.set, data.array()));
  if (objects.length === 0 || parameters.length === 0) return "object-unavailable";
  try {
    return await setOpened(objects, { parameters, octets: given.value }, context, objectOf);
  } catch (error) {
    if (error instanceof AmityError) return "other-reason";
    throw error;
  }
}

/** The values in one structure, in the order of the list. */
function valuesOf(objects: readonly CapturedAttribute[], context: ObjectContext, objectOf: ObjectOf): DlmsData {
  return data.structure(...objects.map((attribute) => capturedValue(objectOf, attribute, context)));
}

/** Protection parameters and protected data. */
function answer(plain: DlmsData, layers: readonly DataLayer[], recipient: Uint8Array, context: ObjectContext): DlmsData {
  const { parameters, octets } = guardOf(context).protect(encodeData(plain), layers, recipient);
  return data.structure(dataProtection.attributes.protectionParametersGet.encode([...parameters]), data.octets(octets));
}

/** For whom: named in the parameters, or the client that asks. */
function recipientOf(parameters: readonly ProtectionParameters[], { clientSystemTitle }: ObjectContext): Uint8Array {
  const named = parameters.find(({ protectionOptions }) => protectionOptions.recipientSystemTitle.length > 0);
  return named?.protectionOptions.recipientSystemTitle ?? clientSystemTitle ?? NO_TITLE;
}

function guardOf(context: ObjectContext): NonNullable<ReturnType<ObjectContext["dataGuard"]>> {
  const guard = context.dataGuard();
  if (guard === undefined) throw new SecurityError("a meter that observes itself has no keys", { code: "no-key" });
  return guard;
}

/** Why attributes are not read or written so; `undefined`: they may be. */
function refusalOf(objects: readonly CapturedAttribute[], right: number, context: ObjectContext): Reason | undefined {
  if (objects.length === 0 || objects.length > OBJECTS_MAX) return "other-reason";
  for (const { classId, logicalName, attributeIndex, dataIndex } of objects) {
    const target = context.seen(logicalName);
    if (target?.classId !== classId) return "object-undefined";
    if (!mayHold(dataProtection.id, classId)) return "scope-of-access-violated";
    const rights = target.attributes.find(({ id }) => id === attributeIndex)?.access[context.role] ?? ACCESS.none;
    if ((rights & right) === 0) return "read-write-denied";
    // A part of an attribute can be read, not set.
    if (right === ACCESS.write && dataIndex !== 0) return "scope-of-access-violated";
  }
  return undefined;
}

type Reason = "other-reason" | "object-undefined" | "read-write-denied" | "scope-of-access-violated";

/** Whether the layers are at least what required_protection asks of requests or of responses. */
function refusalOfLayers(layers: readonly DataLayer[], of: "request" | "response", context: ObjectContext): Reason | undefined {
  const required = configuredValue(context, NAME, REQUIRED, data.enumerated(FACTORY_REQUIRED));
  const wanted = ((required.type === "enum" ? required.value : FACTORY_REQUIRED) >> (of === "request" ? 2 : 5)) & 0b111;
  const found = layers.reduce((bits, layer) => bits | LAYER_BITS[layer.kind === "signed" ? "signed" : layer.protection], 0);
  return (found & wanted) === wanted ? undefined : "read-write-denied";
}

const LAYER_BITS = { authenticated: 0b001, encrypted: 0b010, "authenticated-encrypted": 0b011, signed: 0b100 } as const;

/** Parameters of another form are type-unmatched, a protection that does not open is told apart from a refusal by the target. */
async function outcome(act: () => Promise<InvokeOutcome>): Promise<InvokeOutcome> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof DecodeError) return refused("type-unmatched");
    if (error instanceof AmityError) return refused("other-reason");
    throw error;
  }
}

function asActionRefusal(result: Exclude<DataAccessResult, "success">): ActionRefusal {
  return Object.hasOwn(ACTION_RESULTS, result) ? (result as ActionRefusal) : "other-reason";
}
