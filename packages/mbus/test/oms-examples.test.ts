import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "@amity/bytes";
import { decodeTelegram, encodeFrameA, meterTimeText, scaledValue, singleKey, stripFrame } from "../src/index.ts";

const FILE = new URL("../../../../shared/vectors/wmbus/oms-crypto-vectors.json", import.meta.url);

interface Example {
  readonly name: string;
  readonly frame_a_with_crc?: string;
  readonly frame_b_with_crc?: string;
  readonly frame_no_crc: string;
  readonly key?: string;
  readonly master_key?: string;
  readonly plaintext?: string;
}

const examples = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Example[]) : [];
const keyOf = (example: Example) => singleKey(fromHex(example.key ?? example.master_key ?? ""));
const find = (text: string) => examples.find(({ name }) => name.includes(text)) as Example;

describe.skipIf(examples.length === 0)("the worked examples of OMS Vol. 2, annex N", () => {
  test.each(examples.filter(({ plaintext }) => plaintext !== undefined).map((example) => [example.name, example] as const))(
    "%s opens",
    (_, example) => {
      const { application } = decodeTelegram(fromHex(example.frame_a_with_crc ?? example.frame_no_crc), { keys: keyOf(example) });
      expect(application.problems.filter(({ code }) => code !== "unknown-format")).toEqual([]);
      expect(toHex(application.payload)).toContain(example.plaintext?.toLowerCase());
    },
  );

  test.each(examples.filter(({ frame_a_with_crc }) => frame_a_with_crc !== undefined).map((example) => [example.name, example] as const))(
    "%s has its CRCs",
    (_, example) => {
      // Some examples print a frame whose transport layer is not that of the frame with CRCs: the latter counts.
      const stripped = stripFrame(fromHex(example.frame_a_with_crc ?? ""), "a");
      expect(toHex(encodeFrameA(stripped.octets))).toBe(example.frame_a_with_crc?.toLowerCase());
    },
  );

  test("profile A reads volume, date and no error", () => {
    const example = find("profile A");
    const { application, sender } = decodeTelegram(fromHex(example.frame_a_with_crc ?? ""), { keys: keyOf(example) });
    expect(sender).toEqual({ id: "12345678", manufacturer: "ELS", version: 0x33, deviceType: 3 });
    expect(application.security).toEqual({ mode: 5, name: expect.any(String) as string, status: "decrypted", mac: "none" });
    expect(scaledValue(application.records[0] as never)).toBe(28504.27);
    expect(meterTimeText(application.records[1]?.value as never)).toBe("2008-05-31T23:50");
    expect(application.records[2]?.value).toBe(0);
  });

  test("profile B derives its keys and proves its MAC, with integrated radio and behind an adapter", () => {
    for (const name of ["N.2.3", "N.2.4"]) {
      const example = find(name);
      const { application } = decodeTelegram(fromHex(example.frame_a_with_crc ?? ""), { keys: keyOf(example) });
      expect(application.security).toMatchObject({ mode: 7, status: "decrypted", mac: "matches" });
      expect(application.records).toHaveLength(3);
    }
  });

  test("a forged profile B message is refused and its records withheld", () => {
    const example = find("N.2.3");
    const frame = fromHex(example.frame_a_with_crc ?? "");
    const plain = stripFrame(frame, "a").octets.slice();
    plain[plain.length - 1] = (plain[plain.length - 1] ?? 0) ^ 1;
    const { application } = decodeTelegram(encodeFrameA(plain), { keys: keyOf(example) });
    expect(application.security.mac).toBe("differs");
    expect(application.records).toEqual([]);
    expect(application.problems.map(({ code }) => code)).toContain("bad-mac");
  });

  test("a wrong key is an error, and what was sent in clear is still read", () => {
    const example = find("partial encryption");
    const { application } = decodeTelegram(fromHex(example.frame_a_with_crc ?? ""), { keys: singleKey(new Uint8Array(16)) });
    expect(application.problems.map(({ code }) => code)).toEqual(["wrong-key"]);
    expect(application.security.status).toBe("wrong-key");
    expect(application.records.map(({ vib, value }) => [vib.quantity, value])).toEqual(
      [["customerLocation", "12345678"]].map(([a]) => [a, expect.anything()]),
    );
  });

  test("frame format B loses its CRC and keeps its content", () => {
    const example = find("format B");
    expect(toHex(stripFrame(fromHex(example.frame_b_with_crc ?? "")).octets).slice(2)).toBe(example.frame_no_crc.slice(2));
  });
});
