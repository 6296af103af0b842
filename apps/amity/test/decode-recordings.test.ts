import { describe, expect, it } from "vitest";
import { toHex } from "@amity/bytes";
import { HdlcDeframer, encodeDataNotification, encodeFrame, unnumberedFrames, type DlmsData } from "@amity/dlms";
import { p1DecodeBench } from "@amity/dsmr";
import { cosemSegments, encodeTelegram, encodeWiredFrame, findVif, readRecords, writeCompactFrame, writeRecords } from "@amity/mbus";
import { smlDecodeBench } from "@amity/sml";
import { explainInput, explainTelegrams, type ExplainedField } from "../src/laboratory/explain-input.ts";
import { telegramsOfText } from "../src/laboratory/telegram-text.ts";

const BODY: DlmsData = { type: "octet-string", value: Uint8Array.from({ length: 300 }, (_, index) => index & 0xff) };
const PUSH = encodeDataNotification({ invokeId: 7, body: BODY });
const PLACE = { source: { upper: 1, lower: 17, octets: 2 }, destination: { upper: 103, lower: 0, octets: 1 } } as const;

const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const childrenOf = (octets: Uint8Array): readonly ExplainedField[] => explainInput(octets, {}).root.children ?? [];

describe("explaining a recording of a line", () => {
  it("puts the segments of a push over HDLC together behind its frames, each with its place", () => {
    const frames = unnumberedFrames(PUSH, PLACE, 120).map(encodeFrame);
    const recording = joined([Uint8Array.of(0x7e), ...frames]);
    const { root, protocol } = explainInput(recording.subarray(1), {});
    expect(protocol).toBe("dlms");
    expect(root).toMatchObject({ name: "recording", value: `${frames.length} frames` });
    expect(root.children?.map(({ name }) => name)).toEqual(["hdlc", "hdlc", "hdlc", "data-notification"]);
    expect(root.children?.[1]?.offset).toBe(frames[0]?.length);
    expect(root.children?.at(-1)).toMatchObject({ detail: "put together", length: PUSH.length });
  });

  it("puts the blocks of a general block transfer together, also where only the first has its LLC header", () => {
    const pieces = [PUSH.subarray(0, 110), PUSH.subarray(110, 220), PUSH.subarray(220)];
    // Pushed blocks are streamed (40), the last one is marked (80): nobody confirms them.
    const streamed = pieces.map((piece, index) =>
      Uint8Array.of(0xe0, index === 2 ? 0x80 : 0x40, 0, index + 1, 0, 0, piece.length, ...piece),
    );
    const frames = streamed.flatMap((block) => unnumberedFrames(block, PLACE, 200)).map(encodeFrame);
    const [first, ...rest] = frames;
    const bare = rest.map((octets) => {
      const [part] = new HdlcDeframer().push(octets);
      if (part?.kind !== "frame") throw new Error("no frame");
      return encodeFrame({ ...part.frame, information: part.frame.information.subarray(3) });
    });
    for (const sent of [frames, [first!, ...bare]]) {
      const children = childrenOf(joined(sent));
      expect(children.at(-1)).toMatchObject({ name: "data-notification", detail: "put together", length: PUSH.length });
    }
  });

  it("explains DLMS in wired M-Bus frames, and says where a segment is missing", () => {
    const frames = cosemSegments({ sourceSap: 1, destinationSap: 103, apdu: PUSH }, 100).map((segment) =>
      encodeWiredFrame({ kind: "long", control: 0x53, address: 0xff, ...segment }),
    );
    const { root, protocol } = explainInput(joined(frames), {});
    expect([protocol, root.name]).toEqual(["dlms", "mbus-cosem"]);
    expect(root.children?.at(-1)).toMatchObject({ name: "data-notification", length: PUSH.length });
    const broken = childrenOf(joined(frames.filter((_, index) => index !== 1)));
    expect(broken.some(({ error }) => error?.includes("segment 2 of an APDU came where 1 was due"))).toBe(true);
  });

  it.each([
    ["sml", smlDecodeBench(1).frames],
    ["p1", p1DecodeBench(1).frames],
  ] as const)("knows %s by the whole frame behind the end of one that was begun before the recording", (protocol, [frame]) => {
    if (frame === undefined) throw new Error("no frame");
    const tail = frame.subarray(frame.length >> 1);
    const explained = explainInput(joined([tail, frame]), {});
    expect(explained.protocol).toBe(protocol);
    const whole = explained.root.children?.find(({ offset, length }) => offset === tail.length && length === frame.length);
    expect(whole).toEqual({ ...explainInput(frame, {}).root, offset: tail.length });
  });

  it("passes over line ends and wake-up octets in front of a message", () => {
    const [telegram] = p1DecodeBench(1).frames;
    expect(explainInput(joined([Uint8Array.of(0x0d, 0x0a), telegram!]), {}).protocol).toBe("p1");
    const signOn = Uint8Array.from("\0\0\0/?!\r\n", (character) => character.charCodeAt(0));
    expect(explainInput(signOn, {}).protocol).toBe("iec62056-21");
  });

  it.each([
    ["sml", smlDecodeBench(3).frames],
    ["p1", p1DecodeBench(3).frames],
    ["mbus", [1, 2, 3].map((address) => encodeWiredFrame({ kind: "short", control: 0x5b, address }))],
  ])("explains each frame of a recording of %s", (protocol, frames) => {
    const explained = explainInput(joined(frames), { protocol });
    expect(explained.root).toMatchObject({ name: "recording", value: "3 frames" });
    expect(explained.root.children?.map(({ offset }) => offset)).toEqual([0, frames[0]!.length, frames[0]!.length + frames[1]!.length]);
  });
});

