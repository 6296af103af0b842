import { PeerError, decodeAll, encodeAll, type ByteReader, type CodecValue } from "@amity/bytes";
import type { ConformanceBit } from "../acse/conformance.ts";
import type { AccessSelection } from "../apdu/descriptors.ts";
import { BlockBuffer, encodeApdu } from "../apdu/exchange.ts";
import { dataOrEncoded, type EncodedData } from "../apdu/fields.ts";
import type { DataAccessRefusal, DataAccessResult } from "../apdu/results.ts";
import { readRequest, readResponseOf, writeRequest, writeResponse, type VariableAccess } from "../apdu/short-name.ts";
import { ASSOCIATION_SN_BASE, memberOf } from "../apdu/short-name-map.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { obisFromOctets, obisToOctets } from "../data/obis.ts";
import { objectsOf } from "./association-changes.ts";
import { CURRENT_ASSOCIATION } from "./association-object.ts";
import type { CompiledModel, InvokeOutcome, ObjectDefinition, ReadOutcome } from "./cosem-device.ts";
import { invokeMethod, readAttribute, writeAttribute } from "./object-access.ts";
import { OutgoingBlocks } from "./outgoing-blocks.ts";
import type { ServiceCall } from "./service-state.ts";

const READ_RESPONSE = 0x0c;
const WRITE_RESPONSE = 0x0d;
/** Tag, count, choice, last-block, block number, length (three). */
const BLOCK_HEADER_OCTETS = 10;
/** The names of an object span less than this. */
const SPAN_MAX = 0x100;
const responseToSend = readResponseOf(dataOrEncoded);

type ReadResult = { kind: "data"; value: DlmsData | EncodedData } | { kind: "refused"; value: DataAccessRefusal };

/** Serves READ and WRITE of one association: variable names stand for attributes and methods of objects with a base name. */
export class ShortNameService {
  #blocks: OutgoingBlocks | undefined;
  /** A request that is arriving in blocks. */
  #incoming: BlockBuffer | undefined;

  async read(reader: ByteReader, call: ServiceCall): Promise<Uint8Array> {
    const variables = readRequest.decode(reader);
    reader.expectEnd("read-request");
    const [first] = variables;
    if (variables.length === 1 && first?.kind === "block-number") return this.#next(first.value);
    this.#blocks = undefined;
    if (variables.length !== 1 || first?.kind !== "read-data-block") return this.#readAll(variables, call);
    const step = this.#take(first.value, call, "block-transfer-with-get-or-read");
    if (step.kind === "refused") return encodeApdu(READ_RESPONSE, responseToSend, [refused(step.value)]);
    if (step.kind === "more") return encodeApdu(READ_RESPONSE, responseToSend, [{ kind: "block-number", value: first.value.blockNumber }]);
    return this.#readAll(decodeAll(readRequest, step.octets, "read-request"), call);
  }

