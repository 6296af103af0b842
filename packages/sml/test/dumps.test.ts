import { describe, expect, test } from "vitest";
import { toHex, type Explained } from "@amity/bytes";
import { decodeSml, encodeSml, explainSml, readingsOf } from "../src/index.ts";
import { dumps, hasVectors } from "./vectors.ts";

/** The value that libsml printed, as text or lower-case hex, against ours. */
function sameValue(expected: string, actual: string): boolean {
  if (expected === actual) return true;
  return /^(?:[0-9a-f]{2} )+$/.test(expected) ? expected.replaceAll(" ", "") === actual : Number(expected) === Number(actual);
}

describe.skipIf(!hasVectors)("dumps of real meters", () => {
  test.each(dumps())("$name: every frame is found, its CRCs are right", ({ frames, index }) => {
    expect(frames).toHaveLength(index.transport_v1_frames);
    const files = frames.map((frame) => decodeSml(frame));
    expect(files.filter(({ transportCrc }) => transportCrc === "x25")).toHaveLength(index.crc_x25_ok);
    expect(files.flatMap(({ problems }) => problems)).toEqual([]);
  });

  test.each(dumps())("$name: the values are those that libsml printed", ({ frames, index }) => {
    const readings = frames.flatMap((frame) => readingsOf(decodeSml(frame)));
    const lines = index.libsml_first.filter((line) => line !== "");
    let at = 0;
    for (const line of lines) {
      const [obis = "", value = "", unit = ""] = line.split("#");
      // libsml leaves out what is neither number nor text; signatures it may print as text mixed with hex.
      while (at < readings.length && readings[at]?.obis !== obis) at++;
      const reading = readings[at++];
      expect(reading, line).toBeDefined();
      // What libsml printed is the value as sent: its build did not put the fault of the DVS74 right.
      const text = reading?.sent?.text ?? reading?.text ?? "";
      if (!value.includes("'")) expect(sameValue(value, text), `${line} is not ${text}`).toBe(true);
      expect(reading?.unit ?? "").toBe(unit);
    }
  });

  test.each(dumps())("$name: encoding what was decoded gives the same octets", ({ frames }) => {
    for (const frame of frames) {
      const again = encodeSml(decodeSml(frame).messages);
      // 62 xx: a CRC with its leading zero left out, which no other meter does.
      if (!toHex(frame).includes("010162e000")) expect(again).toEqual(frame);
    }
  });

  test.each(dumps())("$name: the explanation covers the frame without gaps in its lists", ({ frames }) => {
    for (const frame of frames.slice(0, 3)) {
      const tree = explainSml(frame);
      expect(JSON.stringify(tree)).not.toContain('"error"');
      check(tree);
    }
  });
});

function check(node: Explained): void {
  const children = node.children ?? [];
  let end = node.offset;
  for (const child of children) {
    expect(child.offset).toBeGreaterThanOrEqual(end);
    end = child.offset + child.length;
    check(child);
  }
  expect(end).toBeLessThanOrEqual(node.offset + node.length);
}
