import { DecodeError, PeerError, decodeAll, type CodecValue } from "@amity/bytes";
import type { AttributeDescriptor, MethodDescriptor } from "../apdu/descriptors.ts";
import { BlockBuffer, decodeAnswer, encodeApdu, type Exchange } from "../apdu/exchange.ts";
import type { DataAccessResult } from "../apdu/results.ts";
import { readRequest, readResponse, writeRequest, writeResponse, type VariableAccess } from "../apdu/short-name.ts";
import { ASSOCIATION_SN, ASSOCIATION_SN_BASE, OBJECT_LIST_NAME, attributeName, methodName } from "../apdu/short-name-map.ts";
import { decodeData } from "../data/axdr.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import { obisFromOctets, type Obis } from "../data/obis.ts";
import type { ActionOutcome, GetOutcome, GetRequestItem, SetRequestItem } from "./dlms-client.ts";
import { needsBlocks, type ServiceContext } from "./service-context.ts";
import { blocksOf } from "./set-exchange.ts";

const READ = 0x05;
const READ_RESPONSE = 0x0c;
const WRITE = 0x06;
const WRITE_RESPONSE = 0x0d;
const ASSOCIATION_NAME = "0-0:40.0.0.255" as Obis;

/** Base names by class and logical name, as the meter's association lists them. */
export type ShortNames = ReadonlyMap<string, number>;

/** What a name belongs to. */
export type NamedTarget = Pick<AttributeDescriptor, "classId" | "instanceId">;

export function hasName(names: ShortNames, { classId, instanceId }: NamedTarget): boolean {
  return names.has(keyOf(classId, instanceId));
}

const keyOf = (classId: number, instanceId: Obis): string => `${classId} ${instanceId}`;

/** The association's own name is the same in every meter: to ask it takes no list. */
export const OWN_SHORT_NAME: ShortNames = new Map([[keyOf(ASSOCIATION_SN, ASSOCIATION_NAME), ASSOCIATION_SN_BASE]]);

/** Reads the object list of the association (SN). */
export function* shortNamesExchange(context: ServiceContext): Exchange<ShortNames> {
  const names = new Map<string, number>(OWN_SHORT_NAME);
  const [list] = yield* readExchange(context, [{ kind: "variable-name", value: OBJECT_LIST_NAME }]);
  if (list?.kind !== "data" || list.data.type !== "array") throw new PeerError("the server gave no object list", { code: "object-list" });
  for (const element of list.data.value) {
    const [baseName, classId, , name] = element.type === "structure" ? element.value : [];
    if (baseName?.type !== "long" || classId?.type !== "long-unsigned" || name?.type !== "octet-string" || name.value.length !== 6)
      continue;
    names.set(keyOf(classId.value, obisFromOctets(name.value)), baseName.value & 0xffff);
  }
  return names;
}

/** READ of attributes. Names that the meter does not list are refused here, without asking it. */
export function* shortGetExchange(context: ServiceContext, names: ShortNames, items: readonly GetRequestItem[]): Exchange<GetOutcome[]> {
  const known = items.map((item) => accessTo(names, item));
  const found = yield* readExchange(
    context,
    known.filter((access) => access !== undefined),
  );
  let at = 0;
  return known.map((access) =>
    access === undefined ? { kind: "refused", result: "object-undefined" } : (found[at++] ?? { kind: "refused", result: "other-reason" }),
  );
}

/** WRITE of attributes. */
export function* shortSetExchange(
  context: ServiceContext,
  names: ShortNames,
  items: readonly SetRequestItem[],
): Exchange<DataAccessResult[]> {
  const known = items.map((item) => ({ access: accessTo(names, item), value: item.value }));
  const writable = known.flatMap(({ access, value }) => (access === undefined ? [] : [{ access, value }]));
  const found = yield* writeExchange(context, writable);
  let at = 0;
  return known.map(({ access }) => (access === undefined ? "object-undefined" : (found[at++] ?? "other-reason")));
}

/** A method: READ with its parameter, which also brings what it returns. */
export function* shortActionExchange(
  context: ServiceContext,
  names: ShortNames,
  method: MethodDescriptor,
  parameters: DlmsData | undefined,
): Exchange<ActionOutcome> {
  const baseName = names.get(keyOf(method.classId, method.instanceId));
  const variableName = baseName === undefined ? undefined : methodName(baseName, method.classId, method.methodId);
  if (variableName === undefined) return { kind: "refused", result: "object-undefined" };
  const [outcome] = yield* readExchange(context, [
    { kind: "parameterized", value: { variableName, selector: 0, parameter: parameters ?? { type: "null-data" } } },
  ]);
  if (outcome?.kind !== "data") return { kind: "refused", result: actionResultOf(outcome?.result) };
  return outcome.data.type === "null-data" ? { kind: "done" } : { kind: "done", data: outcome.data };
}

function actionResultOf(result: DataAccessResult | undefined) {
  if (result === undefined || result === "success") return "other-reason";
  switch (result) {
    case "long-get-aborted":
    case "no-long-get-in-progress":
    case "long-set-aborted":
    case "no-long-set-in-progress":
    case "data-block-number-invalid":
      return "other-reason";
    default:
      return result;
  }
}

