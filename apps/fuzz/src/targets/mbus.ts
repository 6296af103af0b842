import { fromHex } from "@amity/bytes";
import {
  FrameAssembler,
  MeterKey,
  WIRELESS_CONTROL,
  decodeTelegram,
  decodeWiredFrame,
  decodeWiredMessage,
  detectMbus,
  encodeFragments,
  encodeFrameA,
  encodeFrameB,
  encodeTelegram,
  encodeWiredFrame,
  explainMbus,
  findVif,
  knownFormats,
  meterTime,
  readProfile,
  sealMessage,
  singleKey,
  wirelessDecodeBench,
  writeRecords,
} from "@amity/mbus";
import type { FuzzTarget } from "../fuzz-target.ts";
import { eachReads } from "./refusals.ts";

const KIB = 1024;
const METER = { id: "12345678", manufacturer: "QDS", version: 0x35, deviceType: 7 };
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const DES = new MeterKey(KEY.subarray(0, 8));
const DATE = { year: 2026, month: 11, day: 21 };
const formats = knownFormats();
const keys = singleKey(KEY);
const desKeys = () => DES;
/** Types of value information, extensions, fields of layers, manufacturers with codings of their own. */
const WORDS = [
  "fd17",
  "fd1b",
  "fc0348522574",
  "8c20",
  "900f",
  "02ff",
  "0f",
  "1f",
  "2f",
  "931e",
  "a51121",
  "304c",
  "2423",
  "0106",
  "79",
  "78",
  "69",
];

function content(): Uint8Array {
  return writeRecords([
    { coding: "int32", codes: findVif("volume", "m³", -3), value: 123456 },
    { coding: "int32", codes: [0x6d], storage: 17, tariff: 3, subunit: 1, value: meterTime({ year: 2026, month: 1, day: 2, hour: 3 }) },
    { coding: "variable", codes: [0xfd, 0x11], value: "customer" },
    { coding: "variable", codes: [0xff, 0x5f], value: { kind: "octets", octets: new Uint8Array(12) } },
    { coding: "int16", codes: [0xfc, 0x74], text: "%RH", value: 5410 },
    { coding: "variable", codes: [0x93, 0x1f], storage: 8, value: { kind: "octets", octets: Uint8Array.of(0x72, 254, 1, 0, 2, 0) } },
  ]).finish();
}

/** Wired frames, messages in them, and streams of frames. */
const mbusTarget: FuzzTarget = {
  name: "mbus",
  counted: ["packages/mbus/src"],
  inputOctetsMax: 261,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds() {
    const data = sealMessage({ meter: METER, header: "long", accessNumber: 1, content: content() }).subarray(1);
    const long = (controlInformation: number, octets: Uint8Array) =>
      encodeWiredFrame({ kind: "long", control: 8, address: 1, controlInformation, data: octets });
    return [
      long(0x72, data),
      long(0x73, new Uint8Array(16).fill(0x25)),
      long(0x70, Uint8Array.of(3)),
      long(0x71, Uint8Array.of(1)),
      long(0x51, content()),
      // Most significant octet first, as the first standards had it; an image transfer; a command for the network.
      long(0x76, fromHex("1234567805b40107550000000413000003e802fd1701020d7803414243")),
      long(0x77, fromHex("123456780a00e97e0000000100000135")),
      long(0x55, fromHex("0413000003e8")),
      long(0xc2, fromHex("78563412b4050107550000000500078201aabb")),
      long(0x85, fromHex("78563412b40501075500000001020304")),
      encodeWiredFrame({ kind: "short", control: 0x7b, address: 1 }),
      Uint8Array.of(0xe5),
    ];
  },
  dictionary: WORDS.map(fromHex),
  decode(octets) {
    eachReads([
      () => decodeWiredFrame(octets),
      () => decodeWiredMessage(octets, { keys }),
      () => explainMbus(octets, { protocol: "mbus", keys, formats }),
      () => detectMbus(octets),
      () => new FrameAssembler().push(octets),
    ]);
  },
  repair(octets) {
    if (octets.length < 9 || octets.length > 261) return octets;
    const frame = octets.slice();
    const length = frame.length - 6;
    frame.set([0x68, length, length, 0x68], 0);
    frame[frame.length - 2] = frame.subarray(4, -2).reduce((sum, octet) => (sum + octet) & 0xff, 0);
    frame[frame.length - 1] = 0x16;
    return frame;
  },
};

/** Telegrams of every frame format, layer and security mode, manufacturers' own content included. */
const wmbusTarget: FuzzTarget = {
  name: "wmbus",
  counted: ["packages/mbus/src"],
  inputOctetsMax: 300,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds() {
    const meterKey = new MeterKey(KEY);
    const counter = Uint8Array.of(1, 0, 0, 0);
    const base = { control: WIRELESS_CONTROL.sndNr, sender: METER } as const;
    const message = { meter: METER, header: "short", accessNumber: 1, content: content() } as const;
    const mode7 = { ...message, security: { mode: 7, key: meterKey, counter } } as const;
    return [
      ...(["a", "b", "none"] as const).map((format) =>
        encodeTelegram({ ...base, format, message: { ...message, security: { mode: 5, key: meterKey } } }),
      ),
      encodeTelegram({
        ...base,
        format: "none",
        extendedLink: { communicationControl: 0x20, accessNumber: 1 },
        authentication: { key: meterKey, counter },
        message: mode7,
      }),
      ...([2, 3] as const).map((mode) =>
        encodeTelegram({ ...base, format: "none", message: { ...message, security: { mode, key: DES, date: DATE } } }),
      ),
      encodeTelegram({ ...base, format: "none", message: { ...message, security: { mode: 9, key: meterKey, counter } } }),
      encodeTelegram({ ...base, format: "none", message: { ...message, security: { mode: 13, extension: 1 } } }),
      ...encodeFragments({ ...base, format: "none", extendedLink: { communicationControl: 0x20, accessNumber: 1 }, message }, 60),
      encodeTelegram({ ...base, format: "none", message: { ...message, header: "none" } }),
      encodeTelegram({ ...base, format: "none", message: { ...message, header: "long" } }),
      ...wirelessDecodeBench(1).frames,
    ];
  },
  dictionary: WORDS.map(fromHex),
  decode(octets) {
    eachReads([
      () => readProfile(decodeTelegram(octets, { keys, formats }).application),
      () => decodeTelegram(octets, { keys, formats, format: "none" }),
      () => decodeTelegram(octets, { keys: desKeys, formats, format: "none", date: DATE }),
      () => explainMbus(octets, { protocol: "wmbus", keys, formats }),
    ]);
  },
  repair(octets) {
    if (octets.length < 12 || octets.length > 256) return octets;
    const frame = octets.slice();
    frame[0] = frame.length - 1;
    // Which format follows from the content, so that a repaired input is always repaired alike.
    const choice = (frame[1] ?? 0) % 4;
    if (choice === 1) return encodeFrameA(frame);
    return choice === 2 && frame.length < 120 ? encodeFrameB(frame) : frame;
  },
};

export const targets: readonly FuzzTarget[] = [mbusTarget, wmbusTarget];
