import { ByteReader, PeerError, berLength, list } from "@amity/bytes";
import { LIST_MAX, restOctets } from "../apdu/fields.ts";
import { BlockBuffer, decodeAnswer, encodeApdu, type Exchange } from "../apdu/exchange.ts";
import { getRequest, getResponseOf, getResultOf } from "../apdu/get.ts";
import type { DataAccessRefusal, DataAccessResult } from "../apdu/results.ts";
import { dlmsData } from "../data/axdr.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import type { GetOutcome, GetRequestItem, RawGetOutcome } from "./dlms-client.ts";
import { checkInvokeId, type ServiceContext } from "./service-context.ts";

const REQUEST = 0xc0;
const RESPONSE = 0xc4;
/** Tag, choice, invoke id, last block, number, choice, length. */
const EMPTY_BLOCK_OCTETS = 10;
const getResponseRaw = getResponseOf<Uint8Array, DlmsData>(restOctets, dlmsData);
const results = list(getResultOf(dlmsData), { count: berLength, limit: LIST_MAX });

/** GET of one attribute; blocks are put together. */
export function* getExchange(context: ServiceContext, item: GetRequestItem): Exchange<RawGetOutcome> {
  const invokeIdAndPriority = context.nextInvokeId();
  const request = { invokeIdAndPriority, attribute: item.attribute, selection: item.selection };
  const answer = decodeAnswer(yield encodeApdu(REQUEST, getRequest, { kind: "normal", value: request }), RESPONSE, getResponseRaw);
  checkInvokeId(invokeIdAndPriority, answer.value.invokeIdAndPriority);
  if (answer.kind === "withList") throw new PeerError("a list came back for a single GET", { code: "unexpected-apdu" });
  if (answer.kind === "withDatablock") return yield* restOfBlocks(context, invokeIdAndPriority, answer.value);
  const { result } = answer.value;
  return result.kind === "data" ? { kind: "data", octets: result.value } : { kind: "refused", result: refusal(result.value) };
}

/** GET of several attributes in one request. */
export function* getListExchange(context: ServiceContext, items: readonly GetRequestItem[]): Exchange<GetOutcome[]> {
  const invokeIdAndPriority = context.nextInvokeId();
  const listed = items.map(({ attribute, selection }) => ({ attribute, selection }));
  const request = encodeApdu(REQUEST, getRequest, { kind: "withList", value: { invokeIdAndPriority, items: listed } });
  const answer = decodeAnswer(yield request, RESPONSE, getResponseRaw);
  checkInvokeId(invokeIdAndPriority, answer.value.invokeIdAndPriority);
  if (answer.kind === "normal") {
    const { result } = answer.value;
    // A server that knows no lists may refuse as a whole.
    if (result.kind === "refused") return items.map(() => ({ kind: "refused", result: refusal(result.value) }));
    throw new PeerError("a single value came back for a list", { code: "unexpected-apdu" });
  }
  if (answer.kind === "withList") return outcomesOf(answer.value.results, items.length);
  const whole = yield* restOfBlocks(context, invokeIdAndPriority, answer.value);
  if (whole.kind === "refused") return items.map(() => whole);
  const reader = new ByteReader(whole.octets);
  const found = results.decode(reader);
  reader.expectEnd("list of results");
  return outcomesOf(found, items.length);
}

interface Block {
  readonly lastBlock: boolean;
  readonly blockNumber: number;
  readonly result: { kind: "data"; value: Uint8Array } | { kind: "refused"; value: DataAccessResult };
}

function* restOfBlocks(context: ServiceContext, invokeIdAndPriority: number, first: Block): Exchange<RawGetOutcome> {
  const buffer = new BlockBuffer(context.valueOctetsMax);
  let block = first;
  for (;;) {
    if (block.result.kind === "refused") return { kind: "refused", result: refusal(block.result.value) };
    buffer.append(block.blockNumber, block.result.value);
    if (block.lastBlock) return { kind: "data", octets: buffer.finish() };
    const next = encodeApdu(REQUEST, getRequest, { kind: "next", value: { invokeIdAndPriority, blockNumber: block.blockNumber } });
    const answer = decodeAnswer(withoutCopy(yield next), RESPONSE, getResponseRaw);
    checkInvokeId(invokeIdAndPriority, answer.value.invokeIdAndPriority);
    if (answer.kind === "normal" && answer.value.result.kind === "refused") {
      return { kind: "refused", result: refusal(answer.value.result.value) };
    }
    if (answer.kind !== "withDatablock") throw new PeerError("no block came back for a request of the next", { code: "unexpected-apdu" });
    block = answer.value;
  }
}

/**
 * Gurux's C servers send a last block without octets twice in one APDU, a zero octet between the two: the second goes. Anything else that
 * is too long is refused as ever.
 */
function withoutCopy(answer: Uint8Array): Uint8Array {
  if (answer.length !== 2 * EMPTY_BLOCK_OCTETS + 1) return answer;
  const first = answer.subarray(0, EMPTY_BLOCK_OCTETS);
  const isCopied = first.every((octet, index) => octet === answer[EMPTY_BLOCK_OCTETS + 1 + index]);
  return isCopied && answer[EMPTY_BLOCK_OCTETS - 1] === 0 && answer[EMPTY_BLOCK_OCTETS] === 0 ? first : answer;
}

function outcomesOf(
  found: readonly ({ kind: "data"; value: DlmsData } | { kind: "refused"; value: DataAccessResult })[],
  expected: number,
): GetOutcome[] {
  if (found.length !== expected)
    throw new PeerError(`${found.length} results came back for ${expected} attributes`, { code: "list-length" });
  return found.map((item) =>
    item.kind === "data" ? { kind: "data", data: item.value } : { kind: "refused", result: refusal(item.value) },
  );
}

/** "success" as a reason for refusing is a fault of the server: kept as "other-reason". */
function refusal(result: DataAccessResult): DataAccessRefusal {
  return result === "success" ? "other-reason" : result;
}
