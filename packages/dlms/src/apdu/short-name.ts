import { berLength, sizedOctets, u16, u8, type Codec, type CodecValue } from "@amity/bytes";
import { choice, list, optional, struct } from "../codec/traced.ts";
import { dlmsData } from "../data/axdr.ts";
import { LIST_MAX, dataAccessResult, octetString } from "./fields.ts";
import { flag } from "./get.ts";

/** Short-name services (IEC 62056-5-3, 8.3; Green Book 9.3.13 to 9.3.17). A variable name is base name + offset. */
const many = { count: berLength, limit: LIST_MAX } as const;

/** Variable-Access-Specification. */
export const variableAccess = choice({
  "variable-name": { tag: 2, codec: u16 },
  parameterized: { tag: 4, codec: struct({ variableName: u16, selector: u8, parameter: dlmsData }) },
  "block-number": { tag: 5, codec: u16 },
  "read-data-block": { tag: 6, codec: struct({ lastBlock: flag(), blockNumber: u16, rawData: octetString }) },
  "write-data-block": { tag: 7, codec: struct({ lastBlock: flag(), blockNumber: u16 }) },
});

export type VariableAccess = CodecValue<typeof variableAccess>;

export const readRequest = list(variableAccess, many);

/** `value` is the codec of the data: the server writes ready-made octets. */
export function readResponseOf<T>(value: Codec<T>) {
  return list(
    choice({
      data: { tag: 0, codec: value },
      refused: { tag: 1, codec: dataAccessResult },
      block: { tag: 2, codec: struct({ lastBlock: flag(), blockNumber: u16, rawData: octetString }) },
      "block-number": { tag: 3, codec: u16 },
    }),
    many,
  );
}

export const readResponse = readResponseOf(dlmsData);

export const writeRequest = struct({ variables: list(variableAccess, many), values: list(dlmsData, many) });

const nothing = struct({});

export const writeResponse = list(
  choice({
    success: { tag: 0, codec: nothing },
    refused: { tag: 1, codec: dataAccessResult },
    "block-number": { tag: 2, codec: u16 },
  }),
  many,
);

export const unconfirmedWriteRequest = writeRequest;

/** InformationReport: the time is a GeneralizedTime or date-time of up to 32 octets. */
export const informationReport = struct({
  time: optional(sizedOctets(u8, 32)),
  variables: list(variableAccess, many),
  values: list(dlmsData, many),
});
