import { writeRecords, type RecordInput } from "../application/write-records.ts";
import type { MeterAddress } from "../link/address.ts";
import type { MeterKey } from "../transport/meter-key.ts";
import type { FrameFormat } from "../wireless/frame-format.ts";
import { WIRELESS_CONTROL } from "../wireless/telegram.ts";
import { encodeTelegram } from "../wireless/write-telegram.ts";

/** A telegram from a collector to a meter, sent in the window after the meter's own. */
export interface CollectorTelegram {
  readonly collector: MeterAddress;
  readonly meter: MeterAddress;
  /** `reset` SND-NKE, `confirmInstallation` CNF-IR, `request` REQ-UD2, `command` SND-UD with records. */
  readonly kind: "reset" | "confirmInstallation" | "request" | "command";
  /** Chosen by the collector; the meter's answer repeats it. */
  readonly accessNumber: number;
  /** FCB of commands and requests: set in the first one after SND-NKE, then in every other (EN 60870-5-2). */
  readonly frameCountBit?: boolean;
  readonly records?: readonly RecordInput[];
  /** Closes commands: security mode 5, and mode 7 with its MAC where there is a `counter`. */
  readonly key?: MeterKey;
  /** Message counter towards the meter (4 octets, LE), above all that it was sent before. */
  readonly counter?: Uint8Array;
  readonly format?: FrameFormat;
}

const CONTROLS = {
  reset: WIRELESS_CONTROL.sndNke,
  confirmInstallation: WIRELESS_CONTROL.cnfIr,
  request: WIRELESS_CONTROL.reqUd2,
  command: WIRELESS_CONTROL.sndUd,
} as const;

const FRAME_COUNT_BIT = 0x20;

/** Octets on air: the long header names the meter, the link layer the collector (EN 13757-4, 12.6). */
export function encodeCollectorTelegram(input: CollectorTelegram): Uint8Array {
  const isCommand = input.kind === "command";
  const { key, counter } = isCommand ? input : {};
  const closing =
    key === undefined ? undefined : counter === undefined ? ({ mode: 5, key } as const) : ({ mode: 7, key, counter } as const);
  return encodeTelegram({
    control: CONTROLS[input.kind] | (input.frameCountBit === true ? FRAME_COUNT_BIT : 0),
    sender: input.collector,
    format: input.format ?? "a",
    ...(closing?.mode === 7 ? { authentication: closing } : {}),
    message: {
      meter: input.meter,
      header: "long",
      controlInformation: isCommand ? 0x5b : 0x80,
      accessNumber: input.accessNumber,
      content: writeRecords(input.records ?? []).finish(),
      direction: "toMeter",
      ...(closing === undefined ? {} : { security: closing }),
    },
  });
}
