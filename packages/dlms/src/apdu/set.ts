import { berLength, u32, u8 } from "@amity/bytes";
import { choice, list, optional, struct } from "../codec/traced.ts";
import { dlmsData } from "../data/axdr.ts";
import { LIST_MAX, accessSelection, attributeDescriptor, dataAccessResult, octetString } from "./fields.ts";
import { flag } from "./get.ts";

/** A piece of a value that does not fit one APDU (DataBlock-SA, Green Book 9.3.7). */
export const dataBlock = struct({ lastBlock: flag(), blockNumber: u32, rawData: octetString });

const target = struct({ attribute: attributeDescriptor, selection: optional(accessSelection) });
const targets = list(target, { count: berLength, limit: LIST_MAX });

/** Set-Request (IEC 62056-5-3, 8.3). */
export const setRequest = choice({
  normal: {
    tag: 1,
    codec: struct({
      invokeIdAndPriority: u8,
      attribute: attributeDescriptor,
      selection: optional(accessSelection),
      value: dlmsData,
    }),
  },
  withFirstDatablock: {
    tag: 2,
    codec: struct({
      invokeIdAndPriority: u8,
      attribute: attributeDescriptor,
      selection: optional(accessSelection),
      block: dataBlock,
    }),
  },
  withDatablock: { tag: 3, codec: struct({ invokeIdAndPriority: u8, block: dataBlock }) },
  withList: {
    tag: 4,
    codec: struct({ invokeIdAndPriority: u8, items: targets, values: list(dlmsData, { count: berLength, limit: LIST_MAX }) }),
  },
  withListAndFirstDatablock: { tag: 5, codec: struct({ invokeIdAndPriority: u8, items: targets, block: dataBlock }) },
});

/** Set-Response. */
export const setResponse = choice({
  normal: { tag: 1, codec: struct({ invokeIdAndPriority: u8, result: dataAccessResult }) },
  datablock: { tag: 2, codec: struct({ invokeIdAndPriority: u8, blockNumber: u32 }) },
  lastDatablock: { tag: 3, codec: struct({ invokeIdAndPriority: u8, result: dataAccessResult, blockNumber: u32 }) },
  lastDatablockWithList: {
    tag: 4,
    codec: struct({
      invokeIdAndPriority: u8,
      results: list(dataAccessResult, { count: berLength, limit: LIST_MAX }),
      blockNumber: u32,
    }),
  },
  withList: {
    tag: 5,
    codec: struct({ invokeIdAndPriority: u8, results: list(dataAccessResult, { count: berLength, limit: LIST_MAX }) }),
  },
});
