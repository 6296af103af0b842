import { crcX25, DecodeError } from "@amity/bytes";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientAddress, isBroadcast, isCallingDevice, serverAddress, type HdlcAddress } from "../../src/hdlc/address.ts";
import { decodeControl, encodeControl, type HdlcControl } from "../../src/hdlc/control.ts";
import { decodeFrame, encodeFrame, INFORMATION_OCTETS_MAX } from "../../src/hdlc/frame.ts";
import { exchanges, HAS_VECTORS, hex, hexOf, pushFrames, toHex } from "./captures.ts";
import { anyFrame } from "./arbitraries.ts";

describe("an HDLC frame", () => {
  it("reads an SNRM as it stands on the line", () => {
    expect(decodeFrame(hex("7EA0070321930F017E"))).toEqual({
      destination: { upper: 1, lower: 0, octets: 1 },
      source: { upper: 16, lower: 0, octets: 1 },
      control: { kind: "snrm", pollFinal: true },
      segmented: false,
      information: new Uint8Array(0),
    });
  });

  it("comes back from its octets", () => {
    fc.assert(
      fc.property(anyFrame(), (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
      }),
    );
  });

  it("is refused with a named error wherever it breaks off", () => {
    const octets = hex("7EA01E210373C37A818012050180060180070400000001080400000001533B7E");
    for (let length = 0; length < octets.length; length++) {
      expect(() => decodeFrame(octets.subarray(0, length)), `first ${length} octets`).toThrow(DecodeError);
    }
  });

  it("is refused whichever single octet is changed", () => {
    const octets = hex("7EA02B032110FBAFE6E600601DA109060760857405080101BE10040E01000000065F1F0400401E5DFFFF91237E");
    for (let at = 0; at < octets.length; at++) {
      for (const mask of [0x01, 0x10, 0x80, 0xff]) {
        const changed = octets.slice();
        changed[at]! ^= mask;
        expect(() => decodeFrame(changed), `octet ${at} ^ ${mask}`).toThrow(DecodeError);
      }
    }
  });

  it("never answers arbitrary octets with anything but a value or a DecodeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (octets) => {
        try {
          decodeFrame(octets);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("carries at most what its 11-bit length can say", () => {
    const frame = {
      destination: serverAddress(1, 17, 4),
      source: serverAddress(1, 17, 4),
      control: { kind: "ui", pollFinal: false },
      segmented: false,
    } as const;
    expect(encodeFrame({ ...frame, information: new Uint8Array(INFORMATION_OCTETS_MAX) }).length).toBe(0x7ff + 2);
    expect(() => encodeFrame({ ...frame, information: new Uint8Array(INFORMATION_OCTETS_MAX + 1) })).toThrow("does not fit a frame");
  });
});

describe("an address", () => {
  const frame = (destination: HdlcAddress) =>
    encodeFrame({
      destination,
      source: clientAddress(16),
      control: { kind: "snrm", pollFinal: true },
      segmented: false,
      information: new Uint8Array(0),
    });
  it.each([
    ["1 octet", serverAddress(1), "03"],
    ["2 octets", serverAddress(1, 17), "0223"],
    ["4 octets", serverAddress(1, 17, 4), "00020023"],
    ["4 octets with large parts", serverAddress(0x1234, 0x3fff), "4868FEFF"],
  ])("of %s is written as the standard says", (_name, address, expected) => {
    const octets = frame(address);
    expect(toHex(octets.subarray(3, 3 + address.octets))).toBe(expected);
    expect(decodeFrame(octets).destination).toEqual(address);
  });

  it("of three octets, or without an end, is refused", () => {
    const withAddress = (address: string): Uint8Array => {
      const body = hex(`A0${(address.length / 2 + 6).toString(16).padStart(2, "0")}${address}2193`);
      const crc = crcX25(body);
      return Uint8Array.of(0x7e, ...body, crc & 0xff, crc >>> 8, 0x7e);
    };
    expect(() => decodeFrame(withAddress("020203"))).toThrow("address of 3 octets");
    expect(() => decodeFrame(withAddress("020202020203"))).toThrow("longer than 4");
    expect(decodeFrame(withAddress("0223")).destination).toEqual(serverAddress(1, 17));
  });

  it("that means everybody, or whoever calls, is told from a plain one", () => {
    expect(isBroadcast(serverAddress(0x7f))).toBe(true);
    expect(isBroadcast(serverAddress(1, 0x3fff))).toBe(true);
    expect(isBroadcast(serverAddress(1, 0x7e))).toBe(false);
    expect(isCallingDevice(serverAddress(1, 0x7e))).toBe(true);
    expect(isCallingDevice(serverAddress(1, 0x3ffe))).toBe(true);
    expect(isCallingDevice(serverAddress(0x7e))).toBe(false);
  });

  it("that does not fit its form is the caller's mistake", () => {
    expect(() => serverAddress(200, 1, 2)).toThrow("does not fit 2 octet(s)");
    expect(() => clientAddress(128)).toThrow("does not fit 1 octet(s)");
  });
});

describe("the control field", () => {
  it("gives every octet back, known or not", () => {
    for (let octet = 0; octet < 256; octet++) expect(encodeControl(decodeControl(octet))).toBe(octet);
  });

  it.each<[number, HdlcControl]>([
    [0x10, { kind: "i", sendSequence: 0, receiveSequence: 0, pollFinal: true }],
    [0x96, { kind: "i", sendSequence: 3, receiveSequence: 4, pollFinal: true }],
    [0x51, { kind: "rr", receiveSequence: 2, pollFinal: true }],
    [0x55, { kind: "rnr", receiveSequence: 2, pollFinal: true }],
    [0x49, { kind: "rej", receiveSequence: 2, pollFinal: false }],
    [0x73, { kind: "ua", pollFinal: true }],
    [0x97, { kind: "frmr", pollFinal: true }],
    [0x13, { kind: "ui", pollFinal: true }],
    [0xff, { kind: "unknown", octet: 0xff, pollFinal: true }],
  ])("%i is read as the standard says", (octet, expected) => expect(decodeControl(octet)).toEqual(expected));
});

describe.skipIf(!HAS_VECTORS)("captured frames", () => {
  it("decode and encode back to the same octets, in every exchange", () => {
    const all = exchanges().flatMap(({ frames }) => frames);
    expect(all.length).toBeGreaterThan(1_500);
    for (const { frame, octets } of all) expect(toHex(encodeFrame(frame))).toBe(toHex(octets));
  });

  it("of meters that push decode and encode back, and carry the APDU that was found in them", () => {
    for (const { source, frame, apdu } of pushFrames()) {
      const decoded = decodeFrame(hex(frame));
      expect(["ui", "i"], source).toContain(decoded.control.kind);
      expect(toHex(encodeFrame(decoded))).toBe(frame);
      const information = toHex(decoded.information);
      // Of frames without an LLC header the vector's own cut is a guess.
      if (information.startsWith("E6E700")) expect(information.slice(6), source).toBe(apdu);
    }
  });

  it("in other projects' tests decode (given without their flags)", () => {
    const bodies = [...hexOf("jdlms-tests.json", "FcsCalcTest"), ...hexOf("jdlms-tests.json", "HdlcFrameTest")];
    let decoded = 0;
    for (const body of bodies) {
      const octets = hex(body);
      // Where the last two octets are no FCS, the test computes it: so do we.
      const hasFcs = crcX25(octets, 0, octets.length - 2) === (octets.at(-2)! | (octets.at(-1)! << 8));
      const crc = crcX25(octets);
      const whole = hasFcs ? octets : Uint8Array.of(...octets, crc & 0xff, crc >>> 8);
      if ((((whole[0]! << 8) | whole[1]!) & 0x7ff) !== whole.length) continue;
      decodeFrame(Uint8Array.of(0x7e, ...whole, 0x7e));
      decoded += 1;
    }
    expect(decoded).toBeGreaterThan(20);
  });
});
