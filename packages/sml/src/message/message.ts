import { DecodeError, type ByteReader, type ByteWriter, crcKermit, crcX25 } from "@amity/bytes";
import { crcKind, type SmlCrc } from "../transport/transport-frame.ts";
import { number, octetString, type SmlCodec } from "../tlv/sml-codec.ts";
import { smlValue, type SmlValue } from "../tlv/sml-value.ts";
import { TL_TYPE, readTl, typeName, writeTl } from "../tlv/tl-field.ts";
import { BODIES, type KnownBody, type SmlBodyKind } from "./bodies.ts";

/** A body: of a kind that is known, or with its tag and whatever stood there. */
export type SmlBody = KnownBody | { readonly kind: "unknown"; readonly tag: number; readonly value: SmlValue };

/** SML_Message (BSI TR-03109-1 annex IV, 7.1). */
export interface SmlMessage {
  readonly transactionId: Uint8Array;
  readonly groupNo: number;
  readonly abortOnError: number;
  readonly body: SmlBody;
  /** Octets of the body's tag: the standard's type has four, most meters send two (default). */
  readonly tagOctets?: 2 | 4;
}

/** A message as it was read. */
export interface DecodedMessage extends SmlMessage {
  /** Which CRC its sum is. */
  readonly crc: SmlCrc;
  /** Where it starts, and where its CRC element stands (octets from the start of what was read). */
  readonly offset: number;
  readonly crcOffset: number;
}

/** Elements of a message: transaction, group, abort, body, CRC, end. */
const MESSAGE_ELEMENTS = 6;
export const unsigned8 = number("unsigned", 1);
export const unsigned16 = number("unsigned", 2);
const bodyTag = number("unsigned", 4);

const BY_TAG = new Map<number, { kind: SmlBodyKind; codec: SmlCodec<unknown> }>(
  Object.entries(BODIES).map(([kind, { tag, codec }]) => [tag, { kind: kind as SmlBodyKind, codec: codec as SmlCodec<unknown> }]),
);

/** The kind and shape of a body by its tag. */
export function bodyByTag(tag: number): { readonly kind: SmlBodyKind; readonly codec: SmlCodec<unknown> } | undefined {
  return BY_TAG.get(tag);
}

/** Reads one message and its end mark. A wrong CRC is said in the result. @throws DecodeError. */
export function readMessage(reader: ByteReader): DecodedMessage {
  const { offset, position: start } = reader;
  const { type, length } = readTl(reader);
  if (type !== TL_TYPE.list || length !== MESSAGE_ELEMENTS) {
    throw reader.fail(`a message is a list of ${MESSAGE_ELEMENTS}, not ${typeName(type)} of ${length}`, "message", offset);
  }
  const transactionId = octetString.decode(reader);
  const groupNo = unsigned8.decode(reader);
  const abortOnError = unsigned8.decode(reader);
  const { body, tagOctets } = readBody(reader);
  const { offset: crcOffset, position: crcStart } = reader;
  const sum = unsigned16.decode(reader);
  const crc = crcKind(((sum & 0xff) << 8) | (sum >> 8), reader.data, start, crcStart);
  const end = reader.u8();
  if (end !== 0) throw reader.fail(`a message ends with 00, not ${end.toString(16)}`, "message-end", reader.offset - 1);
  return { transactionId, groupNo, abortOnError, body, tagOctets, crc, offset, crcOffset };
}

function readBody(reader: ByteReader): { body: SmlBody; tagOctets: 2 | 4 } {
  const at = reader.offset;
  const { type, length } = readTl(reader);
  if (type !== TL_TYPE.list || length !== 2) throw reader.fail(`a message body is a list of 2, not ${typeName(type)}`, "body", at);
  const tagAt = reader.position;
  const tag = bodyTag.decode(reader);
  const tagOctets = reader.position - tagAt > 3 ? 4 : 2;
  const known = BY_TAG.get(tag);
  if (known === undefined) return { body: { kind: "unknown", tag, value: smlValue.decode(reader) }, tagOctets };
  try {
    // BODIES pairs every kind with the codec of its value.
    return { body: { kind: known.kind, value: known.codec.decode(reader) } as KnownBody, tagOctets };
  } catch (error) {
    throw error instanceof DecodeError ? error.within(known.kind) : error;
  }
}

/** Writes a message with its CRC and end mark. @throws UsageError for what does not fit. */
export function writeMessage(message: SmlMessage, writer: ByteWriter, crc: Exclude<SmlCrc, "wrong"> = "x25"): void {
  const start = writer.length;
  writeTl(TL_TYPE.list, MESSAGE_ELEMENTS, writer);
  octetString.encode(message.transactionId, writer);
  unsigned8.encode(message.groupNo, writer);
  unsigned8.encode(message.abortOnError, writer);
  writeTl(TL_TYPE.list, 2, writer);
  const { body, tagOctets } = message;
  const tag = body.kind === "unknown" ? body.tag : BODIES[body.kind].tag;
  (tagOctets === 4 || tag > 0xffff ? bodyTag : unsigned16).encode(tag, writer);
  if (body.kind === "unknown") smlValue.encode(body.value, writer);
  else (BODIES[body.kind].codec as SmlCodec<unknown>).encode(body.value, writer);
  const sum = (crc === "x25" ? crcX25 : crcKermit)(writer.peek(), start);
  unsigned16.encode(((sum & 0xff) << 8) | (sum >> 8), writer);
  writer.u8(0);
}
