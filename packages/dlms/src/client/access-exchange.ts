import { PeerError } from "@amity/bytes";
import { LONG_INVOKE_ID, accessRequest, accessResponse, type AccessSpecification } from "../apdu/access.ts";
import { decodeAnswer, encodeApdu, type Exchange } from "../apdu/exchange.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import type { AccessItem, AccessOptions, AccessOutcome } from "./dlms-client.ts";
import { checkInvokeId, type ServiceContext } from "./service-context.ts";

const REQUEST = 0xd9;
const RESPONSE = 0xda;

/** ACCESS: several services in one request, each with its own result. */
export function* accessExchange(
  context: ServiceContext,
  items: readonly AccessItem[],
  options: AccessOptions = {},
): Exchange<AccessOutcome[]> {
  const short = context.nextInvokeId();
  // Long-invoke-id-and-priority has the priority and service class on top and 24 bits of invoke id.
  const bits = options.breaksOnError === true ? LONG_INVOKE_ID.breakOnError : 0;
  const longInvokeIdAndPriority = (((short & 0xf0) << 24) | bits | (short & 0x0f)) >>> 0;
  const request = encodeApdu(REQUEST, accessRequest, {
    longInvokeIdAndPriority,
    dateTime: options.dateTime ?? new Uint8Array(0),
    specifications: items.map(specificationOf),
    values: items.map(valueOf),
  });
  const answer = decodeAnswer(yield request, RESPONSE, accessResponse);
  checkInvokeId(longInvokeIdAndPriority, answer.longInvokeIdAndPriority);
  if (answer.results.length !== items.length || answer.values.length !== items.length) {
    throw new PeerError(`${answer.results.length} results came back for ${items.length} services`, { code: "list-length" });
  }
  return answer.results.map((result, index) => {
    const kind = items[index]?.kind;
    if (result.kind !== kind) throw new PeerError(`a result of ${result.kind} came back for ${kind}`, { code: "unexpected-apdu" });
    return outcomeOf(result, answer.values[index] ?? { type: "null-data" });
  });
}

function outcomeOf(result: { kind: "get" | "set" | "action"; value: string }, value: DlmsData): AccessOutcome {
  if (result.value !== "success") return { kind: "refused", result: result.value as never };
  if (result.kind === "get") return { kind: "data", data: value };
  return value.type === "null-data" ? { kind: "done" } : { kind: "done", data: value };
}

function specificationOf(item: AccessItem): AccessSpecification {
  if (item.kind === "action") return { kind: "action", value: item.method };
  const { kind, attribute, selection } = item;
  return selection === undefined ? { kind, value: attribute } : { kind: `${kind}-with-selection`, value: { attribute, selection } };
}

function valueOf(item: AccessItem): DlmsData {
  if (item.kind === "set") return item.value;
  return item.kind === "action" && item.parameters !== undefined ? item.parameters : { type: "null-data" };
}