  async #readAll(variables: readonly VariableAccess[], call: ServiceCall): Promise<Uint8Array> {
    const results: ReadResult[] = [];
    for (const variable of variables)
      results.push(variables.length > call.limits.listMax ? refused("other-reason") : await readVariable(variable, call));
    const response = encodeApdu(READ_RESPONSE, responseToSend, results);
    if (response.length <= call.sendOctetsMax) return response;
    if (!call.opened.conformance.has("block-transfer-with-get-or-read")) {
      if (response.length <= call.answerOctetsMax) return response;
      return encodeApdu(
        READ_RESPONSE,
        responseToSend,
        results.map(() => refused("data-block-unavailable")),
      );
    }
    this.#blocks = new OutgoingBlocks(0, encodeAll(responseToSend, results), Math.max(1, call.sendOctetsMax - BLOCK_HEADER_OCTETS));
    return this.#block(this.#blocks);
  }

  async write(reader: ByteReader, call: ServiceCall): Promise<Uint8Array> {
    const request = writeRequest.decode(reader);
    reader.expectEnd("write-request");
    const [variable] = request.variables;
    const [value] = request.values;
    if (request.variables.length !== 1 || variable?.kind !== "write-data-block") return this.#writeAll(request, call);
    const rawData = value?.type === "octet-string" ? value.value : new Uint8Array(0);
    const step = this.#take({ ...variable.value, rawData }, call, "block-transfer-with-set-or-write");
    if (step.kind === "refused") return encodeApdu(WRITE_RESPONSE, writeResponse, [{ kind: "refused", value: step.value }]);
    if (step.kind === "more")
      return encodeApdu(WRITE_RESPONSE, writeResponse, [{ kind: "block-number", value: variable.value.blockNumber }]);
    return this.#writeAll(decodeAll(writeRequest, step.octets, "write-request"), call);
  }

  async #writeAll({ variables, values }: CodecValue<typeof writeRequest>, call: ServiceCall): Promise<Uint8Array> {
    const results: DataAccessResult[] = [];
    for (const [index, variable] of variables.entries()) {
      const value = values[index];
      const isRefused = value === undefined || variables.length > call.limits.listMax;
      results.push(isRefused ? "other-reason" : await writeVariable(variable, value, call));
    }
    return encodeApdu(
      WRITE_RESPONSE,
      writeResponse,
      results.map((result) => (result === "success" ? { kind: "success", value: {} } : { kind: "refused", value: result })),
    );
  }

  /** One block of a request; the whole of it with the last. Block 1 begins anew. */
  #take(block: IncomingBlock, { opened, limits }: ServiceCall, bit: ConformanceBit): BlockStep {
    if (!opened.conformance.has(bit)) return { kind: "refused", value: "other-reason" };
    if (block.blockNumber === 1) this.#incoming = new BlockBuffer(limits.valueOctetsMax);
    const incoming = this.#incoming;
    if (incoming === undefined) return { kind: "refused", value: "no-long-set-in-progress" };
    try {
      incoming.append(block.blockNumber, block.rawData);
    } catch (error) {
      this.#incoming = undefined;
      if (!(error instanceof PeerError)) throw error;
      return { kind: "refused", value: error.code === "block-number" ? "data-block-number-invalid" : "long-set-aborted" };
    }
    if (!block.lastBlock) return { kind: "more" };
    this.#incoming = undefined;
    return { kind: "whole", octets: incoming.finish() };
  }

  #next(blockNumber: number): Uint8Array {
    if (this.#blocks === undefined || blockNumber !== this.#blocks.sent) {
      const reason = this.#blocks === undefined ? "no-long-get-in-progress" : "data-block-number-invalid";
      this.#blocks = undefined;
      return encodeApdu(READ_RESPONSE, responseToSend, [refused(reason)]);
    }
    return this.#block(this.#blocks);
  }

  #block(blocks: OutgoingBlocks): Uint8Array {
    const value = blocks.next();
    if (value.lastBlock) this.#blocks = undefined;
    return encodeApdu(READ_RESPONSE, responseToSend, [{ kind: "block", value }]);
  }
}

interface IncomingBlock {
  readonly lastBlock: boolean;
  readonly blockNumber: number;
  readonly rawData: Uint8Array;
}

type BlockStep =
  | { readonly kind: "refused"; readonly value: DataAccessRefusal }
  | { readonly kind: "more" }
  | { readonly kind: "whole"; readonly octets: Uint8Array };

function refused(value: DataAccessRefusal): ReadResult {
  return { kind: "refused", value };
}

async function readVariable(variable: VariableAccess, call: ServiceCall): Promise<ReadResult> {
  if (variable.kind !== "variable-name" && variable.kind !== "parameterized") return refused("type-unmatched");
  const variableName = variable.kind === "variable-name" ? variable.value : variable.value.variableName;
  const selection =
    variable.kind === "parameterized" ? { selector: variable.value.selector, parameters: variable.value.parameter } : undefined;
  if (variableName >= ASSOCIATION_SN_BASE && variableName < ASSOCIATION_SN_BASE + SPAN_MAX)
    return resultOf(readAssociationSn(variableName, selection, call));
  const target = resolve(variableName, call.device.model);
  if (target === undefined) return refused("object-undefined");
  const { classId, instanceId } = target.object;
  if (target.member.kind === "method") {
    return invokedOf(await invokeMethod(call, { classId, instanceId, methodId: target.member.id }, selection?.parameters));
  }
  return resultOf(await readAttribute(call, { classId, instanceId, attributeId: target.member.id }, selection));
}

async function writeVariable(variable: VariableAccess, value: DlmsData, call: ServiceCall): Promise<DataAccessResult> {
  if (variable.kind !== "variable-name" && variable.kind !== "parameterized") return "type-unmatched";
  const variableName = variable.kind === "variable-name" ? variable.value : variable.value.variableName;
  const target = resolve(variableName, call.device.model);
  if (target === undefined) return "object-undefined";
  const { classId, instanceId } = target.object;
  if (target.member.kind === "method") {
    const result = invokedOf(await invokeMethod(call, { classId, instanceId, methodId: target.member.id }, value));
    return result.kind === "refused" ? result.value : "success";
  }
  const selection =
    variable.kind === "parameterized" ? { selector: variable.value.selector, parameters: variable.value.parameter } : undefined;
  return writeAttribute(call, { classId, instanceId, attributeId: target.member.id }, value, selection);
}

