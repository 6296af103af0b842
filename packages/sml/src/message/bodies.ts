import { fromHex, type Codec } from "@amity/bytes";
import { boolean, listOf, octetString, octetsWith, optional, record, sizedUnsigned, type SmlCodec } from "../tlv/sml-codec.ts";
import { smlValue } from "../tlv/sml-value.ts";
import { attentionMeaning } from "./attention.ts";
import { listEntry, objectName, periodEntry, scaler, smlTime, smlTree, treePath, unit, unsigned32, unsigned8 } from "./types.ts";

const serverId = octetString;
const text = octetString;
const who = { serverId: optional(serverId), username: optional(text), password: optional(text) };

const openRequest = record({
  codepage: optional(octetString),
  clientId: octetString,
  reqFileId: octetString,
  ...who,
  smlVersion: optional(unsigned8),
});

const openResponse = record({
  codepage: optional(octetString),
  clientId: optional(octetString),
  reqFileId: octetString,
  serverId,
  refTime: optional(smlTime),
  smlVersion: optional(unsigned8),
});

const close = record({ globalSignature: optional(octetString) });

const getProfileRequest = record({
  ...who,
  withRawdata: optional(boolean),
  beginTime: optional(smlTime),
  endTime: optional(smlTime),
  parameterTreePath: treePath,
  objectList: optional(listOf(objectName, "objName")),
  dasDetails: optional(smlTree),
});

const getProfilePackResponse = record({
  serverId,
  actTime: smlTime,
  regPeriod: unsigned32,
  parameterTreePath: treePath,
  headerList: listOf(record({ objName: objectName, unit, scaler }), "header"),
  periodList: listOf(
    record({
      valTime: smlTime,
      status: sizedUnsigned,
      valueList: listOf(record({ value: smlValue, valueSignature: optional(octetString) }), "entry"),
      periodSignature: optional(octetString),
    }),
    "period",
  ),
  rawdata: optional(octetString),
  profileSignature: optional(octetString),
});

const getProfileListResponse = record({
  serverId,
  actTime: smlTime,
  regPeriod: unsigned32,
  parameterTreePath: treePath,
  valTime: smlTime,
  status: sizedUnsigned,
  periodList: listOf(periodEntry, "entry"),
  rawdata: optional(octetString),
  periodSignature: optional(octetString),
});

const getProcParameterRequest = record({ ...who, parameterTreePath: treePath, attribute: optional(octetString) });
const getProcParameterResponse = record({ serverId, parameterTreePath: treePath, parameterTree: smlTree });
const setProcParameterRequest = record({ ...who, parameterTreePath: treePath, parameterTree: smlTree });

const getListRequest = record({ clientId: octetString, ...who, listName: optional(objectName) });

const getListResponse = record({
  clientId: optional(octetString),
  serverId,
  listName: optional(objectName),
  actSensorTime: optional(smlTime),
  valList: listOf(listEntry, "entry"),
  listSignature: optional(octetString),
  actGatewayTime: optional(smlTime),
});

const attention = record({
  serverId,
  attentionNo: octetsWith({ kind: "leaf", meaning: (hex) => attentionMeaning(fromHex(hex)) }),
  attentionMsg: optional(octetString),
  attentionDetails: optional(smlTree),
});

/** Bodies of the COSEM services of SML 1.04: known by their tags, their content stays as it came. */
export const UNREAD_BODIES: ReadonlyMap<number, string> = new Map([
  [0x0800, "getCosemRequest"],
  [0x0801, "getCosemResponse"],
  [0x0900, "setCosemRequest"],
  [0x0901, "setCosemResponse"],
  [0x0a00, "actionCosemRequest"],
  [0x0a01, "actionCosemResponse"],
]);

/** Every other body of SML 1.03 and 1.04 with its tag. */
export const BODIES = {
  openRequest: { tag: 0x0100, codec: openRequest },
  openResponse: { tag: 0x0101, codec: openResponse },
  closeRequest: { tag: 0x0200, codec: close },
  closeResponse: { tag: 0x0201, codec: close },
  getProfilePackRequest: { tag: 0x0300, codec: getProfileRequest },
  getProfilePackResponse: { tag: 0x0301, codec: getProfilePackResponse },
  getProfileListRequest: { tag: 0x0400, codec: getProfileRequest },
  getProfileListResponse: { tag: 0x0401, codec: getProfileListResponse },
  getProcParameterRequest: { tag: 0x0500, codec: getProcParameterRequest },
  getProcParameterResponse: { tag: 0x0501, codec: getProcParameterResponse },
  setProcParameterRequest: { tag: 0x0600, codec: setProcParameterRequest },
  getListRequest: { tag: 0x0700, codec: getListRequest },
  getListResponse: { tag: 0x0701, codec: getListResponse },
  attention: { tag: 0xff01, codec: attention },
} as const satisfies Record<string, { tag: number; codec: SmlCodec<unknown> }>;

type Bodies = typeof BODIES;
type ValueOf<C> = C extends Codec<infer T> ? T : never;
/** The content of one kind of message. */
export type SmlContent<K extends keyof Bodies> = ValueOf<Bodies[K]["codec"]>;
export type SmlBodyKind = keyof Bodies;
/** A message body by its kind. */
export type KnownBody = { [K in SmlBodyKind]: { readonly kind: K; readonly value: SmlContent<K> } }[SmlBodyKind];
