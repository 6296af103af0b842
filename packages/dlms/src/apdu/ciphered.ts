import { u16, u8 } from "@amity/bytes";
import { choice, optional, struct } from "../codec/traced.ts";
import { octetString } from "./fields.ts";

/**
 * Tags of the service-specific ciphered APDUs by the tag of the plain one (IEC 62056-5-3, 8.3, APDU choice). An APDU that
 * is not in the table can only travel under general ciphering.
 */
export const GLOBAL_TAGS: ReadonlyMap<number, number> = new Map([
  [0x01, 0x21],
  [0x05, 0x25],
  [0x06, 0x26],
  [0x08, 0x28],
  [0x0c, 0x2c],
  [0x0d, 0x2d],
  [0x0e, 0x2e],
  [0x16, 0x36],
  [0x18, 0x38],
  [0xc0, 0xc8],
  [0xc1, 0xc9],
  [0xc2, 0xca],
  [0xc3, 0xcb],
  [0xc4, 0xcc],
  [0xc5, 0xcd],
  [0xc7, 0xcf],
]);

/** The same under the dedicated key. */
export const DEDICATED_TAGS: ReadonlyMap<number, number> = new Map([
  [0x05, 0x45],
  [0x06, 0x46],
  [0x0c, 0x4c],
  [0x0d, 0x4d],
  [0x0e, 0x4e],
  [0x16, 0x56],
  [0x18, 0x58],
  [0xc0, 0xd0],
  [0xc1, 0xd1],
  [0xc2, 0xd2],
  [0xc3, 0xd3],
  [0xc4, 0xd4],
  [0xc5, 0xd5],
  [0xc7, 0xd7],
]);

export const GENERAL_GLOBAL_TAG = 0xdb;
export const GENERAL_DEDICATED_TAG = 0xdc;
export const GENERAL_CIPHERING_TAG = 0xdd;
export const GENERAL_SIGNING_TAG = 0xdf;
export const GENERAL_BLOCK_TRANSFER_TAG = 0xe0;

/** general-glo-ciphering (DB) and general-ded-ciphering (DC). */
export const generalCiphered = struct({ systemTitle: octetString, content: octetString });

const keyInfo = choice({
  /** 0: the global unicast key, 1: the broadcast key. */
  identified: { tag: 0, codec: struct({ keyId: u8 }) },
  /** 0: wrapped by the master key. */
  wrapped: { tag: 1, codec: struct({ kekId: u8, wrappedKey: octetString }) },
  agreed: { tag: 2, codec: struct({ parameters: octetString, cipheredData: octetString }) },
});

const header = {
  transactionId: octetString,
  originatorSystemTitle: octetString,
  recipientSystemTitle: octetString,
  dateTime: octetString,
  otherInformation: octetString,
};

/** What general-ciphering authenticates and general-signing signs beside the content. */
export const generalHeader = struct(header);

/** general-ciphering (DD). */
export const generalCiphering = struct({ ...header, keyInfo: optional(keyInfo), content: octetString });

/** general-signing (DF). */
export const generalSigning = struct({ ...header, content: octetString, signature: octetString });

/** general-block-transfer (E0): control is last block (80), streaming (40), window (3F). */
export const generalBlockTransfer = struct({
  blockControl: u8,
  blockNumber: u16,
  blockNumberAck: u16,
  blockData: octetString,
});