function resultOf(outcome: ReadOutcome): ReadResult {
  if (outcome.kind === "refused") return refused(outcome.result);
  return { kind: "data", value: outcome.kind === "data" ? outcome.data : { type: "encoded", octets: outcome.octets } };
}

function invokedOf(outcome: InvokeOutcome): ReadResult {
  if (outcome.kind === "done") return { kind: "data", value: outcome.data ?? { type: "null-data" } };
  switch (outcome.result) {
    case "long-action-aborted":
    case "no-long-action-in-progress":
      return refused("other-reason");
    default:
      return refused(outcome.result);
  }
}

/** Objects with a base name, ascending: the same for every meter of a type. */
const BY_BASE_NAME = new WeakMap<CompiledModel, (ObjectDefinition & { baseName: number })[]>();

function resolve(variableName: number, model: CompiledModel) {
  const objects = objectsWithNames(model);
  // The last object that starts at or below the name.
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((objects[middle]?.baseName ?? 0) <= variableName) low = middle + 1;
    else high = middle;
  }
  const object = objects[low - 1];
  if (object === undefined) return undefined;
  const attributeCount = Math.max(0, ...object.attributes.map((attribute) => attribute.id));
  const methodCount = Math.max(0, ...(object.methods ?? []).map((method) => method.id));
  const member = memberOf(variableName, { baseName: object.baseName, classId: object.classId, attributeCount, methodCount });
  return member === undefined ? undefined : { object, member };
}

function objectsWithNames(model: CompiledModel): (ObjectDefinition & { baseName: number })[] {
  let objects = BY_BASE_NAME.get(model);
  if (objects === undefined) {
    objects = model.objects.flatMap((object) => (object.baseName === undefined ? [] : [{ ...object, baseName: object.baseName }]));
    objects.sort((left, right) => left.baseName - right.baseName);
    BY_BASE_NAME.set(model, objects);
  }
  return objects;
}

/** Association SN (class 12): its name, and the objects in which this client has any right. */
function readAssociationSn(variableName: number, selection: AccessSelection | undefined, { device, opened }: ServiceCall): ReadOutcome {
  if (variableName === ASSOCIATION_SN_BASE) return { kind: "data", data: data.octets(obisToOctets(CURRENT_ASSOCIATION)) };
  if (variableName !== ASSOCIATION_SN_BASE + 8) return { kind: "refused", result: "object-undefined" };
  const visible = new Set(objectsOf(device, opened.definition).map(({ instanceId }) => instanceId));
  const own: NamedObject = { baseName: ASSOCIATION_SN_BASE, classId: 12, version: 0, instanceId: CURRENT_ASSOCIATION };
  const objects = [own, ...objectsWithNames(device.model).filter(({ instanceId }) => visible.has(instanceId))];
  return selection === undefined ? { kind: "data", data: data.array(...objects.map(element)) } : selectedElements(objects, selection);
}

type NamedObject = Pick<ObjectDefinition, "classId" | "version" | "instanceId"> & { readonly baseName: number };

/** Selective access to the object list of Association SN (Blue Book 4.4.3): 1 the objects of a class, 2 the one of a class and a name. */
function selectedElements(objects: readonly NamedObject[], { selector, parameters }: AccessSelection): ReadOutcome {
  if (selector === 1 && parameters.type === "long-unsigned")
    return { kind: "data", data: data.array(...objects.filter(({ classId }) => classId === parameters.value).map(element)) };
  const [wantedClass, name] = parameters.type === "structure" ? parameters.value : [];
  if (selector === 2 && wantedClass?.type === "long-unsigned" && name?.type === "octet-string" && name.value.length === 6) {
    const wanted = obisFromOctets(name.value);
    const found = objects.find(({ classId, instanceId }) => classId === wantedClass.value && instanceId === wanted);
    return found === undefined ? { kind: "refused", result: "object-undefined" } : { kind: "data", data: element(found) };
  }
  return { kind: "refused", result: selector === 1 || selector === 2 ? "type-unmatched" : "scope-of-access-violated" };
}

function element({ baseName, classId, version, instanceId }: NamedObject): DlmsData {
  return data.structure(
    data.long((baseName << 16) >> 16),
    data.longUnsigned(classId),
    data.unsigned(version),
    data.octets(obisToOctets(instanceId)),
  );
}
