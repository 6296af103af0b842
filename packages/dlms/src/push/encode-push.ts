import { LONG_INVOKE_ID } from "../apdu/access.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import { dataNotification, eventNotification } from "../apdu/notification.ts";
import type { AttributeDescriptor } from "../apdu/descriptors.ts";
import type { DlmsData } from "../data/dlms-data.ts";

const DATA_NOTIFICATION = 0x0f;
const EVENT_NOTIFICATION = 0xc2;

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
