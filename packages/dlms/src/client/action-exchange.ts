import { ByteReader, PeerError } from "@amity/bytes";
import { actionRequest, actionResponse, actionResponseItem } from "../apdu/action.ts";
import type { MethodDescriptor } from "../apdu/descriptors.ts";
import { BlockBuffer, decodeAnswer, encodeApdu, type Exchange } from "../apdu/exchange.ts";
import type { ActionResult, DataAccessResult } from "../apdu/results.ts";
import { encodeData } from "../data/axdr.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import type { ActionOutcome } from "./dlms-client.ts";
import { checkInvokeId, needsBlocks, type ServiceContext } from "./service-context.ts";
import { blocksOf, type BlockSource } from "./set-exchange.ts";

const REQUEST = 0xc3;
const RESPONSE = 0xc7;
const FIRST_BLOCK_HEADER_OCTETS = 24;

/** ACTION of one method; long parameters and long results go in blocks. */
export function* actionExchange(
  context: ServiceContext,
  method: MethodDescriptor,
  parameters: DlmsData | undefined,
): Exchange<ActionOutcome> {
  const invokeIdAndPriority = context.nextInvokeId();
  let request = encodeApdu(REQUEST, actionRequest, { kind: "normal", value: { invokeIdAndPriority, method, parameters } });
  let blocks: BlockSource | undefined;
  if (parameters !== undefined && needsBlocks(context, request, "action")) {
    blocks = blocksOf(context, encodeData(parameters), context.sendOctetsMax - FIRST_BLOCK_HEADER_OCTETS, "action");
    request = encodeApdu(REQUEST, actionRequest, { kind: "withFirstPblock", value: { invokeIdAndPriority, method, block: blocks.next() } });
  }
  const received = new BlockBuffer(context.valueOctetsMax);
  for (;;) {
    const answer = decodeAnswer(yield request, RESPONSE, actionResponse);
    checkInvokeId(invokeIdAndPriority, answer.value.invokeIdAndPriority);
    switch (answer.kind) {
      case "normal":
        return outcomeOf(answer.value.response);
      case "nextPblock":
        if (blocks === undefined || blocks.isFinished || answer.value.blockNumber !== blocks.sent) {
          throw new PeerError(`the server asks for a block after ${answer.value.blockNumber}, which there is not`, {
            code: "block-number",
          });
        }
        request = encodeApdu(REQUEST, actionRequest, { kind: "withPblock", value: { invokeIdAndPriority, block: blocks.next() } });
        break;
      case "withPblock": {
        const { block } = answer.value;
        received.append(block.blockNumber, block.rawData);
        if (block.lastBlock) return outcomeOf(wholeResponse(received.finish()));
        request = encodeApdu(REQUEST, actionRequest, {
          kind: "nextPblock",
          value: { invokeIdAndPriority, blockNumber: block.blockNumber },
        });
        break;
      }
      case "withList":
        throw new PeerError("a list came back for a single ACTION", { code: "unexpected-apdu" });
    }
  }
}

function wholeResponse(octets: Uint8Array): ResponseItem {
  const reader = new ByteReader(octets);
  const item = actionResponseItem.decode(reader);
  reader.expectEnd("action response");
  return item;
}

interface ResponseItem {
  readonly result: ActionResult;
  readonly returned: { kind: "data"; value: DlmsData } | { kind: "refused"; value: DataAccessResult } | undefined;
}

function outcomeOf({ result, returned }: ResponseItem): ActionOutcome {
  if (result !== "success") return { kind: "refused", result };
  // A method that ran but whose result could not be read still ran.
  return returned?.kind === "data" ? { kind: "done", data: returned.value } : { kind: "done" };
}
