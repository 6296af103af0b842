import { crcArc, crcX25, fromHex, latin1Text } from "@amity/bytes";
import {
  TelegramAssembler,
  decodeTelegram,
  explainDsmr,
  isDsmr,
  openCiphered,
  p1DecodeBench,
  readTelegram,
  sealCiphered,
} from "@amity/dsmr";
import {
  LineAssembler,
  blockCheck,
  decodeReadout,
  explainIec6205621,
  isIec6205621,
  parseDataSets,
  parseProfile,
  readoutDecodeBench,
} from "@amity/iec62056-21";
import { TransportAssembler, decodeSml, explainSml, isSml, readingsOf, smlDecodeBench } from "@amity/sml";
import type { FuzzTarget } from "../fuzz-target.ts";
import { eachReads } from "./refusals.ts";

const KIB = 1024;
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const TITLE = fromHex("414d540000000001");
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Transport frames, files, every message of SML, and streams of frames. */
const smlTarget: FuzzTarget = {
  name: "sml",
  counted: ["packages/sml/src"],
  inputOctetsMax: 2 * KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds: () => [...smlDecodeBench(2).frames],
  dictionary: ["7605", "7607", "726301", "7262", "77", "1b1b1b1b", "01010101", "1a", "6200", "8f0f"].map(fromHex),
  decode(octets) {
    eachReads([
      () => readingsOf(decodeSml(octets)),
      () => explainSml(octets),
      () => isSml(octets),
      () => new TransportAssembler().push(octets),
    ]);
  },
  repair(octets) {
    const end = octets.length - 8;
    if (end < 8 || end % 4 !== 0) return octets;
    const frame = octets.slice();
    frame.set([0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1], 0);
    frame.set([0x1b, 0x1b, 0x1b, 0x1b, 0x1a, (frame[end + 5] ?? 0) & 3], end);
    const sum = crcX25(frame, 0, end + 6);
    frame.set([sum & 0xff, sum >> 8], end + 6);
    return frame;
  },
};

/** P1 telegrams, clear and ciphered, and streams of them. */
const p1Target: FuzzTarget = {
  name: "p1",
  counted: ["packages/dsmr/src"],
  inputOctetsMax: 3 * KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds() {
    const [telegram = new Uint8Array(0)] = p1DecodeBench(1).frames;
    const old = text(
      "/KMP5 KA6U001234567\r\n\r\n0-0:96.1.1(204B413655)\r\n1-0:1.8.1(00123.456*kWh)\r\n0-1:24.3.0(261121030000)(08)(60)(1)(0-1:24.2.0)(m3)\r\n(00772.390)\r\n!\r\n",
    );
    return [
      telegram,
      old,
      sealCiphered(telegram.subarray(0, 300), { encryptionKey: KEY, authenticationKey: KEY }, { systemTitle: TITLE, invocationCounter: 1 }),
    ];
  },
  dictionary: ["/", "!", "\r\n", "(", ")", "*kWh", "0-1:24.2.1", "1-0:99.97.0", "(0-0:96.7.19)", "261121030000W", "S", "0-0:98.1.0"].map(
    text,
  ),
  decode(octets) {
    eachReads([
      () => readTelegram(decodeTelegram(octets)),
      () => openCiphered(octets, { encryptionKey: KEY }),
      () => explainDsmr(octets, { keys: [{ label: "fuzz", encryptionKey: KEY, authenticationKey: KEY }] }),
      () => isDsmr(octets),
      () => new TelegramAssembler().push(octets),
    ]);
  },
  repair(octets) {
    const end = octets.lastIndexOf(0x21);
    if (end < 0) return octets;
    const sum = crcArc(octets, 0, end + 1)
      .toString(16)
      .toUpperCase()
      .padStart(4, "0");
    return Uint8Array.from([...octets.subarray(0, end + 1), ...text(`${sum}\r\n`)]);
  },
};

/** Readouts, data sets, load profiles and the lines that they come on. */
const iec6205621Target: FuzzTarget = {
  name: "iec62056-21",
  counted: ["packages/iec62056-21/src"],
  inputOctetsMax: 3 * KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds() {
    const profile = "P.01(1261121000000)(00)(15)(2)(1.5)(kW)(2.5)(kW)(0.123)(0.456)(0.124)(0.457)\r\n";
    return [...readoutDecodeBench(2).frames, text(profile), text("/AMT5\\2E1 v1.0\r\n"), text("1.8.0(001234.567*kWh)\r\nF.F(00)\r\n")];
  },
  dictionary: ["P.01(", ")(", "*kWh", "\r\n", "/", "!", "\u0002", "\u0003", "\u0001R1", "&02", "1.8.0*01", "0.9.1", "ER"].map(text),
  decode(octets) {
    eachReads([
      () => parseProfile(decodeReadout(octets).dataSets),
      () => parseProfile(parseDataSets(latin1Text(octets)).dataSets),
      () => explainIec6205621(octets),
      () => isIec6205621(octets),
      () => new LineAssembler().push(octets),
    ]);
  },
  repair(octets) {
    const end = octets.lastIndexOf(0x03);
    const start = octets.indexOf(0x02);
    if (start < 0 || end <= start) return octets;
    return Uint8Array.from([...octets.subarray(0, end + 1), blockCheck(octets.subarray(start + 1, end + 1))]);
  },
};

export const targets: readonly FuzzTarget[] = [smlTarget, p1Target, iec6205621Target];
