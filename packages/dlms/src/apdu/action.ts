import { berLength, u32, u8, type Codec } from "@amity/bytes";
import { choice, list, optional, struct } from "../codec/traced.ts";
import { dlmsData } from "../data/axdr.ts";
import { LIST_MAX, actionResult, methodDescriptor } from "./fields.ts";
import { getResultOf } from "./get.ts";
import { dataBlock } from "./set.ts";

const methods = list(methodDescriptor, { count: berLength, limit: LIST_MAX });

/** Action-Request (IEC 62056-5-3, 8.3). */
export const actionRequest = choice({
  normal: { tag: 1, codec: struct({ invokeIdAndPriority: u8, method: methodDescriptor, parameters: optional(dlmsData) }) },
  nextPblock: { tag: 2, codec: struct({ invokeIdAndPriority: u8, blockNumber: u32 }) },
  withList: {
    tag: 3,
    codec: struct({ invokeIdAndPriority: u8, methods, parameters: list(dlmsData, { count: berLength, limit: LIST_MAX }) }),
  },
  withFirstPblock: { tag: 4, codec: struct({ invokeIdAndPriority: u8, method: methodDescriptor, block: dataBlock }) },
  withListAndFirstPblock: { tag: 5, codec: struct({ invokeIdAndPriority: u8, methods, block: dataBlock }) },
  withPblock: { tag: 6, codec: struct({ invokeIdAndPriority: u8, block: dataBlock }) },
});

/** Action-Response-With-Optional-Data: some servers leave the presence flag out after a refusal (then nothing follows). */
export const actionResponseItem = struct({ result: actionResult, returned: optionalAtEnd(getResultOf(dlmsData)) });

/** Action-Response. */
export const actionResponse = choice({
  normal: { tag: 1, codec: struct({ invokeIdAndPriority: u8, response: actionResponseItem }) },
  withPblock: { tag: 2, codec: struct({ invokeIdAndPriority: u8, block: dataBlock }) },
  withList: {
    tag: 3,
    codec: struct({ invokeIdAndPriority: u8, responses: list(actionResponseItem, { count: berLength, limit: LIST_MAX }) }),
  },
  nextPblock: { tag: 4, codec: struct({ invokeIdAndPriority: u8, blockNumber: u32 }) },
});

function optionalAtEnd<T>(inner: Codec<T>): Codec<T | undefined> {
  const strict = optional(inner);
  return {
    decode: (reader) => (reader.isAtEnd ? undefined : strict.decode(reader)),
    encode: (value, writer) => strict.encode(value, writer),
  };
}
