import { decodeAll, encodeAll, fromHex, toHex } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import { WrapperReader, apdu, decodeData, encodeData, encodeWrapper } from "../src/index.ts";
import { decodeFrame, encodeFrame } from "../src/hdlc/frame.ts";
import { hasVectors, readJson } from "./vectors.ts";

interface Literal {
  readonly file: string;
  readonly line: number;
  readonly hex: string;
}

/**
 * Hex literals in the tests of other implementations, and how many of each file are whole APDUs, frames, wrapper PDUs or values. The others
 * are keys, challenges, pieces of fields, M-Bus frames, text, and what those tests expect to be refused; cosemlib's are tables of AES.
 */
const WHOLE: Readonly<Record<string, number>> = {
  "dlms-cosem-tests.json": 140,
  "epri-tests.json": 19,
  "jdlms-tests.json": 7,
  "osgp-dlms-tests.json": 2,
  "amshan-tests.json": 30,
  "smartmeter-datacollector-tests.json": 2,
  "cosemlib.json": 0,
};

const READINGS: readonly ((octets: Uint8Array) => Uint8Array)[] = [
  (octets) => encodeAll(apdu, decodeAll(apdu, octets)),
  (octets) => encodeFrame(decodeFrame(octets)),
  (octets) => {
    const [pdu, ...more] = new WrapperReader().push(octets);
    if (pdu === undefined || more.length > 0) throw new Error("not one PDU");
    return encodeWrapper(pdu.source, pdu.destination, pdu.apdu);
  },
  (octets) => encodeData(decodeData(octets)),
];

/** What one way of reading makes of the octets; `undefined` where they are no such thing. */
function writtenAgain(octets: Uint8Array, reading: (typeof READINGS)[number]): string | undefined {
  try {
    return toHex(reading(octets));
  } catch {
    return undefined;
  }
}

describe.skipIf(!hasVectors)("literals in the tests of other implementations", () => {
  test.each(Object.entries(WHOLE))("%s: whatever decodes encodes back to the same octets, and at least %i do", (file, least) => {
    const octets = readJson<{ vectors: Literal[] }>(file).vectors.flatMap(({ hex }) =>
      /^(?:[0-9A-F]{2})+$/i.test(hex) ? [fromHex(hex)] : [],
    );
    const again = octets.map((one) => READINGS.map((reading) => writtenAgain(one, reading)).filter((text) => text !== undefined));
    // One that reads in two ways (a value can look like a short APDU) must come back in the way that it was meant.
    const lost = octets.filter((one, index) => (again[index] ?? []).length > 0 && !(again[index] ?? []).includes(toHex(one)));
    expect(lost.map((one) => toHex(one))).toEqual([]);
    expect(again.filter((texts) => texts.length > 0).length).toBeGreaterThanOrEqual(least);
  });
});
