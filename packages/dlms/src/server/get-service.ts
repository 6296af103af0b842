import { type ByteReader, ByteWriter, berLength, encodeAll } from "@amity/bytes";
import { encodeApdu } from "../apdu/exchange.ts";
import { dataOrEncoded, type EncodedData } from "../apdu/fields.ts";
import { getRequest, getResponseToSend, getResultOf } from "../apdu/get.ts";
import type { AccessSelection, AttributeDescriptor } from "../apdu/descriptors.ts";
import type { DataAccessRefusal } from "../apdu/results.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import type { ReadOutcome } from "./cosem-device.ts";
import { readAttribute } from "./object-access.ts";
import { OutgoingBlocks } from "./outgoing-blocks.ts";
import { whenReady, type MaybePromise } from "./maybe-promise.ts";
import type { ServiceCall } from "./service-state.ts";

const RESPONSE = 0xc4;
/** Tag, form, invoke id, last-block, block number, choice, length (three). */
const BLOCK_HEADER_OCTETS = 12;
const resultToSend = getResultOf(dataOrEncoded);

type Result = { kind: "data"; value: DlmsData | EncodedData } | { kind: "refused"; value: DataAccessRefusal };

/** Serves GET of one association and remembers the transfer in hand. */
export class GetService {
  #blocks: OutgoingBlocks | undefined;

  handle(reader: ByteReader, call: ServiceCall): MaybePromise<Uint8Array> {
    const request = getRequest.decode(reader);
    reader.expectEnd("get-request");
    const { invokeIdAndPriority } = request.value;
    if (request.kind === "next") return this.#next(invokeIdAndPriority, request.value.blockNumber);
    this.#blocks = undefined;
    if (request.kind === "normal") {
      const { attribute, selection } = request.value;
      return whenReady(readAttribute(call, attribute, selection), (outcome) => this.#single(invokeIdAndPriority, resultOf(outcome), call));
    }
    if (request.value.items.length > call.limits.listMax) return refusedResponse(invokeIdAndPriority, "other-reason");
    return this.#list(invokeIdAndPriority, request.value.items, call);
  }

  #single(invokeIdAndPriority: number, result: Result, call: ServiceCall): Uint8Array {
    const response = encodeApdu(RESPONSE, getResponseToSend, { kind: "normal", value: { invokeIdAndPriority, result } });
    if (result.kind === "refused" || fits(response, call)) return response;
    // The value stands behind tag, form, invoke id and choice.
    return this.#inBlocks(invokeIdAndPriority, response.subarray(4), call);
  }

  async #list(
    invokeIdAndPriority: number,
    items: readonly { attribute: AttributeDescriptor; selection: AccessSelection | undefined }[],
    call: ServiceCall,
  ): Promise<Uint8Array> {
    const results: Result[] = [];
    for (const { attribute, selection } of items) results.push(resultOf(await readAttribute(call, attribute, selection)));
    const response = encodeApdu(RESPONSE, getResponseToSend, { kind: "withList", value: { invokeIdAndPriority, results } });
    if (fits(response, call)) return response;
    const writer = new ByteWriter();
    berLength.encode(results.length, writer);
    for (const result of results) writer.bytes(encodeAll(resultToSend, result));
    return this.#inBlocks(invokeIdAndPriority, writer.finish(), call);
  }

  #inBlocks(invokeIdAndPriority: number, octets: Uint8Array, call: ServiceCall): Uint8Array {
    if (!call.opened.conformance.has("block-transfer-with-get-or-read"))
      return refusedResponse(invokeIdAndPriority, "data-block-unavailable");
    this.#blocks = new OutgoingBlocks(invokeIdAndPriority, octets, Math.max(1, call.sendOctetsMax - BLOCK_HEADER_OCTETS));
    return this.#block(this.#blocks);
  }

  #next(invokeIdAndPriority: number, blockNumber: number): Uint8Array {
    const blocks = this.#blocks;
    if (blocks === undefined || (blocks.invokeIdAndPriority & 0x0f) !== (invokeIdAndPriority & 0x0f)) {
      return refusedBlock(invokeIdAndPriority, blockNumber, "no-long-get-in-progress");
    }
    if (blockNumber !== blocks.sent) {
      this.#blocks = undefined;
      return refusedBlock(invokeIdAndPriority, blockNumber, "data-block-number-invalid");
    }
    return this.#block(blocks);
  }

  #block(blocks: OutgoingBlocks): Uint8Array {
    const { lastBlock, blockNumber, rawData } = blocks.next();
    if (lastBlock) this.#blocks = undefined;
    const { invokeIdAndPriority } = blocks;
    const value = { invokeIdAndPriority, lastBlock, blockNumber, result: { kind: "data", value: rawData } } as const;
    return encodeApdu(RESPONSE, getResponseToSend, { kind: "withDatablock", value });
  }
}

/** Whether the answer can go as it is: in one APDU, or in general blocks where the service's own were not agreed. */
function fits(response: Uint8Array, call: ServiceCall): boolean {
  if (response.length <= call.sendOctetsMax) return true;
  return response.length <= call.answerOctetsMax && !call.opened.conformance.has("block-transfer-with-get-or-read");
}

function resultOf(outcome: ReadOutcome): Result {
  switch (outcome.kind) {
    case "data":
      return { kind: "data", value: outcome.data };
    case "encoded":
      return { kind: "data", value: { type: "encoded", octets: outcome.octets } };
    case "refused":
      return { kind: "refused", value: outcome.result };
  }
}

function refusedResponse(invokeIdAndPriority: number, value: DataAccessRefusal): Uint8Array {
  return encodeApdu(RESPONSE, getResponseToSend, { kind: "normal", value: { invokeIdAndPriority, result: { kind: "refused", value } } });
}

function refusedBlock(invokeIdAndPriority: number, blockNumber: number, value: DataAccessRefusal): Uint8Array {
  const refusal = { invokeIdAndPriority, lastBlock: true, blockNumber, result: { kind: "refused", value } } as const;
  return encodeApdu(RESPONSE, getResponseToSend, { kind: "withDatablock", value: refusal });
}