describe("telegrams in a text", () => {
  const content = writeRecords([{ coding: "int32", codes: findVif("volume", "m³", -3), value: 41 }]).finish();
  const telegram = (controlInformation: number, octets: Uint8Array): Uint8Array =>
    encodeTelegram({
      control: 0x44,
      sender: { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 },
      format: "none",
      message: {
        meter: { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 },
        header: "none",
        controlInformation,
        accessNumber: 1,
        content: octets,
      },
    });
  const full = telegram(0x78, content);
  const compact = telegram(0x79, writeCompactFrame(content, readRecords(content).records));

  it("are found one a line, between commas, and as receivers log them", () => {
    const [first, second] = [toHex(full), toHex(compact)];
    for (const text of [
      `${first}\n${second}\n`,
      `# heard\n${first},${second}`,
      `telegram=|${first.slice(0, 20)}|${first.slice(20)}|+32\ntelegram=|${second}|+35\n`,
      `T1;1;1;2026-07-01 12:00:00.000;97;148;12345678;0x${first}\r\nT1;1;1;2026-07-01 12:00:10.000;97;148;12345678;0x${second}\r\n`,
    ]) {
      expect(telegramsOfText(text)).toEqual([full, compact]);
    }
  });

  it("are none where one line of the text is no telegram", () => {
    const [first] = p1DecodeBench(1).frames;
    for (const text of ["", "hello", `${toHex(full)}\n00`, new TextDecoder("latin1").decode(first)])
      expect(telegramsOfText(text)).toEqual([]);
  });

  it("teach each other: a full frame opens the compact one behind it", () => {
    const { root, protocol } = explainTelegrams([full, compact], {});
    expect([protocol, root.value]).toEqual(["wmbus", "2 telegrams"]);
    const volumes = root.children?.map(({ children = [] }) => children.find(({ name }) => name === "volume")?.value);
    expect(volumes).toEqual(["0.041 m³", "0.041 m³"]);
    expect(explainInput(compact, {}).root.children?.at(-1)?.error).toContain("is not known");
  });
});
