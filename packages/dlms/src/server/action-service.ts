import { type ByteReader, ByteWriter, PeerError, berLength, decodeAll, encodeAll, list } from "@amity/bytes";
import { actionRequest, actionResponse, actionResponseItem } from "../apdu/action.ts";
import type { MethodDescriptor } from "../apdu/descriptors.ts";
import { BlockBuffer, encodeApdu } from "../apdu/exchange.ts";
import { LIST_MAX } from "../apdu/fields.ts";
import type { ActionRefusal, ActionResult } from "../apdu/results.ts";
import { dlmsData } from "../data/axdr.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import type { InvokeOutcome } from "./cosem-device.ts";
import { invokeMethod } from "./object-access.ts";
import { OutgoingBlocks } from "./outgoing-blocks.ts";
import { whenReady, type MaybePromise } from "./maybe-promise.ts";
import type { ServiceCall } from "./service-state.ts";

const RESPONSE = 0xc7;
/** Tag, form, invoke id, last-block, block number, length (three), one spare. */
const BLOCK_HEADER_OCTETS = 12;
const parameterList = list(dlmsData, { count: berLength, limit: LIST_MAX });

interface Incoming {
  readonly invokeId: number;
  readonly methods: readonly MethodDescriptor[];
  readonly isList: boolean;
  readonly buffer: BlockBuffer;
}

interface Block {
  readonly lastBlock: boolean;
  readonly blockNumber: number;
  readonly rawData: Uint8Array;
}

interface ResponseItem {
  readonly result: ActionResult;
  readonly returned: { kind: "data"; value: DlmsData } | undefined;
}

/** Serves ACTION of one association: parameters and results may both come in blocks. */
export class ActionService {
  #incoming: Incoming | undefined;
  #blocks: OutgoingBlocks | undefined;

  handle(reader: ByteReader, call: ServiceCall): MaybePromise<Uint8Array> {
    const request = actionRequest.decode(reader);
    reader.expectEnd("action-request");
    const { invokeIdAndPriority } = request.value;
    if (request.kind !== "withPblock") this.#incoming = undefined;
    if (request.kind !== "nextPblock") this.#blocks = undefined;
    switch (request.kind) {
      case "normal":
        return whenReady(invokeMethod(call, request.value.method, request.value.parameters), (outcome) =>
          this.#respond(invokeIdAndPriority, itemOf(outcome), call),
        );
      case "withList":
        return this.#list(invokeIdAndPriority, request.value.methods, request.value.parameters, call);
      case "nextPblock":
        return this.#next(invokeIdAndPriority, request.value.blockNumber);
      case "withFirstPblock":
        return this.#first(invokeIdAndPriority, { methods: [request.value.method], isList: false }, request.value.block, call);
      case "withListAndFirstPblock":
        return this.#first(invokeIdAndPriority, { methods: request.value.methods, isList: true }, request.value.block, call);
      case "withPblock":
        return this.#block(invokeIdAndPriority, request.value.block, call);
    }
  }

