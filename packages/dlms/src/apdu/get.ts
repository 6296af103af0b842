import { berLength, u32, u8, type Codec, mapped } from "@amity/bytes";
import { choice, list, optional, struct } from "../codec/traced.ts";
import { dlmsData } from "../data/axdr.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import {
  LIST_MAX,
  accessSelection,
  attributeDescriptor,
  dataAccessResult,
  octetString,
  type EncodedData,
  dataOrEncoded,
} from "./fields.ts";

/** Get-Request and Get-Response (IEC 62056-5-3, 8.3; Green Book 9.3.6). */
export const getRequest = choice({
  normal: {
    tag: 1,
    codec: struct({ invokeIdAndPriority: u8, attribute: attributeDescriptor, selection: optional(accessSelection) }),
  },
  next: { tag: 2, codec: struct({ invokeIdAndPriority: u8, blockNumber: u32 }) },
  withList: {
    tag: 3,
    codec: struct({
      invokeIdAndPriority: u8,
      items: list(struct({ attribute: attributeDescriptor, selection: optional(accessSelection) }), { count: berLength, limit: LIST_MAX }),
    }),
  },
});

/** Get-Data-Result: the value or why there is none. */
export function getResultOf<T>(value: Codec<T>) {
  return choice({ data: { tag: 0, codec: value }, refused: { tag: 1, codec: dataAccessResult } });
}

const rawBlock = choice({ data: { tag: 0, codec: octetString }, refused: { tag: 1, codec: dataAccessResult } });

/** `single` is the codec of the one value of a normal response; a list is always of whole values. */
export function getResponseOf<T, L>(single: Codec<T>, listed: Codec<L>) {
  return choice({
    normal: { tag: 1, codec: struct({ invokeIdAndPriority: u8, result: getResultOf(single) }) },
    withDatablock: {
      tag: 2,
      codec: struct({ invokeIdAndPriority: u8, lastBlock: flag(), blockNumber: u32, result: rawBlock }),
    },
    withList: {
      tag: 3,
      codec: struct({ invokeIdAndPriority: u8, results: list(getResultOf(listed), { count: berLength, limit: LIST_MAX }) }),
    },
  });
}

export const getResponse = getResponseOf<DlmsData, DlmsData>(dlmsData, dlmsData);
export const getResponseToSend = getResponseOf<DlmsData | EncodedData, DlmsData | EncodedData>(dataOrEncoded, dataOrEncoded);

/** A boolean octet: any non-zero is true. */
export function flag(): Codec<boolean> {
  return mapped(
    u8,
    (octet) => octet !== 0,
    (value) => (value ? 1 : 0),
  );
}
