import { decodeAll } from "@amity/bytes";
import { LONG_INVOKE_ID } from "../apdu/access.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import { dataNotification, dataNotificationConfirm, eventNotification } from "../apdu/notification.ts";
import { informationReport } from "../apdu/short-name.ts";
import type { Notification } from "./dlms-client.ts";

const DATA_NOTIFICATION = 0x0f;
const DATA_NOTIFICATION_CONFIRM = 0x10;
const EVENT_NOTIFICATION = 0xc2;
const INFORMATION_REPORT = 0x18;

/** Whether a plain APDU is something that a server sends of itself. */
export function isNotification(plain: Uint8Array): boolean {
  const tag = plain[0];
  return tag === DATA_NOTIFICATION || tag === EVENT_NOTIFICATION || tag === INFORMATION_REPORT;
}

/** Reads a plain notification APDU. @throws DecodeError */
export function readNotification(plain: Uint8Array): Notification {
  const body = plain.subarray(1);
  switch (plain[0]) {
    case EVENT_NOTIFICATION: {
      const { time, attribute, value } = decodeAll(eventNotification, body, "event-notification");
      return { kind: "event-notification", attribute, body: value, ...(time === undefined ? {} : { dateTime: time }) };
    }
    case INFORMATION_REPORT: {
      const { time, values } = decodeAll(informationReport, body, "information-report");
      const value = values.length === 1 && values[0] !== undefined ? values[0] : ({ type: "array", value: values } as const);
      return { kind: "information-report", body: value, ...(time === undefined ? {} : { dateTime: time }) };
    }
    default: {
      const { longInvokeIdAndPriority, dateTime, body: value } = decodeAll(dataNotification, body, "data-notification");
      return {
        kind: "data-notification",
        invokeId: longInvokeIdAndPriority & LONG_INVOKE_ID.idMask,
        isConfirmed: (longInvokeIdAndPriority & LONG_INVOKE_ID.confirmed) !== 0,
        body: value,
        ...(dateTime.octets.length === 0 ? {} : { dateTime: dateTime.octets }),
      };
    }
  }
}

/** The data-notification-confirm that a notification asks for, in the clear; `undefined`: it asks for none. */
export function confirmationOf(notification: Notification): Uint8Array | undefined {
  const { invokeId, isConfirmed } = notification;
  if (isConfirmed !== true || invokeId === undefined) return undefined;
  return encodeApdu(DATA_NOTIFICATION_CONFIRM, dataNotificationConfirm, {
    longInvokeIdAndPriority: (LONG_INVOKE_ID.confirmed | invokeId) >>> 0,
    dateTime: { octets: new Uint8Array(0) },
  });
}
