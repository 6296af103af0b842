import { berLength, sizedOctets, u32, u8, type Codec, type CodecValue } from "@amity/bytes";
import { choice, list, optional, struct } from "../codec/traced.ts";
import { dlmsData } from "../data/axdr.ts";
import { LIST_MAX, accessSelection, actionResult, attributeDescriptor, dataAccessResult, methodDescriptor } from "./fields.ts";

const many = { count: berLength, limit: LIST_MAX } as const;
const selected = struct({ attribute: attributeDescriptor, selection: accessSelection });

/** Access-Request-Specification: what each element asks for (IEC 62056-5-3, 8.3). */
export const accessSpecification = choice({
  get: { tag: 1, codec: attributeDescriptor },
  set: { tag: 2, codec: attributeDescriptor },
  action: { tag: 3, codec: methodDescriptor },
  "get-with-selection": { tag: 4, codec: selected },
  "set-with-selection": { tag: 5, codec: selected },
});

const accessResponseSpecification = choice({
  get: { tag: 1, codec: dataAccessResult },
  set: { tag: 2, codec: dataAccessResult },
  action: { tag: 3, codec: actionResult },
});

/** Access-Request: one value for each specification, null-data where the service has none. */
export const accessRequest = struct({
  longInvokeIdAndPriority: u32,
  dateTime: sizedOctets(u8, 12),
  specifications: list(accessSpecification, many),
  values: list(dlmsData, many),
});

export type AccessSpecification = CodecValue<typeof accessSpecification>;

/** Bits of Long-Invoke-Id-And-Priority above the 24 of the id (IEC 62056-5-3, 8.3). */
export const LONG_INVOKE_ID = {
  idMask: 0x00ff_ffff,
  selfDescriptive: 0x1000_0000,
  breakOnError: 0x2000_0000,
  confirmed: 0x4000_0000,
  highPriority: 0x8000_0000,
} as const;

/** Access-Response; the request's specifications come back only when a client asked for it. */
export function accessResponseOf<T>(value: Codec<T>) {
  return struct({
    longInvokeIdAndPriority: u32,
    dateTime: sizedOctets(u8, 12),
    specifications: optional(list(accessSpecification, many)),
    values: list(value, many),
    results: list(accessResponseSpecification, many),
  });
}

export const accessResponse = accessResponseOf(dlmsData);