function accessTo(
  names: ShortNames,
  { attribute, selection }: { attribute: AttributeDescriptor; selection?: GetRequestItem["selection"] },
): VariableAccess | undefined {
  const baseName = names.get(keyOf(attribute.classId, attribute.instanceId));
  if (baseName === undefined) return undefined;
  const variableName = attributeName(baseName, attribute.attributeId);
  if (selection === undefined) return { kind: "variable-name", value: variableName };
  return { kind: "parameterized", value: { variableName, selector: selection.selector, parameter: selection.parameters } };
}

type ReadResults = CodecValue<typeof readResponse>;

function* readExchange(context: ServiceContext, variables: readonly VariableAccess[]): Exchange<GetOutcome[]> {
  if (variables.length === 0) return [];
  const buffer = new BlockBuffer(context.valueOctetsMax);
  let results = yield* askRead(context, variables);
  for (;;) {
    const [first] = results;
    if (results.length !== 1 || first?.kind !== "block") break;
    const { blockNumber, lastBlock, rawData } = first.value;
    buffer.append(blockNumber, rawData);
    if (lastBlock) {
      results = resultsFromBlocks(buffer.finish(), variables.length);
      break;
    }
    const next = encodeApdu(READ, readRequest, [{ kind: "block-number", value: blockNumber }]);
    results = decodeAnswer(yield next, READ_RESPONSE, readResponse);
  }
  if (results.length !== variables.length)
    throw new PeerError(`${results.length} results came back for ${variables.length} variables`, { code: "list-length" });
  return results.map((result) => {
    if (result.kind === "data") return { kind: "data", data: result.value };
    if (result.kind === "refused" && result.value !== "success") return { kind: "refused", result: result.value };
    throw new PeerError(`${result.kind} came back for a READ`, { code: "unexpected-apdu" });
  });
}

/** The raw data of all blocks: the list of results. Gurux servers send the value of one variable bare. @throws DecodeError */
function resultsFromBlocks(octets: Uint8Array, count: number): ReadResults {
  try {
    return decodeAll(readResponse, octets, "list of results");
  } catch (error) {
    if (!(error instanceof DecodeError) || count !== 1) throw error;
    const value = bareValue(octets);
    if (value === undefined) throw error;
    return [{ kind: "data", value }];
  }
}

function bareValue(octets: Uint8Array): DlmsData | undefined {
  try {
    return decodeData(octets);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** A READ of its own length, or cut into blocks where the server could not take it otherwise. */
function* askRead(context: ServiceContext, variables: readonly VariableAccess[]): Exchange<ReadResults> {
  const whole = encodeApdu(READ, readRequest, [...variables]);
  if (!needsBlocks(context, whole, "read")) return decodeAnswer(yield whole, READ_RESPONSE, readResponse);
  const blocks = blocksOf(context, whole.subarray(1), context.sendOctetsMax, "read");
  for (;;) {
    const block = blocks.next();
    const results = decodeAnswer(
      yield encodeApdu(READ, readRequest, [{ kind: "read-data-block", value: block }]),
      READ_RESPONSE,
      readResponse,
    );
    if (block.lastBlock || !isConfirmed(results[0], block.blockNumber)) return results;
  }
}

function* askWrite(context: ServiceContext, items: readonly ShortWrite[]): Exchange<CodecValue<typeof writeResponse>> {
  const request = { variables: items.map((item) => item.access), values: items.map((item) => item.value) };
  const whole = encodeApdu(WRITE, writeRequest, request);
  if (!needsBlocks(context, whole, "set")) return decodeAnswer(yield whole, WRITE_RESPONSE, writeResponse);
  const blocks = blocksOf(context, whole.subarray(1), context.sendOctetsMax);
  for (;;) {
    const { rawData, ...block } = blocks.next();
    const one = encodeApdu(WRITE, writeRequest, {
      variables: [{ kind: "write-data-block", value: block }],
      values: [{ type: "octet-string", value: rawData }],
    });
    const results = decodeAnswer(yield one, WRITE_RESPONSE, writeResponse);
    if (block.lastBlock || !isConfirmed(results[0], block.blockNumber)) return results;
  }
}

/** @throws PeerError `block-number` where another block was confirmed than the one sent. */
function isConfirmed(result: { kind: string; value: unknown } | undefined, blockNumber: number): boolean {
  if (result?.kind !== "block-number") return false;
  if (result.value === blockNumber) return true;
  throw new PeerError(`block ${String(result.value)} was confirmed, ${blockNumber} was sent`, { code: "block-number" });
}

interface ShortWrite {
  readonly access: VariableAccess;
  readonly value: DlmsData;
}

function* writeExchange(context: ServiceContext, items: readonly ShortWrite[]): Exchange<DataAccessResult[]> {
  if (items.length === 0) return [];
  const results = yield* askWrite(context, items);
  if (results.length !== items.length)
    throw new PeerError(`${results.length} results came back for ${items.length} variables`, { code: "list-length" });
  return results.map((result) => {
    if (result.kind === "block-number") throw new PeerError("block-number came back for a WRITE", { code: "unexpected-apdu" });
    return result.kind === "success" ? "success" : result.value;
  });
}

/** reply_to_HLS_authentication of Association SN: method 8. */
export function* shortReplyToHls(context: ServiceContext, answer: DlmsData): Exchange<ActionOutcome> {
  return yield* shortActionExchange(
    context,
    OWN_SHORT_NAME,
    { classId: ASSOCIATION_SN, instanceId: ASSOCIATION_NAME, methodId: 8 },
    answer,
  );
}
