import { ByteWriter, PeerError, berLength } from "@amity/bytes";
import { decodeAnswer, encodeApdu, type Exchange } from "../apdu/exchange.ts";
import type { DataAccessResult } from "../apdu/results.ts";
import { setRequest, setResponse } from "../apdu/set.ts";
import { encodeData } from "../data/axdr.ts";
import type { SetRequestItem } from "./dlms-client.ts";
import {
  BLOCK_TRANSFER_BITS,
  checkInvokeId,
  needsBlocks,
  notGranted,
  type ServiceContext,
  type BlockedService,
} from "./service-context.ts";

const REQUEST = 0xc1;
const RESPONSE = 0xc5;

/** Tag, form, invoke id, last-block, block number, length: before the raw data of a block after the first. */
const BLOCK_HEADER_OCTETS = 12;

/** SET of one attribute; a value that does not fit one APDU goes in blocks. */
export function* setExchange(context: ServiceContext, item: SetRequestItem): Exchange<DataAccessResult> {
  const invokeIdAndPriority = context.nextInvokeId();
  const { attribute, selection, value } = item;
  const whole = encodeApdu(REQUEST, setRequest, { kind: "normal", value: { invokeIdAndPriority, attribute, selection, value } });
  if (needsBlocks(context, whole, "set")) {
    const octets = encodeData(value);
    const room = context.sendOctetsMax - (whole.length - octets.length) - BLOCK_HEADER_OCTETS;
    const blocks = blocksOf(context, octets, room);
    const first = encodeApdu(REQUEST, setRequest, {
      kind: "withFirstDatablock",
      value: { invokeIdAndPriority, attribute, selection, block: blocks.next() },
    });
    const results = yield* sendBlocks(invokeIdAndPriority, first, blocks);
    return results[0] ?? "other-reason";
  }
  const answer = decodeAnswer(yield whole, RESPONSE, setResponse);
  checkInvokeId(invokeIdAndPriority, answer.value.invokeIdAndPriority);
  if (answer.kind !== "normal") throw new PeerError(`${answer.kind} came back for a single SET`, { code: "unexpected-apdu" });
  return answer.value.result;
}

/** SET of several attributes in one request. */
export function* setListExchange(context: ServiceContext, items: readonly SetRequestItem[]): Exchange<DataAccessResult[]> {
  const invokeIdAndPriority = context.nextInvokeId();
  const targets = items.map(({ attribute, selection }) => ({ attribute, selection }));
  const values = items.map((item) => item.value);
  const whole = encodeApdu(REQUEST, setRequest, { kind: "withList", value: { invokeIdAndPriority, items: targets, values } });
  let results: DataAccessResult[];
  if (needsBlocks(context, whole, "set")) {
    const writer = new ByteWriter();
    berLength.encode(values.length, writer);
    for (const value of values) writer.bytes(encodeData(value));
    const octets = writer.finish();
    const blocks = blocksOf(context, octets, context.sendOctetsMax - (whole.length - octets.length) - BLOCK_HEADER_OCTETS);
    const first = encodeApdu(REQUEST, setRequest, {
      kind: "withListAndFirstDatablock",
      value: { invokeIdAndPriority, items: targets, block: blocks.next() },
    });
    results = yield* sendBlocks(invokeIdAndPriority, first, blocks);
  } else {
    const answer = decodeAnswer(yield whole, RESPONSE, setResponse);
    checkInvokeId(invokeIdAndPriority, answer.value.invokeIdAndPriority);
    if (answer.kind !== "withList") throw new PeerError(`${answer.kind} came back for a list`, { code: "unexpected-apdu" });
    results = answer.value.results;
  }
  if (results.length !== items.length)
    throw new PeerError(`${results.length} results came back for ${items.length} attributes`, { code: "list-length" });
  return results;
}

/** Sends what follows the first block until the server gives the result. */
function* sendBlocks(invokeIdAndPriority: number, first: Uint8Array, blocks: BlockSource): Exchange<DataAccessResult[]> {
  let request = first;
  for (;;) {
    const answer = decodeAnswer(yield request, RESPONSE, setResponse);
    checkInvokeId(invokeIdAndPriority, answer.value.invokeIdAndPriority);
    switch (answer.kind) {
      case "datablock":
        if (answer.value.blockNumber !== blocks.sent || blocks.isFinished) {
          throw new PeerError(`block ${answer.value.blockNumber} was acknowledged, ${blocks.sent} was sent`, { code: "block-number" });
        }
        request = encodeApdu(REQUEST, setRequest, { kind: "withDatablock", value: { invokeIdAndPriority, block: blocks.next() } });
        break;
      case "lastDatablock":
      case "normal":
        return [answer.value.result];
      case "lastDatablockWithList":
      case "withList":
        return answer.value.results;
    }
  }
}

/** Cuts octets into numbered blocks. */
export interface BlockSource {
  next(): { lastBlock: boolean; blockNumber: number; rawData: Uint8Array };
  /** Number of the block handed out last. */
  readonly sent: number;
  readonly isFinished: boolean;
}

/** The first block has `firstRoom` octets, the others what is left beside the block's own header. */
export function blocksOf(context: ServiceContext, octets: Uint8Array, firstRoom: number, service: BlockedService = "set"): BlockSource {
  const bit = BLOCK_TRANSFER_BITS[service];
  if (!context.conformance.has(bit)) throw notGranted(bit);
  const room = context.sendOctetsMax - BLOCK_HEADER_OCTETS;
  if (room < 1) throw new PeerError(`the server takes APDUs of ${context.sendOctetsMax} octets only`, { code: "pdu-size" });
  let at = 0;
  let sent = 0;
  return {
    get sent() {
      return sent;
    },
    get isFinished() {
      return at >= octets.length;
    },
    next() {
      const size = sent === 0 ? Math.max(0, Math.min(firstRoom, room)) : room;
      const rawData = octets.subarray(at, at + size);
      at += rawData.length;
      sent++;
      return { lastBlock: at >= octets.length, blockNumber: sent, rawData };
    },
  };
}
