import { ByteReader, DecodeError } from "@amity/bytes";
import { gcmDecrypt, gcmEncrypt } from "@amity/crypto";

/** One record of TLS 1.2 as security mode 13 carries it (OMS Vol. 2, profile C; RFC 5246, 6.2). */
export interface TlsRecord {
  readonly contentType: number;
  readonly version: number;
  readonly fragment: Uint8Array;
}

/** Write key and implicit nonce of one direction of an established AES-128-GCM session (RFC 5288). */
export interface TlsDirection {
  readonly key: Uint8Array;
  /** 4 octets. */
  readonly salt: Uint8Array;
  /** Record sequence number: kept by the session, never repeated. */
  readonly sequence: bigint;
}

/** A message holds few records; more is refused. */
const RECORDS_MAX = 32;
const TAG_OCTETS = 16;

/** Splits the payload of a mode 13 message. @throws DecodeError `truncated`, `limit`. */
export function readTlsRecords(payload: Uint8Array): TlsRecord[] {
  const reader = new ByteReader(payload);
  const records: TlsRecord[] = [];
  while (!reader.isAtEnd) {
    if (records.length === RECORDS_MAX) throw reader.fail(`more than ${RECORDS_MAX} TLS records`, "limit");
    const contentType = reader.u8();
    const version = reader.u16();
    records.push({ contentType, version, fragment: reader.bytes(reader.u16()).slice() });
  }
  return records;
}

/** Opens an AES-128-GCM record. @throws SecurityError `bad-tag`, DecodeError `truncated`. */
export function openTlsRecord(record: TlsRecord, direction: TlsDirection): Uint8Array {
  const length = record.fragment.length - 8 - TAG_OCTETS;
  if (length < 0)
    throw new DecodeError("truncated: a GCM record has a nonce of 8 and a tag of 16 octets", { offset: 0, code: "truncated" });
  const iv = nonce(direction.salt, record.fragment.subarray(0, 8));
  const aad = additionalData(record, direction.sequence, length);
  return gcmDecrypt({ key: direction.key, iv, aad, tagOctets: TAG_OCTETS }, record.fragment.subarray(8));
}

/** Closes a record; the explicit nonce is the sequence number. */
export function sealTlsRecord(plain: { contentType: number; version: number; content: Uint8Array }, direction: TlsDirection): Uint8Array {
  const explicit = new Uint8Array(8);
  new DataView(explicit.buffer).setBigUint64(0, direction.sequence);
  const aad = additionalData(plain, direction.sequence, plain.content.length);
  const sealed = gcmEncrypt({ key: direction.key, iv: nonce(direction.salt, explicit), aad, tagOctets: TAG_OCTETS }, plain.content);
  const length = sealed.length + 8;
  return Uint8Array.of(plain.contentType, plain.version >> 8, plain.version & 0xff, length >> 8, length & 0xff, ...explicit, ...sealed);
}

function nonce(salt: Uint8Array, explicit: Uint8Array): Uint8Array {
  const out = new Uint8Array(12);
  out.set(salt.subarray(0, 4), 0);
  out.set(explicit, 4);
  return out;
}

function additionalData(record: { contentType: number; version: number }, sequence: bigint, length: number): Uint8Array {
  const out = new Uint8Array(13);
  new DataView(out.buffer).setBigUint64(0, sequence);
  out.set([record.contentType, record.version >> 8, record.version & 0xff, length >> 8, length & 0xff], 8);
  return out;
}
