import { seededRandom } from "@amity/runtime";
import type { Application } from "./application/read-application.ts";
import { findVif, meterTime, writeRecords, type RecordInput } from "./application/write-records.ts";
import { encodeWiredFrame } from "./link/wired-frame.ts";
import { decodeWiredMessage } from "./link/wired-message.ts";
import { KeyRing, MeterKey } from "./transport/meter-key.ts";
import { sealMessage } from "./transport/seal-payload.ts";
import { decodeTelegram, WIRELESS_CONTROL } from "./wireless/telegram.ts";
import { encodeTelegram } from "./wireless/write-telegram.ts";

/** Something to be measured: `decode` takes one frame and returns the number of records in it. */
export interface DecodeBench {
  readonly name: "wmbus" | "mbus";
  readonly frames: readonly Uint8Array[];
  readonly decode: (frame: Uint8Array) => number;
}

/** What water meters send most: total, date, due date's total, status, flow (three blocks once encrypted). */
function records(total: number): RecordInput[] {
  return [
    { coding: "int32", codes: findVif("volume", "m³", -3), value: total },
    { coding: "int32", codes: [0x6d], value: meterTime({ year: 2026, month: 11, day: 21, hour: 3, minute: 17 }) },
    { coding: "int32", codes: findVif("volume", "m³", -3), storage: 1, value: total - 1000 },
    { coding: "int16", codes: [0x6c], storage: 1, value: meterTime({ year: 2026, month: 10, day: 31 }) },
    { coding: "int16", codes: findVif("volumeFlow", "m³/h", -3), value: 17 },
    { coding: "int16", codes: findVif("errorFlags", ""), value: 0 },
  ];
}

/** Wireless telegrams of many meters, format A with CRCs, security mode 5, each meter with its own key. */
export function wirelessDecodeBench(meters = 1000): DecodeBench {
  const random = seededRandom(57);
  const ring = new KeyRing();
  const frames = Array.from({ length: meters }, (_, index) => {
    const meter = { id: String(10_000_000 + index), manufacturer: "AMT", version: 1, deviceType: 7 };
    const key = random.bytes(16);
    ring.set(meter, key);
    const content = writeRecords(records(100_000 + index)).finish();
    const security = { mode: 5, key: new MeterKey(key) } as const;
    return encodeTelegram({
      control: WIRELESS_CONTROL.sndNr,
      sender: meter,
      message: { meter, header: "short", accessNumber: index & 0xff, content, security },
      format: "a",
    });
  });
  const options = { keys: ring.lookup, format: "a" } as const;
  return {
    name: "wmbus",
    frames,
    decode: (frame) => keep(decodeTelegram(frame, options).application),
  };
}

/** What was decoded last is held: otherwise the engine sees that nobody looks and leaves the work out. */
let kept: Application | undefined;

function keep(application: Application | undefined): number {
  kept = application;
  return kept?.records.length ?? 0;
}

/** Wired responses in clear. */
export function wiredDecodeBench(meters = 1000): DecodeBench {
  const frames = Array.from({ length: meters }, (_, index) => {
    const meter = { id: String(10_000_000 + index), manufacturer: "AMT", version: 1, deviceType: 4 };
    const message = sealMessage({ meter, header: "long", accessNumber: index, content: writeRecords(records(100_000 + index)).finish() });
    return encodeWiredFrame({ kind: "long", control: 0x08, address: 1, controlInformation: message[0] ?? 0x72, data: message.subarray(1) });
  });
  return { name: "mbus", frames, decode: (frame) => keep(decodeWiredMessage(frame).application) };
}
