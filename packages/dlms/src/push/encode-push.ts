import { UsageError } from "@amity/bytes";
import { GENERAL_BLOCK_TRANSFER_TAG, generalBlockTransfer } from "../apdu/ciphered.ts";
import { LONG_INVOKE_ID } from "../apdu/access.ts";
import { informationReport } from "../apdu/short-name.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import { dataNotification, eventNotification } from "../apdu/notification.ts";
import type { AttributeDescriptor } from "../apdu/descriptors.ts";
import type { DlmsData } from "../data/dlms-data.ts";

const DATA_NOTIFICATION = 0x0f;
const EVENT_NOTIFICATION = 0xc2;
const INFORMATION_REPORT = 0x18;

/** A data-notification in the clear. `dateTime` has 0 or 12 octets; `invokeId` is 24 bits; `isConfirmed` asks for a data-notification-confirm. */
export function encodeDataNotification(push: {
  invokeId: number;
  dateTime?: Uint8Array;
  body: DlmsData;
  isConfirmed?: boolean;
}): Uint8Array {
  const bits = push.isConfirmed === true ? LONG_INVOKE_ID.confirmed : 0;
  return encodeApdu(DATA_NOTIFICATION, dataNotification, {
    longInvokeIdAndPriority: (bits | (push.invokeId & LONG_INVOKE_ID.idMask)) >>> 0,
    dateTime: { octets: push.dateTime ?? new Uint8Array(0) },
    body: push.body,
  });
}

/** An event-notification in the clear: one attribute and its value. */
export function encodeEventNotification(event: { time?: Uint8Array; attribute: AttributeDescriptor; value: DlmsData }): Uint8Array {
  return encodeApdu(EVENT_NOTIFICATION, eventNotification, { time: event.time, attribute: event.attribute, value: event.value });
}

/** An information-report in the clear: the event notification of short-name associations, attributes by their variable names. */
export function encodeInformationReport(report: {
  time?: Uint8Array;
  values: readonly { readonly variableName: number; readonly value: DlmsData }[];
}): Uint8Array {
  return encodeApdu(INFORMATION_REPORT, informationReport, {
    time: report.time,
    variables: report.values.map(({ variableName }) => ({ kind: "variable-name", value: variableName }) as const),
    values: report.values.map(({ value }) => value),
  });
}

/** Last block, and more to come without a confirmation (general block transfer, Green Book 9.3.9). */
const LAST_BLOCK = 0x80;
const STREAMING = 0x40;
/** Tag, control, two numbers, length (four at most). */
const BLOCK_HEADER_OCTETS = 10;
const BLOCKS_MAX = 0xffff;

/**
 * A push, ciphered or not, in general blocks of at most `apduOctetsMax` octets each: nobody confirms them, a lost one loses the push.
 * @throws UsageError where it takes more than 65,535 blocks.
 */
export function pushInBlocks(push: Uint8Array, apduOctetsMax: number): Uint8Array[] {
  const room = apduOctetsMax - BLOCK_HEADER_OCTETS;
  if (room < 1 || push.length > room * BLOCKS_MAX)
    throw new UsageError(`a push of ${push.length} octets does not go into APDUs of ${apduOctetsMax}`, { code: "pdu-size" });
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < push.length; at += room) {
    const isLast = at + room >= push.length;
    const value = {
      blockControl: isLast ? LAST_BLOCK : STREAMING,
      blockNumber: blocks.length + 1,
      blockNumberAck: 0,
      blockData: push.subarray(at, at + room),
    };
    blocks.push(encodeApdu(GENERAL_BLOCK_TRANSFER_TAG, generalBlockTransfer, value));
  }
  return blocks;
}
