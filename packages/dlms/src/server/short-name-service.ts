import { PeerError, decodeAll, encodeAll, type ByteReader, type CodecValue } from "@amity/bytes";
import type { ConformanceBit } from "../acse/conformance.ts";
import { BlockBuffer, encodeApdu } from "../apdu/exchange.ts";
import { dataOrEncoded, type EncodedData } from "../apdu/fields.ts";
import type { DataAccessRefusal, DataAccessResult } from "../apdu/results.ts";
import { readRequest, readResponseOf, writeRequest, writeResponse, type VariableAccess } from "../apdu/short-name.ts";
import { ASSOCIATION_SN_BASE, memberOf } from "../apdu/short-name-map.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import { changeSecret } from "./association-service.ts";
import { SECRET_METHODS, objectsWithNames, readAssociationSn } from "./association-sn.ts";
import type { CompiledModel, InvokeOutcome, ReadOutcome } from "./cosem-device.ts";
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
    return resultOf(readAssociationSn(call, variableName - ASSOCIATION_SN_BASE, selection));
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
  if (SECRET_METHODS.has(variableName)) return changeSecret(call.device, call.opened.definition, value);
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
