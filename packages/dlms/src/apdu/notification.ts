import { optional, sizedOctets, struct, u32, u8 } from "@amity/bytes";
import { dlmsData } from "../data/axdr.ts";
import { attributeDescriptor } from "./fields.ts";

/** Data-Notification (IEC 62056-5-3, 8.3): date-time of 0 or 12 octets. */
export const dataNotification = struct({ longInvokeIdAndPriority: u32, dateTime: sizedOctets(u8, 12), body: dlmsData });

/** Data-Notification-Confirm: only the invoke id and the date-time. */
export const dataNotificationConfirm = struct({ longInvokeIdAndPriority: u32, dateTime: sizedOctets(u8, 12) });

/** Event-Notification-Request. */
export const eventNotification = struct({ time: optional(sizedOctets(u8, 12)), attribute: attributeDescriptor, value: dlmsData });