  #respond(invokeIdAndPriority: number, response: ResponseItem, call: ServiceCall): Uint8Array {
    const whole = encodeApdu(RESPONSE, actionResponse, { kind: "normal", value: { invokeIdAndPriority, response } });
    if (whole.length <= call.sendOctetsMax || !canSendBlocks(call)) return whole;
    return this.#inBlocks(invokeIdAndPriority, encodeAll(actionResponseItem, response), call);
  }

  async #list(
    invokeIdAndPriority: number,
    methods: readonly MethodDescriptor[],
    parameters: readonly DlmsData[],
    call: ServiceCall,
  ): Promise<Uint8Array> {
    const responses: ResponseItem[] = [];
    for (const [index, method] of methods.entries()) {
      const isRefused = methods.length > call.limits.listMax || parameters[index] === undefined;
      responses.push(isRefused ? refusal("other-reason") : itemOf(await invokeMethod(call, method, parameters[index])));
    }
    const whole = encodeApdu(RESPONSE, actionResponse, { kind: "withList", value: { invokeIdAndPriority, responses } });
    if (whole.length <= call.sendOctetsMax || !canSendBlocks(call)) return whole;
    const writer = new ByteWriter();
    berLength.encode(responses.length, writer);
    for (const response of responses) actionResponseItem.encode(response, writer);
    return this.#inBlocks(invokeIdAndPriority, writer.finish(), call);
  }

  #first(
    invokeIdAndPriority: number,
    target: { methods: readonly MethodDescriptor[]; isList: boolean },
    block: Block,
    call: ServiceCall,
  ): MaybePromise<Uint8Array> {
    if (!call.opened.conformance.has("block-transfer-with-action")) return refused(invokeIdAndPriority, "other-reason");
    this.#incoming = { invokeId: invokeIdAndPriority & 0x0f, ...target, buffer: new BlockBuffer(call.limits.valueOctetsMax) };
    return this.#block(invokeIdAndPriority, block, call);
  }

  #block(invokeIdAndPriority: number, block: Block, call: ServiceCall): MaybePromise<Uint8Array> {
    const incoming = this.#incoming;
    if (incoming === undefined || incoming.invokeId !== (invokeIdAndPriority & 0x0f)) {
      return refused(invokeIdAndPriority, "no-long-action-in-progress");
    }
    try {
      incoming.buffer.append(block.blockNumber, block.rawData);
    } catch (error) {
      this.#incoming = undefined;
      if (!(error instanceof PeerError)) throw error;
      return refused(invokeIdAndPriority, "long-action-aborted");
    }
    if (!block.lastBlock) {
      return encodeApdu(RESPONSE, actionResponse, { kind: "nextPblock", value: { invokeIdAndPriority, blockNumber: block.blockNumber } });
    }
    this.#incoming = undefined;
    const octets = incoming.buffer.finish();
    const [method] = incoming.methods;
    if (incoming.isList || method === undefined) {
      return this.#list(invokeIdAndPriority, incoming.methods, decodeAll(parameterList, octets, "list of parameters"), call);
    }
    const parameters = decodeAll(dlmsData, octets, "parameters");
    return whenReady(invokeMethod(call, method, parameters), (outcome) => this.#respond(invokeIdAndPriority, itemOf(outcome), call));
  }

  #inBlocks(invokeIdAndPriority: number, octets: Uint8Array, call: ServiceCall): Uint8Array {
    this.#blocks = new OutgoingBlocks(invokeIdAndPriority, octets, Math.max(1, call.sendOctetsMax - BLOCK_HEADER_OCTETS));
    return this.#sendBlock(this.#blocks);
  }

  #next(invokeIdAndPriority: number, blockNumber: number): Uint8Array {
    const blocks = this.#blocks;
    if (blocks === undefined || (blocks.invokeIdAndPriority & 0x0f) !== (invokeIdAndPriority & 0x0f)) {
      return refused(invokeIdAndPriority, "no-long-action-in-progress");
    }
    if (blockNumber === blocks.sent) return this.#sendBlock(blocks);
    this.#blocks = undefined;
    return refused(invokeIdAndPriority, "long-action-aborted");
  }

  #sendBlock(blocks: OutgoingBlocks): Uint8Array {
    const block = blocks.next();
    if (block.lastBlock) this.#blocks = undefined;
    const { invokeIdAndPriority } = blocks;
    return encodeApdu(RESPONSE, actionResponse, { kind: "withPblock", value: { invokeIdAndPriority, block } });
  }
}

function canSendBlocks(call: ServiceCall): boolean {
  return call.opened.conformance.has("block-transfer-with-action");
}

function itemOf(outcome: InvokeOutcome): ResponseItem {
  if (outcome.kind === "refused") return refusal(outcome.result);
  return { result: "success", returned: outcome.data === undefined ? undefined : { kind: "data", value: outcome.data } };
}

function refusal(result: ActionRefusal): ResponseItem {
  return { result, returned: undefined };
}

function refused(invokeIdAndPriority: number, result: ActionRefusal): Uint8Array {
  return encodeApdu(RESPONSE, actionResponse, { kind: "normal", value: { invokeIdAndPriority, response: refusal(result) } });
}
