import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import {
  FormatStore,
  MeterKey,
  decodeTelegram,
  detectMbus,
  encodeTelegram,
  encodeWiredFrame,
  explainMbus,
  findVif,
  readRecords,
  sealMessage,
  singleKey,
  writeCompactFrame,
  writeRecords,
  type ExplainNode,
} from "../src/index.ts";

const METER = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 };
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const CONTENT = writeRecords([
  { coding: "int32", codes: findVif("volume", "m³", -3), value: 123456 },
  { coding: "int16", codes: findVif("errorFlags", ""), value: 4 },
]).finish();

const wired = () => {
  const message = sealMessage({ meter: METER, header: "long", accessNumber: 7, status: 4, content: CONTENT });
  return encodeWiredFrame({ kind: "long", control: 0x08, address: 3, controlInformation: message[0] ?? 0, data: message.subarray(1) });
};
const wireless = (format: "a" | "b" | "none") =>
  encodeTelegram({
    control: 0x44,
    sender: METER,
    format,
    message: { meter: METER, header: "short", accessNumber: 7, content: CONTENT, security: { mode: 5, key: new MeterKey(KEY) } },
  });
const find = (node: ExplainNode, name: string): ExplainNode | undefined => {
  if (node.name === name) return node;
  for (const child of node.children ?? []) {
    const found = find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
};

describe("the explanation of a frame", () => {
  test("names every field of a wired frame with its offset", () => {
    const { root, problems, summary } = explainMbus(wired());
    expect(problems).toEqual([]);
    expect(summary).toBe("AMT 12345678 (water), response, 2 record(s)");
    expect(find(root, "meter")).toMatchObject({ offset: 7, octets: 8, value: "12345678" });
    expect(find(root, "status")).toMatchObject({ offset: 16, meaning: "power low" });
    expect(find(root, "volume")).toMatchObject({ offset: 19, octets: 6, value: 123.456, unit: "m³" });
    expect(find(root, "errorFlags")).toMatchObject({ offset: 25, value: 4 });
  });

  test.each(["a", "b", "none"] as const)("counts offsets of format %s in the octets as received", (format) => {
    const octets = wireless(format);
    const { root, problems } = explainMbus(octets, { keys: singleKey(KEY) });
    expect(problems).toEqual([]);
    expect(find(root, "volume")).toMatchObject({ value: 123.456, offset: format === "a" ? 19 : 17 });
    expect(find(root, "accessNumber")?.offset).toBe(format === "a" ? 13 : 11);
  });

  test("is plain JSON", () => {
    for (const octets of [wired(), wireless("a")]) {
      const explained = explainMbus(octets);
      expect(JSON.parse(JSON.stringify(explained))).toEqual(explained);
    }
  });

  test("says that a key is missing or wrong, and still names meter and header", () => {
    for (const [keys, code] of [
      [undefined, "missing-key"],
      [singleKey(new Uint8Array(16)), "wrong-key"],
    ] as const) {
      const { root, problems } = explainMbus(wireless("a"), { keys });
      expect(problems).toMatchObject([{ code, advice: expect.any(String) as string }]);
      expect(find(root, "sender")?.value).toBe("12345678");
    }
  });

  test("shows what was sound of a frame with a wrong checksum or CRC, and where it is wrong", () => {
    const bad = wired();
    bad[bad.length - 2] = (bad[bad.length - 2] ?? 0) ^ 1;
    const first = explainMbus(bad);
    expect(first.problems).toMatchObject([{ code: "checksum", offset: bad.length - 2 }]);
    expect(find(first.root, "volume")?.value).toBe(123.456);
    const torn = wireless("a");
    torn[torn.length - 1] = (torn[torn.length - 1] ?? 0) ^ 1;
    const second = explainMbus(torn, { keys: singleKey(KEY) });
    expect(second.problems).toMatchObject([{ code: "crc", offset: torn.length - 2 }]);
    expect(find(second.root, "volume")?.value).toBe(123.456);
  });

  test("takes a frame of format B with a wrong CRC for one where only so its payload CRC is right", () => {
    const session = { number: 5, key: new MeterKey(KEY) };
    const frame = encodeTelegram({
      control: 0x44,
      sender: METER,
      format: "b",
      extendedLink: { communicationControl: 0x20, accessNumber: 1, session },
      // A compact frame of an unknown layout: opened, it still has a problem.
      message: { meter: METER, header: "none", controlInformation: 0x79, accessNumber: 1, content: fromHex("1234 5678 00000000") },
    });
    frame[frame.length - 1] = (frame[frame.length - 1] ?? 0) ^ 1;
    const { problems } = explainMbus(frame, { keys: singleKey(KEY) });
    expect(problems).toMatchObject([
      { code: "crc", offset: frame.length - 2 },
      { code: "unknown-format", offset: 20 },
    ]);
  });

  test("shows the values of a compact frame whose CRC is another's, and takes none for a reading", () => {
    const { records } = readRecords(CONTENT);
    const formats = new FormatStore();
    formats.learn(CONTENT, records);
    const content = writeCompactFrame(CONTENT, records);
    const turned = content.with(4, (content[4] ?? 0) ^ 1);
    const message = { meter: METER, header: "none" as const, controlInformation: 0x79, accessNumber: 1, content: turned };
    const telegram = encodeTelegram({ control: 0x44, sender: METER, format: "a", message });
    const { root, problems } = explainMbus(telegram, { formats });
    expect(problems).toMatchObject([{ code: "crc" }]);
    expect(find(root, "doubtful")?.children).toMatchObject([
      { name: "volume", value: 123.457, unit: "m³" },
      { name: "errorFlags", value: 4 },
    ]);
    expect(decodeTelegram(telegram, { formats }).application.records).toEqual([]);
    // Values that do not fill the layout are no guess worth showing.
    const short = encodeTelegram({ control: 0x44, sender: METER, format: "a", message: { ...message, content: turned.subarray(0, -1) } });
    expect(find(explainMbus(short, { formats }).root, "doubtful")).toBeUndefined();
  });

  test("shows an unknown VIF with its code and what stands beside it", () => {
    const message = sealMessage({ meter: METER, header: "long", accessNumber: 7, content: fromHex("046f01000000 01137f") });
    const { root, problems } = explainMbus(
      encodeWiredFrame({ kind: "long", control: 8, address: 3, controlInformation: 0x72, data: message.subarray(1) }),
    );
    expect(problems).toMatchObject([{ code: "unknown-vif", offset: 20 }]);
    expect(find(root, "unknown")).toMatchObject({ value: 1, meaning: "instantaneous, VIF 6f" });
    expect(find(root, "volume")?.value).toBe(0.127);
  });

  test("knows frames whose length is wrong by the rest of their head, and says what is wrong", () => {
    const tooLong = wireless("none").with(0, 0xff);
    expect(detectMbus(tooLong)).toBe("wmbus");
    const telegram = explainMbus(tooLong, { keys: singleKey(KEY) });
    expect(telegram.problems).toMatchObject([{ code: "truncated", offset: 0 }]);
    expect(find(telegram.root, "volume")?.value).toBe(123.456);
    const unequal = wired().with(2, 0x7f);
    expect(detectMbus(unequal)).toBe("mbus");
    const frame = explainMbus(unequal);
    expect(frame.problems).toMatchObject([{ code: "length", offset: 2 }]);
    expect(find(frame.root, "volume")?.value).toBe(123.456);
    // An AARQ of DLMS has what looks like a meter's address, and no CI field.
    expect(detectMbus(fromHex("6044a109060760857405080101be10040e01000000065f1f0400001e1dffff"))).toBeUndefined();
  });

  test.each([
    ["mode 1", "7a 01 00 0001 1122334455667788", "unsupported-mode", 15],
    ["mode 8", "7a 01 00 1008 00 1122334455667788", "unsupported-mode", 16],
    ["mode 10", "7a 01 00 000a 00 1122334455667788", "unsupported-mode", 16],
    ["mode 15", "7a 01 00 000f 1122334455667788", "unsupported-mode", 15],
    ["the variable extended link layer", "86 05 20 01 02 03 04 7a 01000000 0413e8030000", "unsupported", 10],
  ])("names %s, and reads nothing out of what it closes", (_, behindAddress, code, offset) => {
    const octets = fromHex(`44 b409 78563412 0107 ${behindAddress}`);
    const { root, problems } = explainMbus(Uint8Array.of(octets.length, ...octets), { keys: singleKey(KEY) });
    expect(problems).toMatchObject([{ code, offset, advice: expect.any(String) as string }]);
    expect(find(root, "sender")?.value).toBe("12345678");
    expect(root.children?.some(({ name }) => name === "volume" || name === "unknown")).toBe(false);
  });

  test("explains short frames and acknowledgements", () => {
    expect(explainMbus(fromHex("e5")).summary).toBe("acknowledgement");
    expect(explainMbus(fromHex("107b017c16")).summary).toBe("REQ-UD2 FCB FCV");
    expect(explainMbus(fromHex("6803036853fdbd0d16")).summary).toBe("set 9600 Bd");
  });

  test("tells wired from wireless frames by their head", () => {
    expect([wired(), wireless("a"), wireless("b"), wireless("none"), fromHex("7ea00a")].map(detectMbus)).toEqual([
      "mbus",
      "wmbus",
      "wmbus",
      "wmbus",
      undefined,
    ]);
  });
});
