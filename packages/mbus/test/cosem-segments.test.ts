import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CosemAssembler,
  FrameAssembler,
  cosemSegment,
  cosemSegments,
  encodeWiredFrame,
  isCosemOverMbus,
  type CosemMessage,
} from "../src/index.ts";

const framesOf = (apdu: Uint8Array, dataOctetsMax?: number): Uint8Array[] =>
  cosemSegments({ sourceSap: 1, destinationSap: 103, apdu }, dataOctetsMax).map((segment) =>
    encodeWiredFrame({ kind: "long", control: 0x53, address: 0xff, ...segment }),
  );

function assembled(frames: readonly Uint8Array[]): (CosemMessage | undefined)[] {
  const line = new FrameAssembler();
  const assembler = new CosemAssembler();
  return frames
    .flatMap((octets) => line.push(octets))
    .map((part) => {
      const segment = part.kind === "frame" ? cosemSegment(part.frame) : undefined;
      return segment === undefined ? undefined : assembler.push(segment);
    });
}

describe("COSEM APDUs in wired frames", () => {
  test("of any length come together again, whatever the size of a frame", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.integer({ min: 40, max: 245 }), (apdu, dataOctetsMax) => {
        const messages = assembled(framesOf(apdu, dataOctetsMax)).filter((message) => message !== undefined);
        expect(messages).toEqual([{ sourceSap: 1, destinationSap: 103, apdu }]);
      }),
    );
  });

  test("are refused where a segment is missing, and the next APDU is read", () => {
    const [first, , third] = framesOf(new Uint8Array(600));
    const next = framesOf(Uint8Array.of(1, 2, 3));
    expect(() => assembled([first!, third!])).toThrow(/segment 2 of an APDU came where 1 was due/);
    expect(assembled([first!, ...next]).at(-1)?.apdu).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("are told from M-Bus messages by their CI field", () => {
    expect(isCosemOverMbus(framesOf(new Uint8Array(300))[0]!)).toBe(true);
    const response = encodeWiredFrame({ kind: "long", control: 8, address: 1, controlInformation: 0x72, data: new Uint8Array(12) });
    expect(isCosemOverMbus(response)).toBe(false);
    expect(isCosemOverMbus(Uint8Array.of(0x68))).toBe(false);
  });

  test("longer than the limit are given up", () => {
    const assembler = new CosemAssembler();
    const flood = () => {
      for (let index = 0; index < 400; index++) {
        assembler.push({ number: index % 16, isLast: false, sourceSap: 1, destinationSap: 103, data: new Uint8Array(245) });
      }
    };
    expect(flood).toThrow(/more than 65536 octets/);
  });
});
