import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HdlcDeframer, type Deframed } from "../../src/hdlc/deframer.ts";
import { decodeFrame, encodeFrame, FRAME_OCTETS_MAX, type HdlcFrame } from "../../src/hdlc/frame.ts";
import { HdlcPushReceiver, unnumberedFrames } from "../../src/hdlc/unnumbered.ts";
import { clientAddress, serverAddress } from "../../src/hdlc/address.ts";
import { anyFrame } from "./arbitraries.ts";
import { HAS_VECTORS, hex, joined, pushFrames, toHex } from "./captures.ts";

const SNRM = hex("7EA0070321930F017E");
const UA = hex("7EA01E210373C37A818012050180060180070400000001080400000001533B7E");

function frames(deframed: readonly Deframed[]): HdlcFrame[] {
  return deframed.flatMap((item) => (item.kind === "frame" ? [item.frame] : []));
}

function pushInPieces(octets: Uint8Array, cuts: readonly number[]): Deframed[] {
  const deframer = new HdlcDeframer();
  const ends = [...new Set(cuts.map((cut) => cut % (octets.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...ends].flatMap((start, index) => deframer.push(octets.slice(start, ends[index] ?? octets.length)));
}

describe("the deframer", () => {
  it("finds the same frames however the stream is cut", () => {
    const stream = fc.record({
      list: fc.array(anyFrame(), { maxLength: 6 }),
      cuts: fc.array(fc.nat(), { maxLength: 12 }),
      isShared: fc.boolean(),
    });
    fc.assert(
      fc.property(stream, ({ list, cuts, isShared }) => {
        const pieces = list.map((frame, index) => encodeFrame(frame).subarray(isShared && index > 0 ? 1 : 0));
        expect(frames(pushInPieces(joined(...pieces), cuts))).toEqual(list);
      }),
    );
  });

  it("passes over noise before, between and after frames, flags in the noise included", () => {
    const noise = hex("00FF7E7E7EA0417E03A8123456");
    const deframer = new HdlcDeframer();
    const found = [...deframer.push(noise), ...deframer.push(SNRM), ...deframer.push(noise), ...deframer.push(UA), ...deframer.push(noise)];
    expect(frames(found).map((frame) => frame.control.kind)).toEqual(["snrm", "ua"]);
  });

  it("finds a frame behind any noise, if the line then falls silent", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
        const deframer = new HdlcDeframer();
        const found = [...deframer.push(joined(noise, SNRM))];
        while (deframer.isInFrame) found.push(...deframer.expire());
        expect(frames(found).some((frame) => frame.control.kind === "snrm")).toBe(true);
      }),
    );
  });

  it("drops a frame with a wrong check sequence by name and goes on behind its flag", () => {
    const broken = UA.slice();
    broken[12]! ^= 1;
    const found = new HdlcDeframer().push(joined(broken, SNRM));
    expect(frames(found)).toHaveLength(1);
    expect(found.flatMap((item) => (item.kind === "noise" && item.error ? [item.error.code] : []))).toContain("fcs");
  });

  it("does not wait for a frame whose header is already wrong", () => {
    const deframer = new HdlcDeframer();
    const found = deframer.push(hex("7EA7FF032110000000"));
    expect(found.some((item) => item.kind === "noise" && item.error?.code === "hcs")).toBe(true);
  });

  it("tells of a run of noise once, with the error of its first false start", () => {
    const noise = hex("00 7EA0 7EA7FF03 7EA008 FF".repeat(200));
    const [run, frame, ...others] = new HdlcDeframer().push(joined(noise, UA));
    expect(run).toMatchObject({ kind: "noise", octets: noise.length, error: { code: "hcs" } });
    expect(frame?.kind).toBe("frame");
    expect(others).toEqual([]);
  });

  it("gives up a frame that broke off, and finds the one behind it", () => {
    const deframer = new HdlcDeframer();
    expect(frames(deframer.push(joined(UA.subarray(0, 20), SNRM)))).toEqual([]);
    expect(deframer.isInFrame).toBe(true);
    expect(frames(deframer.expire()).map((frame) => frame.control.kind)).toEqual(["snrm"]);
    expect(deframer.isInFrame).toBe(false);
  });

  it("holds no more than one frame whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 20 }), (chunks) => {
        const deframer = new HdlcDeframer();
        let fed = 0;
        let seen = 0;
        for (const chunk of chunks) {
          fed += chunk.length;
          for (const item of deframer.push(chunk)) seen += item.kind === "frame" ? item.octets.length - 1 : item.octets;
        }
        // Flags in a row are passed over uncounted; nothing else may be missing but one frame's octets.
        const flags = chunks.reduce((sum, chunk) => sum + chunk.filter((octet) => octet === 0x7e).length, 0);
        expect(fed - seen).toBeLessThanOrEqual(FRAME_OCTETS_MAX + 2 + flags);
      }),
    );
  });
});

describe("a push receiver", () => {
  const to = { source: serverAddress(1, 17), destination: clientAddress(103) };

  it("puts together what was cut into UI frames", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1_000 }), fc.integer({ min: 4, max: 300 }), (apdu, octets) => {
        const stream = joined(...unnumberedFrames(apdu, to, octets).map(encodeFrame));
        const [message] = new HdlcPushReceiver().push(stream);
        expect(message?.apdu).toEqual(apdu);
        expect(message?.source).toEqual(to.source);
      }),
    );
  });

  it("loses only the message of which a first segment was lost", () => {
    const [, ...rest] = unnumberedFrames(new Uint8Array(300).fill(1), to, 128);
    const next = unnumberedFrames(Uint8Array.of(0x0f, 2), to, 128);
    const receiver = new HdlcPushReceiver();
    expect(receiver.push(joined(...[...rest, ...next].map(encodeFrame))).map((message) => toHex(message.apdu))).toEqual(["0F02"]);
  });

  it("refuses to collect more than its limit", () => {
    const receiver = new HdlcPushReceiver(500);
    const frames = unnumberedFrames(new Uint8Array(600), to, 128);
    expect(receiver.push(joined(...frames.map(encodeFrame)))).toEqual([]);
  });

  it.skipIf(!HAS_VECTORS)("reads what real meters push", () => {
    const receiver = new HdlcPushReceiver();
    let whole = 0;
    let begun = "";
    for (const { frame, segmented, source } of pushFrames()) {
      const { information } = decodeFrame(hex(frame));
      begun = (toHex(information).startsWith("E6E700") ? "" : begun) + toHex(information);
      for (const message of receiver.push(hex(frame))) {
        whole += 1;
        expect(begun.endsWith(toHex(message.apdu)), source).toBe(true);
        expect(["0F", "DB", "E0", "61"], source).toContain(toHex(message.apdu.subarray(0, 1)));
        expect(segmented).toBe(false);
      }
    }
    expect(whole).toBeGreaterThan(60);
  });
});
