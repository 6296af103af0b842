import { sizedOctets, u32, u8, type Codec } from "@amity/bytes";
import { optional, struct } from "../codec/traced.ts";
import { dlmsData } from "../data/axdr.ts";
import { attributeDescriptor } from "./fields.ts";

/** The date-time of a notification: 0 or 12 octets. */
export interface NotificationTime {
  readonly octets: Uint8Array;
  /** Some Norwegian meters send the octet-string with its tag (09 0C). */
  readonly isTagged?: boolean;
}

const OCTET_STRING_TAG = 0x09;
const untagged = sizedOctets(u8, 12);

const notificationTime: Codec<NotificationTime> = {
  decode(reader) {
    // A length of nine is no date-time: the two forms cannot be mistaken for each other.
    if (reader.peek() !== OCTET_STRING_TAG) return { octets: untagged.decode(reader) };
    reader.skip(1);
    return { octets: untagged.decode(reader), isTagged: true };
  },
  encode(value, writer) {
    if (value.isTagged === true) writer.u8(OCTET_STRING_TAG);
    untagged.encode(value.octets, writer);
  },
};

/** Data-Notification (IEC 62056-5-3, 8.3). */
export const dataNotification = struct({ longInvokeIdAndPriority: u32, dateTime: notificationTime, body: dlmsData });

/** Data-Notification-Confirm: only the invoke id and the date-time. */
export const dataNotificationConfirm = struct({ longInvokeIdAndPriority: u32, dateTime: notificationTime });

/** Event-Notification-Request. */
export const eventNotification = struct({ time: optional(sizedOctets(u8, 12)), attribute: attributeDescriptor, value: dlmsData });
