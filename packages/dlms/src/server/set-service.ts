import { type ByteReader, PeerError, berLength, decodeAll, list } from "@amity/bytes";
import type { AccessSelection, AttributeDescriptor } from "../apdu/descriptors.ts";
import { BlockBuffer, encodeApdu } from "../apdu/exchange.ts";
import { LIST_MAX } from "../apdu/fields.ts";
import type { DataAccessRefusal, DataAccessResult } from "../apdu/results.ts";
import { setRequest, setResponse } from "../apdu/set.ts";
import { dlmsData } from "../data/axdr.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import { writeAttribute } from "./object-access.ts";
import { whenReady, type MaybePromise } from "./maybe-promise.ts";
import type { ServiceCall } from "./service-state.ts";

const RESPONSE = 0xc5;
const values = list(dlmsData, { count: berLength, limit: LIST_MAX });

interface Target {
  readonly attribute: AttributeDescriptor;
  readonly selection: AccessSelection | undefined;
}

interface Incoming {
  readonly invokeId: number;
  readonly targets: readonly Target[];
  readonly isList: boolean;
  readonly buffer: BlockBuffer;
}

interface Block {
  readonly lastBlock: boolean;
  readonly blockNumber: number;
  readonly rawData: Uint8Array;
}

/** Serves SET of one association and keeps the value that is arriving in blocks. */
export class SetService {
  #incoming: Incoming | undefined;

  handle(reader: ByteReader, call: ServiceCall): MaybePromise<Uint8Array> {
    const request = setRequest.decode(reader);
    reader.expectEnd("set-request");
    const { invokeIdAndPriority } = request.value;
    if (request.kind !== "withDatablock") this.#incoming = undefined;
    switch (request.kind) {
      case "normal":
        return whenReady(writeAttribute(call, request.value.attribute, request.value.value, request.value.selection), (result) =>
          encodeApdu(RESPONSE, setResponse, { kind: "normal", value: { invokeIdAndPriority, result } }),
        );
      case "withList":
        return this.#list(invokeIdAndPriority, request.value.items, request.value.values, call);
      case "withFirstDatablock":
        return this.#first(invokeIdAndPriority, [request.value], false, request.value.block, call);
      case "withListAndFirstDatablock":
        return this.#first(invokeIdAndPriority, request.value.items, true, request.value.block, call);
      case "withDatablock":
        return this.#block(invokeIdAndPriority, request.value.block, call);
    }
  }

  async #list(invokeIdAndPriority: number, targets: readonly Target[], found: readonly DlmsData[], call: ServiceCall): Promise<Uint8Array> {
    const results = await writeAll(targets, found, call);
    return encodeApdu(RESPONSE, setResponse, { kind: "withList", value: { invokeIdAndPriority, results } });
  }

  #first(
    invokeIdAndPriority: number,
    targets: readonly Target[],
    isList: boolean,
    block: Block,
    call: ServiceCall,
  ): MaybePromise<Uint8Array> {
    if (!call.opened.conformance.has("block-transfer-with-set-or-write"))
      return refused(invokeIdAndPriority, block.blockNumber, "other-reason");
    this.#incoming = { invokeId: invokeIdAndPriority & 0x0f, targets, isList, buffer: new BlockBuffer(call.limits.valueOctetsMax) };
    return this.#block(invokeIdAndPriority, block, call);
  }

  #block(invokeIdAndPriority: number, block: Block, call: ServiceCall): MaybePromise<Uint8Array> {
    const incoming = this.#incoming;
    const { blockNumber } = block;
    if (incoming === undefined || incoming.invokeId !== (invokeIdAndPriority & 0x0f)) {
      return refused(invokeIdAndPriority, blockNumber, "no-long-set-in-progress");
    }
    try {
      incoming.buffer.append(blockNumber, block.rawData);
    } catch (error) {
      this.#incoming = undefined;
      if (!(error instanceof PeerError)) throw error;
      return refused(invokeIdAndPriority, blockNumber, error.code === "block-number" ? "data-block-number-invalid" : "long-set-aborted");
    }
    if (!block.lastBlock) return encodeApdu(RESPONSE, setResponse, { kind: "datablock", value: { invokeIdAndPriority, blockNumber } });
    this.#incoming = undefined;
    const octets = incoming.buffer.finish();
    const [target] = incoming.targets;
    if (incoming.isList || target === undefined) return this.#wholeList(invokeIdAndPriority, blockNumber, incoming.targets, octets, call);
    const value = decodeAll(dlmsData, octets, "value");
    return whenReady(writeAttribute(call, target.attribute, value, target.selection), (result) =>
      encodeApdu(RESPONSE, setResponse, { kind: "lastDatablock", value: { invokeIdAndPriority, result, blockNumber } }),
    );
  }

  async #wholeList(
    invokeIdAndPriority: number,
    blockNumber: number,
    targets: readonly Target[],
    octets: Uint8Array,
    call: ServiceCall,
  ): Promise<Uint8Array> {
    const results = await writeAll(targets, decodeAll(values, octets, "list of values"), call);
    return encodeApdu(RESPONSE, setResponse, { kind: "lastDatablockWithList", value: { invokeIdAndPriority, results, blockNumber } });
  }
}

async function writeAll(targets: readonly Target[], found: readonly DlmsData[], call: ServiceCall): Promise<DataAccessResult[]> {
  const results: DataAccessResult[] = [];
  for (const [index, { attribute, selection }] of targets.entries()) {
    const value = found[index];
    const isRefused = value === undefined || targets.length > call.limits.listMax;
    results.push(isRefused ? "other-reason" : await writeAttribute(call, attribute, value, selection));
  }
  return results;
}

function refused(invokeIdAndPriority: number, blockNumber: number, result: DataAccessRefusal): Uint8Array {
  return encodeApdu(RESPONSE, setResponse, { kind: "lastDatablock", value: { invokeIdAndPriority, result, blockNumber } });
}
