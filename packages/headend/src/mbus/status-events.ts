import type { Application } from "@amity/mbus";
import type { EndDeviceEvent, EndDeviceEventKind } from "@amity/model";
import type { MessageContext } from "./message-context.ts";

/** Log name of what the status octet of a message says (EN 13757-7, 7.5.6). */
export const MBUS_STATUS_LOG = "mbus-status";
/** Log name of error flags (VIF FD 17), whose bits are the manufacturer's. */
export const MBUS_ERRORS_LOG = "mbus-error-flags";

const BITS: readonly { readonly bit: number; readonly kind: EndDeviceEventKind; readonly text: string }[] = [
  { bit: 0x04, kind: "batteryLow", text: "power low" },
  { bit: 0x08, kind: "deviceError", text: "permanent error" },
  { bit: 0x10, kind: "deviceError", text: "temporary error" },
];
/** Bits 0 and 1 are a number: 2 is any application error, 3 an abnormal condition. */
const APPLICATION_ALARM = 3;
const DAY_MS = 86_400_000;

/**
 * What status octets and error flags say, as events. A meter repeats them in every message for as long as they last: they are stamped
 * with the day, so that each is told once a day.
 */
export function statusEvents(
  applications: readonly Application[],
  context: Pick<MessageContext, "meterId" | "atMs" | "errorBits">,
): EndDeviceEvent[] {
  const atMs = Math.floor(context.atMs / DAY_MS) * DAY_MS;
  const events = new Map<string, EndDeviceEvent>();
  const add = (event: Pick<EndDeviceEvent, "kind" | "log" | "code"> & { detail: string }): void =>
    void events.set(`${event.log} ${event.code}`, { meterId: context.meterId, atMs, ...event });
  for (const { header, records } of applications) {
    const status = header?.status ?? 0;
    for (const { bit, kind, text } of BITS) if ((status & bit) !== 0) add({ kind, log: MBUS_STATUS_LOG, code: bit, detail: text });
    if ((status & 0x03) === APPLICATION_ALARM)
      add({ kind: "other", log: MBUS_STATUS_LOG, code: APPLICATION_ALARM, detail: "abnormal condition" });
    for (const { vib, value, storage } of records) {
      if (vib.quantity !== "errorFlags" || storage !== 0 || typeof value !== "number" || value === 0) continue;
      const detail = `error flags ${value.toString(16)}`;
      if (context.errorBits === undefined) add({ kind: "deviceError", log: MBUS_ERRORS_LOG, code: value % 2 ** 31, detail });
      for (const [bit, kind] of (context.errorBits ?? []).entries())
        if (Math.floor(value / 2 ** bit) % 2 === 1) add({ kind, log: MBUS_ERRORS_LOG, code: 2 ** bit, detail });
    }
  }
  return [...events.values()];
}
