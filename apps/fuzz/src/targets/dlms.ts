import { crcX25, decodeAll, fromHex } from "@amity/bytes";
import {
  HdlcDeframer,
  HdlcPushReceiver,
  PushReceiver,
  aare,
  aarq,
  apdu,
  decodeData,
  decodeFrame,
  decodeGateway,
  decodeInstant,
  decodePlcLlc,
  decodeProfileTable,
  encodeDataNotification,
  explain,
  parseObjectList,
  WrapperReader,
} from "@amity/dlms";
import { readHanList } from "@amity/dsmr";
import type { FuzzTarget } from "../fuzz-target.ts";
import { eachReads } from "./refusals.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const TITLE = fromHex("414d540000000001");
const EXPLAINED = { keys: [{ label: "fuzz", encryptionKey: KEY, authenticationKey: KEY }], systemTitles: [TITLE] };
const KIB = 1024;

/** APDUs as an everyday session has them, an association first. */
const APDUS: readonly string[] = [
  "601da109060760857405080101be10040e01000000065f1f0400001e1dffff",
  "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400001e1dffff",
  "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001e1d04c80007",
  "c001c100080000010000ff0200",
  "c001c100070100630100ff0201010204020412000809060000010000ff0f02120000090c07ea0b15ff00000000000000090c07ea0b16ff000000000000000100",
  "c0024100000001",
  "c003810200080000010000ff020000030100010800ff0200",
  "c401c100090c07ea0b15060a1e00ff800000",
  "c401c1000103020309060000010000ff11001200640203090c07ea0b15060a1e00ff8000001100120065020300001100120066",
  "c402c10000000001000a0102030405060708090a",
  "c403c1020006000000010104",
  "c101c100080000010000ff0200090c07ea0b15060a1e00ff800000",
  "c501c100",
  "c301c10046000060030aff01010f00",
  "c701c10001000f00",
  "d9400000010000010100080000010000ff020100",
  "da4000000100000100010100",
  "e0c000010000030f0001",
  "c20007ea",
  "0f000000010c07ea0b15060a1e00ff8000000202090600000000000011ff",
  "d80101",
  "0e010203",
  "050102000008",
  "0c01001200ff",
  "c81e3000000001aabbccddeeff00112233445566778899aabbccddee",
  "db08414d540000000001143000000001aabbccddeeff00112233445566778899",
  "dd0100080000000000000000000000000102030405060708",
  "130203120009020a0000060100020003",
  "0107020212000016ff",
];

const FRAMES: readonly string[] = [
  "7ea007022101930f017e",
  "7ea0210321938180140502008006020080070400000001080400000001533b7e",
  "7ea0190321320000e6e600c001c100080000010000ff020000007e",
];

/** APDUs: every service, ACSE, A-XDR data, pushes, lists of consumer ports; as explained and as used. */
const dlmsTarget: FuzzTarget = {
  name: "dlms",
  counted: ["packages/dlms/src", "packages/bytes/src"],
  inputOctetsMax: 2 * KIB,
  // A compact array may announce 65,535 elements that take no octets, and several readers read it here.
  allocationOctetsMax: 64 * KIB * KIB,
  seeds: () => [...APDUS.map(fromHex), encodeDataNotification({ invokeId: 1, body: { type: "array", value: [] } })],
  dictionary: ["0906", "0000010000ff", "0100630100ff", "090c", "0103", "0203", "8200", "8401000000", "13", "be10", "5f1f04"].map(fromHex),
  decode(octets) {
    eachReads([
      () => decodeAll(apdu, octets),
      () => decodeAll(aarq, octets.subarray(1)),
      () => decodeAll(aare, octets.subarray(1)),
      () => readHanList(decodeData(octets)),
      () => parseObjectList(decodeData(octets)),
      () => decodeProfileTable(octets),
      () => decodeInstant(octets.subarray(0, 12)),
      () => decodeGateway(octets),
      () => new PushReceiver({ senderOf: () => ({ keys: { encryptionKey: KEY, authenticationKey: KEY } }) }).receive(octets),
      () => explain(octets, EXPLAINED),
    ]);
  },
};

/** What lies around APDUs on the line: HDLC frames and streams of them, the wrapper. */
const hdlcTarget: FuzzTarget = {
  name: "hdlc",
  counted: ["packages/dlms/src", "packages/bytes/src"],
  inputOctetsMax: KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds: () => [...FRAMES.map(fromHex), fromHex("0001001000010009c0024100000001aabb"), ...APDUS.slice(0, 4).map((text) => fromHex(text))],
  dictionary: ["7ea0", "e6e600", "e6e700", "0001", "818014"].map(fromHex),
  decode(octets) {
    eachReads([
      () => decodeFrame(octets),
      () => {
        const deframer = new HdlcDeframer();
        deframer.push(octets.subarray(0, octets.length >> 1));
        deframer.push(octets.subarray(octets.length >> 1));
        deframer.expire();
      },
      () => new HdlcPushReceiver().push(octets),
      () => decodePlcLlc(octets),
      () => [...new WrapperReader().push(octets)],
      () => explain(octets, { ...EXPLAINED, form: "hdlc" }),
      () => explain(octets, { ...EXPLAINED, form: "wrapper" }),
    ]);
  },
  repair: withHdlcChecks,
};

/** Length and both check sums of a frame whose addresses have one octet each. */
function withHdlcChecks(octets: Uint8Array): Uint8Array {
  if (octets.length < 12) return octets;
  const frame = octets.slice();
  const length = frame.length - 2;
  frame.set([0x7e, 0xa0 | ((frame[1] ?? 0) & 0x08) | (length >> 8), length & 0xff], 0);
  frame[3] = (frame[3] ?? 0) | 1;
  frame[4] = (frame[4] ?? 0) | 1;
  const header = crcX25(frame, 1, 6);
  frame.set([header & 0xff, header >> 8], 6);
  const whole = crcX25(frame, 1, length - 1);
  frame.set([whole & 0xff, whole >> 8, 0x7e], length - 1);
  return frame;
}

export const targets: readonly FuzzTarget[] = [dlmsTarget, hdlcTarget];
